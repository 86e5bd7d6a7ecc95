import { type Milliseconds, milliseconds } from '../../media/time.ts';

const SPAN = 10_000;
const MOST = 2048;
const SAFE_SHARE = 0.99;
/** A backlog is over when nothing newer, relative to its arrival, came for this long. */
const SETTLING = 60;
const LONGEST_SETTLING = 1500;
const IMPROVEMENT = 5;
/** What is assumed of the jitter until it was seen. */
const FIRST_JITTER = 150;

interface Arrival {
  readonly at: number;
  readonly lag: number;
}

/**
 * How late media arrives: for each chunk its lag, the local time of its arrival less its start on the broadcast's
 * timeline. A playhead that stays behind the largest lag never runs dry. What comes as a backlog (the group that a late
 * viewer starts with) says nothing of the lateness of what follows, so until it is over only the least lag counts.
 */
export class ArrivalWindow {
  #arrivals: Arrival[] = [];
  #firstAt: number | undefined;
  #least = Number.POSITIVE_INFINITY;
  #leastAt = 0;
  #settled = false;
  #safeLag: Milliseconds | undefined;

  /** Takes an arrival; `at` never goes back. */
  add(at: Milliseconds, start: Milliseconds): void {
    const lag = at - start;
    this.#safeLag = undefined;
    this.#firstAt ??= at;
    if (lag < this.#least - IMPROVEMENT || this.#least === Number.POSITIVE_INFINITY) {
      this.#least = lag;
      this.#leastAt = at;
    }
    if (!this.isSettled(at)) return;
    if (this.#arrivals.length === 0) this.#arrivals.push({ at, lag: this.#least + FIRST_JITTER });
    this.#arrivals.push({ at, lag });
    while (this.#arrivals.length > MOST || at - (this.#arrivals[0]?.at ?? at) > SPAN) this.#arrivals.shift();
  }

  /** The backlog is over: what arrives now arrives as it is made. */
  isSettled(now: Milliseconds): boolean {
    if (!this.#settled && this.#firstAt !== undefined) {
      this.#settled = now - this.#leastAt >= SETTLING || now - this.#firstAt >= LONGEST_SETTLING;
    }
    return this.#settled;
  }

  /** The lag that nearly all media keeps within; undefined before the first arrival. */
  get safeLag(): Milliseconds | undefined {
    if (this.#firstAt === undefined) return undefined;
    this.#safeLag ??= milliseconds(this.#measure());
    return this.#safeLag;
  }

  /** Forgets everything: the next media is on another footing. */
  reset(): void {
    this.#arrivals = [];
    this.#firstAt = undefined;
    this.#least = Number.POSITIVE_INFINITY;
    this.#settled = false;
    this.#safeLag = undefined;
  }

  #measure(): number {
    const lags = this.#arrivals.map(({ lag }) => lag).sort((one, other) => one - other);
    return lags[Math.ceil(lags.length * SAFE_SHARE) - 1] ?? this.#least + FIRST_JITTER;
  }
}
