import type { Chunk, ChunkSink, Epoch } from '../media/chunk.ts';

/** Keeps what a packager makes, in order: for tests. */
export class CollectingChunkSink implements ChunkSink {
  readonly epochs: Epoch[] = [];
  readonly chunks: Chunk[] = [];
  /** Init segments and chunks, one behind another: a fragmented MP4. */
  readonly bytes: Uint8Array[] = [];

  epoch(epoch: Epoch): void {
    this.epochs.push(epoch);
    this.bytes.push(epoch.init);
  }

  chunk(chunk: Chunk): void {
    this.chunks.push(chunk);
    this.bytes.push(chunk.bytes);
  }

  /** The chunks of one track. */
  of(kind: Chunk['kind']): Chunk[] {
    return this.chunks.filter((chunk) => chunk.kind === kind);
  }

  /** What lies between each chunk of a track and the one before it, in ticks: 0 where they are contiguous. */
  gaps(kind: Chunk['kind']): number[] {
    const chunks = this.of(kind);
    return chunks
      .slice(1)
      .map(({ dts }, index) => dts - ((chunks[index]?.dts ?? 0) + (chunks[index]?.duration ?? 0)));
  }
}
