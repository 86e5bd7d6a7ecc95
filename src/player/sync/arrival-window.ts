import { type Milliseconds, milliseconds } from '../../media/time.ts';

const SPAN = 10_000;
const MOST = 2048;
const SAFE_SHARE = 0.99;
/** A backlog is over when nothing newer, relative to its arrival, came for this long. */
const SETTLING = 60;
/** After an outage it may begin with a few messages that were under way: only this is long enough to believe in a new lag. */
const LONGEST_SETTLING = 1500;
const SAME_LAG = 250;
const IMPROVEMENT = 5;
/** No network that a viewer can watch over is silent for so long. */
const OUTAGE = 1000;
/** What is assumed of the jitter until it was seen. */
const FIRST_JITTER = 150;

interface Arrival {
  readonly at: number;
  readonly lag: number;
}

/**
 * How late media arrives: for each chunk its lag, the local time of its arrival less its start on the broadcast's
 * timeline. A playhead that stays behind the largest lag never runs dry. What comes as a backlog (the group that a late
 * viewer starts with) says nothing of the lateness of what follows, so until it is over only the least lag counts. Nor
 * does what an outage held up; only outages that come again and again are this network's way.
 */
export class ArrivalWindow {
  #arrivals: Arrival[] = [];
  #firstAt: number | undefined;
  #least = Number.POSITIVE_INFINITY;
  #leastAt = 0;
  #settled = false;
  #safeLag: Milliseconds | undefined;
  #lastAt = Number.POSITIVE_INFINITY;
  /** What the lag was before the outage; undefined where there was none. */
  #usualLag: Milliseconds | undefined;
  /** When the last outage was over. */
  #outageAt = Number.NEGATIVE_INFINITY;

  /** Takes an arrival; `at` never goes back. True where it begins a backlog that an outage held up. */
  add(at: Milliseconds, start: Milliseconds): boolean {
    const afterOutage = this.#endsOutage(at);
    if (afterOutage) this.resume();
    this.#lastAt = at;
    this.#take(at, at - start);
    return afterOutage;
  }

  #endsOutage(at: Milliseconds): boolean {
    if (at - this.#lastAt < OUTAGE) return false;
    const forgiven = at - this.#outageAt > SPAN;
    this.#outageAt = at;
    return forgiven;
  }

  #take(at: Milliseconds, lag: number): void {
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
      const quiet = now - this.#leastAt;
      this.#settled =
        this.#usualLag === undefined
          ? quiet >= SETTLING || now - this.#firstAt >= LONGEST_SETTLING
          : quiet >= (this.#least <= this.#usualLag + SAME_LAG ? SETTLING : LONGEST_SETTLING);
    }
    return this.#settled;
  }

  /** The lag that nearly all media keeps within; undefined before the first arrival. */
  get safeLag(): Milliseconds | undefined {
    if (this.#firstAt === undefined) return undefined;
    this.#safeLag ??= milliseconds(this.#measure());
    return this.#safeLag;
  }

  /** The next media is what was held up: what is known of the lag may be true again after that. */
  resume(): void {
    const usual = this.#settled ? this.safeLag : this.#usualLag;
    this.reset();
    this.#usualLag = usual;
  }

  /** Forgets everything: the next media is on another footing. */
  reset(): void {
    this.#usualLag = undefined;
    this.#arrivals = [];
    this.#firstAt = undefined;
    this.#least = Number.POSITIVE_INFINITY;
    this.#settled = false;
    this.#safeLag = undefined;
    this.#lastAt = Number.POSITIVE_INFINITY;
  }

  #measure(): number {
    const lags = this.#arrivals.map(({ lag }) => lag).sort((one, other) => one - other);
    return lags[Math.ceil(lags.length * SAFE_SHARE) - 1] ?? this.#least + FIRST_JITTER;
  }
}
