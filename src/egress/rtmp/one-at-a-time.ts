/** The same function, but a call begins only when the one before it is over, however that ended. */
export function oneAtATime<A, R>(call: (argument: A) => Promise<R>): (argument: A) => Promise<R> {
  let last: Promise<unknown> = Promise.resolve();
  return (argument) => {
    const next = last.then(() => call(argument));
    last = next.catch(() => {});
    return next;
  };
}
