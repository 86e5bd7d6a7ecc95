import type { Chunk, ChunkSink, Epoch } from '../media/chunk.ts';
import { type Milliseconds, ticksToMilliseconds } from '../media/time.ts';

/** The newest chunks of a rendition, for who follows it later and shows what was before. Bounded in media time, not over a hole. */
export class RecentOutput {
  readonly #kept: Milliseconds;
  #items: { readonly epoch: Epoch; readonly chunk: Chunk; readonly start: number }[] = [];

  constructor(kept: Milliseconds) {
    this.#kept = kept;
  }

  /** Takes the next one. */
  add(epoch: Epoch, chunk: Chunk): void {
    const start = ticksToMilliseconds(chunk.dts, chunk.timescale);
    this.#items.push({ epoch, chunk, start });
    const first = this.#items.findIndex((item) => item.start >= start - this.#kept);
    if (first > 0) this.#items.splice(0, first);
  }

  /** Forgets them: what follows does not go on from there. */
  clear(): void {
    this.#items = [];
  }

  /** Tells of all of them, in their order. Answers the epoch of the last. */
  replay(sink: ChunkSink): Epoch | undefined {
    let last: Epoch | undefined;
    for (const { epoch, chunk } of this.#items) {
      if (epoch !== last) sink.epoch(epoch);
      last = epoch;
      sink.chunk(chunk);
    }
    return last;
  }
}
