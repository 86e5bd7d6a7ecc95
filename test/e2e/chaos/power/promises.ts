import { type SystemCall, stringsOf } from './system-calls.ts';

/** What a server said to a publisher, and the line of the trace where it began to. */
export interface Promised {
  readonly at: number;
  readonly kind: 'key' | 'ready' | 'ack' | 'ended';
  /** Of `ack`. */
  readonly offset: number;
}

const SENT = ['write', 'writev', 'sendto', 'sendmsg'];
/** The server's frames are not masked: its words can be read. */
const WORDS = /"streamKey":"|\{"type":"(ready|ack|ended)"(?:,"offset":(\d+))?/g;

/** Everything that publishers were promised, in order. */
export function promisesIn(calls: readonly SystemCall[]): Promised[] {
  return calls.filter(isToSocket).flatMap((call) => {
    const text = Buffer.concat(stringsOf(call)).toString('latin1');
    return [...text.matchAll(WORDS)].map(([, kind = 'key', offset]) => ({
      at: call.begin,
      kind: kind as Promised['kind'],
      offset: Number(offset ?? 0),
    }));
  });
}

/** `socket:[…]`, as `-y` and `-xx` print it. */
const SOCKET = Buffer.from('socket:[').toString('hex').replace(/../g, '\\x$&');

const isToSocket = ({ name, parameters }: SystemCall): boolean =>
  SENT.includes(name) && parameters.slice(0, 100).includes(`<${SOCKET}`);
