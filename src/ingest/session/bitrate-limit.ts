import type { Milliseconds } from '../../media/time.ts';

/** How long a publisher may be over the limit before it counts. */
const SUSTAINED_SECONDS = 10;
/** A publisher that catches up after a cut may send this many times the limit. */
const CATCH_UP = 4;

/** Fills with bits and leaks at a rate. */
class LeakyBucket {
  readonly #rate: number;
  #level = 0;
  #at: number;

  constructor(bitsPerSecond: number, at: number) {
    this.#rate = bitsPerSecond / 1000;
    this.#at = at;
  }

  add(bits: number, at: number): number {
    if (at > this.#at) {
      this.#level = Math.max(0, this.#level - this.#rate * (at - this.#at));
      this.#at = at;
    }
    this.#level += bits;
    return this.#level;
  }
}

/**
 * Decides when a publisher sends too much. Over the limit is who is over it for ten seconds both in bits for each
 * second of its media and in bits for each second of time: so neither a backlog that is sent fast after a cut nor a
 * stream whose timestamps hardly move is refused. A backlog is only slowed down, to four times the limit.
 */
export class BitrateLimit {
  readonly #capacity: number;
  readonly #pace: number;
  readonly #byMedia: LeakyBucket;
  readonly #byTime: LeakyBucket;
  readonly #byPace: LeakyBucket;
  #ahead = 0;

  constructor(bitsPerSecond: number, now: Milliseconds) {
    this.#capacity = bitsPerSecond * SUSTAINED_SECONDS;
    this.#pace = (bitsPerSecond * CATCH_UP) / 1000;
    this.#byMedia = new LeakyBucket(bitsPerSecond, 0);
    this.#byTime = new LeakyBucket(bitsPerSecond, now);
    this.#byPace = new LeakyBucket(bitsPerSecond * CATCH_UP, now);
  }

  /** Counts what came. `media` is where the stream's own timeline stands. False when it is over the limit. */
  add(bytes: number, now: Milliseconds, media: Milliseconds): boolean {
    const bits = bytes * 8;
    const byMedia = this.#byMedia.add(bits, media);
    const byTime = this.#byTime.add(bits, now);
    this.#ahead = this.#byPace.add(bits, now) - this.#capacity;
    return Math.min(byMedia, byTime) <= this.#capacity;
  }

  /** How long the publisher is to be held back before it may send more, in milliseconds; 0 for not at all. */
  get holdFor(): number {
    return Math.max(0, Math.ceil(this.#ahead / this.#pace));
  }
}
