import type { Milliseconds } from '../../media/time.ts';

/** How far a backlog has been uploaded since the connection is back. */
export interface CatchUpProgress {
  /** Bytes that were acknowledged since. */
  readonly done: number;
  /** Bytes that there were to send then, with what has come since. */
  readonly size: number;
  /** Bits a second, over the last five seconds. */
  readonly rate: number;
}

/** Fewer bytes are no backlog: they are on their way at any time. */
const WORTH_SHOWING = 1_000_000;
/** So few are left at any time. */
const DONE_WITHIN = 300_000;
const WINDOW = 5000;

/** Follows a backlog from a new connection to its end, by what the server acknowledges. */
export class CatchUp {
  readonly #from: number;
  readonly #acks: { readonly at: number; readonly offset: number }[];

  private constructor(from: number, now: Milliseconds) {
    this.#from = from;
    this.#acks = [{ at: now, offset: from }];
  }

  /** Of a connection that goes on at `from` when there are `end` bytes; undefined when that is next to nothing. */
  static begin(from: number, end: number, now: Milliseconds): CatchUp | undefined {
    return end - from < WORTH_SHOWING ? undefined : new CatchUp(from, now);
  }

  /** The server has everything before `offset`, of `end` bytes. Undefined when it has caught up. */
  progress(offset: number, end: number, now: Milliseconds): CatchUpProgress | undefined {
    if (end - offset < DONE_WITHIN) return undefined;
    this.#acks.push({ at: now, offset });
    while ((this.#acks[1]?.at ?? now) <= now - WINDOW) this.#acks.shift();
    const first = this.#acks[0] ?? { at: now, offset };
    const rate = now > first.at ? ((offset - first.offset) * 8000) / (now - first.at) : 0;
    return { done: Math.max(0, offset - this.#from), size: end - this.#from, rate };
  }
}
