import { Broadcast, type BroadcastTap } from '../channel/broadcast.ts';
import { DEFAULT_GROUP_BUFFER } from '../channel/hub.ts';
import type { Log } from '../channel/log.ts';
import type { Chunk, ChunkSink, Epoch } from '../media/chunk.ts';
import { milliseconds, ticksToMilliseconds } from '../media/time.ts';
import { CollectingChunkSink } from '../package/collecting-chunk-sink.ts';

/** A log that keeps its messages, for tests. */
export class KeptLog implements Log {
  readonly lines: string[] = [];
  /** Called for each line. */
  onLine: (message: string, fields: { readonly pid?: number }) => void = () => {};
  readonly info = (fields: object, message: string): void => this.#keep(fields, message);
  readonly warn = (fields: object, message: string): void => this.#keep(fields, message);
  readonly error = (fields: object, message: string): void => this.#keep(fields, message);

  #keep(fields: object, message: string): void {
    this.lines.push(message);
    this.onLine(message, fields);
  }
}

/** A broadcast that a test writes to as a packager would. */
export class TestBroadcast implements ChunkSink {
  readonly broadcast = new Broadcast(
    { id: 'b', channel: 'main', title: null, startedAt: milliseconds(0) },
    DEFAULT_GROUP_BUFFER,
  );
  #epoch: Epoch | undefined;

  epoch(epoch: Epoch): void {
    this.#epoch = epoch;
    this.broadcast.startEpoch(epoch);
  }

  chunk(chunk: Chunk): void {
    if (this.#epoch) this.broadcast.push(this.#epoch, chunk);
  }

  end(): void {
    this.broadcast.setState('ended');
  }
}

/** What a packager made, to be played to a broadcast later. */
export class Script implements ChunkSink {
  readonly #items: ((to: ChunkSink) => void)[] = [];
  readonly #ends: number[] = [];

  epoch(epoch: Epoch): void {
    this.#items.push((to) => to.epoch(epoch));
    this.#ends.push(0);
  }

  chunk(chunk: Chunk): void {
    this.#items.push((to) => to.chunk(chunk));
    this.#ends.push(endOf(chunk));
  }

  /** Plays it as fast as a rendition comes: at most 4 s ahead of that. */
  async play(to: ChunkSink, rendition: RenditionCollector): Promise<void> {
    for (const [index, item] of this.#items.entries()) {
      item(to);
      await rendition.reaches((this.#ends[index] ?? 0) - 4000);
    }
  }
}

/** Where a chunk ends, in ms. */
function endOf({ dts, duration, timescale }: Chunk): number {
  return ticksToMilliseconds(dts, timescale) + ticksToMilliseconds(duration, timescale);
}

/** Collects a rendition, and tells when it has come so far. */
export class RenditionCollector extends CollectingChunkSink implements BroadcastTap {
  readonly ended: Promise<void>;
  #end: () => void = () => {};
  #position = 0;
  #waiting: { readonly position: number; readonly resolve: () => void }[] = [];

  constructor() {
    super();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#end = resolve;
  }

  override chunk(chunk: Chunk): void {
    super.chunk(chunk);
    this.#position = endOf(chunk);
    for (const { position, resolve } of this.#waiting) if (this.#position >= position) resolve();
    this.#waiting = this.#waiting.filter(({ position }) => this.#position < position);
  }

  end(): void {
    this.#end();
  }

  /** Settles when chunks have come up to there. */
  async reaches(position: number): Promise<void> {
    if (this.#position >= position) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ position, resolve });
    await promise;
  }

  /** Init segment and chunks of one epoch, which are a file. */
  file(epoch: number): Uint8Array[] {
    const starts = this.bytes.flatMap((part, index) =>
      this.epochs.some(({ init }) => init === part) ? [index] : [],
    );
    return this.bytes.slice(starts[epoch], starts[epoch + 1]);
  }
}
