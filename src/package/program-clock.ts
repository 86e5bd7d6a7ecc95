import { type Milliseconds, milliseconds } from '../media/time.ts';

/** What the dates may run faster or slower than the media: players see it as nothing, and no clock is so far off. */
const LARGEST_DRIFT = 0.0025;
/** And never by more than this at once, however long no picture came. */
const LARGEST_STEP = 10;
/** A date that is further off is a pause of the publisher, or a burst after one of the network. */
const FAR = 5000;
/** So many segments in a row: it was a pause. */
const FAR_FOR = 6;

/**
 * The dates of a broadcast's segments. Where capture times are not known chunks carry those of their arrival, which
 * jitter; players take dates to run like the media. So they do, and only slowly follow what chunks say.
 */
export class ProgramClock {
  #offset: number | undefined;
  #far = 0;
  #observed = milliseconds(0);

  /** It has been told a date in this epoch. */
  get started(): boolean {
    return this.#offset !== undefined;
  }

  /** A new epoch: its first chunk tells anew. */
  restart(): void {
    this.#offset = undefined;
  }

  /** Media of that place on the timeline was captured, or arrived, then. Told once a segment, of the leading track. */
  observe(place: Milliseconds, wallClock: Milliseconds): void {
    const measured = wallClock - place;
    const step = Math.min((place - this.#observed) * LARGEST_DRIFT, LARGEST_STEP);
    this.#observed = place;
    if (this.#offset === undefined) {
      this.#offset = measured;
      return;
    }
    const off = measured - this.#offset;
    this.#far = Math.abs(off) > FAR ? this.#far + 1 : 0;
    if (this.#far === 0) this.#offset += Math.max(-step, Math.min(step, off));
    else if (this.#far >= FAR_FOR) {
      this.#offset = measured;
      this.#far = 0;
    }
  }

  /** The date of a place on the timeline. */
  dateOf(place: Milliseconds): Milliseconds {
    return milliseconds(Math.round(place + (this.#offset ?? 0)));
  }
}
