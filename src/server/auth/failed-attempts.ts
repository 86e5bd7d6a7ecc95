import type { Clock } from '../../channel/clock.ts';
import { type Milliseconds, milliseconds } from '../../media/time.ts';

/** When guessing is stopped. */
export interface FailedAttemptsLimits {
  /** Failures within one window. */
  readonly failures: number;
  readonly window: Milliseconds;
  /** Sources remembered at once; the oldest is forgotten. */
  readonly sources: number;
}

/** Of stream keys: counted by channel too, behind one address an old key must not lock out another channel's. */
export const STREAM_KEY_FAILURES: FailedAttemptsLimits = {
  failures: 30,
  window: milliseconds(60_000),
  sources: 10_000,
};

/** Counts wrong credentials by their source, such as an address: fixed windows, bounded memory. */
export class FailedAttempts {
  readonly #clock: Clock;
  readonly #limits: FailedAttemptsLimits;
  readonly #counts = new Map<string, { failures: number; until: number }>();

  constructor(clock: Clock, limits: FailedAttemptsLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Seconds until this source may try again; 0 when it may try now. */
  wait(source: string): number {
    const count = this.#counts.get(source);
    if (!count || count.failures < this.#limits.failures) return 0;
    const left = count.until - this.#clock.now();
    if (left > 0) return Math.ceil(left / 1000);
    this.#counts.delete(source);
    return 0;
  }

  /** That source sent a wrong credential. */
  record(source: string): void {
    const now = this.#clock.now();
    const count = this.#counts.get(source);
    if (count && count.until > now) {
      count.failures += 1;
      return;
    }
    this.#counts.delete(source);
    this.#counts.set(source, { failures: 1, until: now + this.#limits.window });
    const oldest = this.#counts.keys().next();
    if (this.#counts.size > this.#limits.sources && !oldest.done) this.#counts.delete(oldest.value);
  }
}
