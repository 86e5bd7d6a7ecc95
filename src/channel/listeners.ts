/** Who wants to be told of one kind of event. Calls are synchronous and in the order of joining. */
export class Listeners<T> {
  readonly #calls = new Set<(event: T) => void>();

  /** Adds a listener; the answer takes it off again. */
  add(call: (event: T) => void): () => void {
    this.#calls.add(call);
    return () => this.#calls.delete(call);
  }

  /** Tells every listener; one that joins or leaves meanwhile takes effect at the next event. */
  emit(event: T): void {
    for (const call of [...this.#calls]) call(event);
  }
}
