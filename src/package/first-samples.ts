import type { Sample } from '../media/sample.ts';
import { type Milliseconds, milliseconds } from '../media/time.ts';
import type { CaptureMoment } from './capture-clock.ts';

/** A sample that waits, by its track's position, and when it was captured or arrived. */
export interface WaitingSample {
  readonly track: number;
  readonly sample: Sample;
  readonly moment: CaptureMoment;
}

/** A track that has not begun by then is not waited for: a microphone may be dead. */
const LONGEST_WAIT = milliseconds(2000);
const MOST_BYTES = 8 * 1024 * 1024;
/** What a sample costs beside its bytes: a hostile stream's have one byte, and the same time all. */
const SAMPLE_OVERHEAD = 256;

/**
 * Keeps a session's first samples until each track has one: only then is it known which is the earliest, and so where
 * all of them lie on the timeline. Bounded in media time and bytes.
 */
export class FirstSamples {
  readonly #samples: WaitingSample[] = [];
  readonly #begun = new Set<number>();
  #earliest = Number.POSITIVE_INFINITY;
  #latest = Number.NEGATIVE_INFINITY;
  #bytes = 0;

  /** Adds a sample whose decode time on the publisher's clock is `sourceTime`. */
  add(waiting: WaitingSample, sourceTime: Milliseconds): void {
    this.#samples.push(waiting);
    this.#begun.add(waiting.track);
    this.#earliest = Math.min(this.#earliest, sourceTime);
    this.#latest = Math.max(this.#latest, sourceTime);
    this.#bytes += waiting.sample.data.length + SAMPLE_OVERHEAD;
  }

  /** In the order in which they came. */
  get samples(): readonly WaitingSample[] {
    return this.#samples;
  }

  /** Decode time of the earliest one, on the publisher's clock. */
  get earliest(): Milliseconds {
    return milliseconds(this.#earliest);
  }

  /** Whether that track has one. */
  has(track: number): boolean {
    return this.#begun.has(track);
  }

  /** All of that many tracks have begun, or were waited for long enough. */
  isComplete(tracks: number): boolean {
    const waitedLong = this.#latest - this.#earliest >= LONGEST_WAIT || this.#bytes >= MOST_BYTES;
    return this.#begun.size >= tracks || waitedLong;
  }
}
