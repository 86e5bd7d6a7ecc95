import type { Milliseconds } from '../../media/time.ts';

const SECONDS = 5;

/** Bits a second over the last five seconds, in one-second steps. */
export class BitrateMeter {
  readonly #bytes = new Float64Array(SECONDS);
  readonly #started: Milliseconds;
  #second: number;

  constructor(now: Milliseconds) {
    this.#started = now;
    this.#second = Math.floor(now / 1000);
  }

  /** Counts what came. */
  add(bytes: number, now: Milliseconds): void {
    this.#turn(now);
    const slot = this.#second % SECONDS;
    this.#bytes[slot] = (this.#bytes[slot] ?? 0) + bytes;
  }

  /** Bits a second, whole. */
  measure(now: Milliseconds): number {
    this.#turn(now);
    const total = this.#bytes.reduce((sum, bytes) => sum + bytes, 0);
    const seconds = Math.min((now - this.#started) / 1000, SECONDS - 1 + (now / 1000 - this.#second));
    return Math.round((total * 8) / Math.max(seconds, 1));
  }

  #turn(now: Milliseconds): void {
    const second = Math.floor(now / 1000);
    if (second - this.#second >= SECONDS) {
      this.#bytes.fill(0);
      this.#second = second;
    }
    while (this.#second < second) {
      this.#second += 1;
      this.#bytes[this.#second % SECONDS] = 0;
    }
  }
}
