import type { Chunk } from '../media/chunk.ts';
import type { Ticks } from '../media/time.ts';
import { LEAST_PART } from './segment.ts';

/** Whether parts could be made of a segment that is offered without: what decides on the segments after it. */
export class PartTrial {
  #fits = true;
  #duration = 0;
  #independent = false;

  /** No part would have been too long or too short. */
  get fits(): boolean {
    return this.#fits;
  }

  /** Takes the segment's next chunk; `target`: what no part may be longer than. */
  add({ duration, keyframe }: Chunk, target: Ticks): void {
    if (this.#duration > 0 && this.#duration + duration > target) {
      if (!this.#independent) this.#fits = false;
      this.#begin();
    }
    if (duration > target) this.#fits = false;
    this.#duration += duration;
    this.#independent ||= keyframe;
    if (this.#duration >= target * LEAST_PART) this.#begin();
  }

  #begin(): void {
    this.#duration = 0;
    this.#independent = false;
  }
}
