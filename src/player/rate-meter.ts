import { type Bytes, type Milliseconds, milliseconds } from '../media/time.ts';

const SPAN = 3000;
const STEP = 250;

/** Measures bits a second over the last three seconds, in a handful of sums. */
export class RateMeter {
  #sums: { at: number; bytes: number }[] = [];

  /** Counts what came at that time, which never goes back. */
  add(at: Milliseconds, bytes: Bytes): void {
    const last = this.#sums.at(-1);
    if (last && at - last.at < STEP) last.bytes += bytes;
    else this.#sums.push({ at, bytes });
    this.#forget(at);
  }

  /** Bits a second. */
  rate(now: Milliseconds): number {
    this.#forget(now);
    const first = this.#sums[0];
    if (!first) return 0;
    const span = Math.max(milliseconds(now - first.at), STEP);
    return Math.round((this.#sums.reduce((sum, { bytes }) => sum + bytes, 0) * 8000) / span);
  }

  #forget(now: number): void {
    while (now - (this.#sums[0]?.at ?? now) > SPAN) this.#sums.shift();
  }
}
