import type { Chunk } from '../media/chunk.ts';
import type { Ticks } from '../media/time.ts';

/** Whether parts could be made of a segment that is offered without: what decides on the segments after it. */
export class PartTrial {
  #fits = true;

  /** No frame lasted longer than a part may: parts would not fall behind. */
  get fits(): boolean {
    return this.#fits;
  }

  /** Takes the segment's next chunk; `target`: what no part may be longer than. */
  add({ duration }: Chunk, target: Ticks): void {
    if (duration > target) this.#fits = false;
  }
}
