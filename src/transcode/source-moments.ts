import type { Chunk } from '../media/chunk.ts';
import { PRFT_CAPTURED } from '../media/mp4/boxes/producer-reference-time.ts';
import { type Milliseconds, milliseconds, ticksToMilliseconds } from '../media/time.ts';
import type { CaptureMoment } from '../package/capture-clock.ts';

/** A moment of the source: where it lies, and when it was. */
interface SourceMoment {
  readonly at: number;
  readonly wallClock: number;
  readonly startsGroup: boolean;
}

/** Where the flags of a `prft` are, which a chunk that starts a group begins with: size, name, version and two more bytes. */
const PRFT_FLAGS_AT = 11;

/**
 * When what a child makes was captured: its packets say only where they lie on the timeline, the chunks that it was fed
 * with say when that was. Bounded by what a child may lag behind.
 */
export class SourceMoments {
  #moments: SourceMoment[] = [];
  #present: SourceMoment | undefined;
  #captured = false;
  #groupStarted = false;

  /** That chunk was fed. */
  add(chunk: Chunk): void {
    const at = ticksToMilliseconds(chunk.dts, chunk.timescale);
    if (chunk.startsGroup) this.#captured = chunk.bytes[PRFT_FLAGS_AT] === PRFT_CAPTURED;
    this.#moments.push({ at, wallClock: chunk.wallClock, startsGroup: chunk.startsGroup });
  }

  /** When what lies there was captured, or arrived. Asked in order. */
  at(place: Milliseconds): CaptureMoment {
    let passed = 0;
    for (const moment of this.#moments) {
      if (moment.at > place && this.#present) break;
      this.#present = moment;
      this.#groupStarted ||= moment.startsGroup;
      passed += 1;
    }
    if (passed > 0) this.#moments = this.#moments.slice(passed);
    const { at, wallClock } = this.#present ?? { at: place, wallClock: 0 };
    return { wallClock: milliseconds(wallClock + place - at), captured: this.#captured };
  }

  /** Whether the source started a group since this was last asked, up to the last {@link at}. */
  takeGroupStart(): boolean {
    const started = this.#groupStarted;
    this.#groupStarted = false;
    return started;
  }

  /** Another child begins elsewhere. */
  clear(): void {
    this.#moments = [];
    this.#present = undefined;
  }
}
