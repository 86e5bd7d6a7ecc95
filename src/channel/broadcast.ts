import type { Chunk, ChunkSink, Epoch } from '../media/chunk.ts';
import { type Milliseconds, milliseconds, ticks, ticksToMilliseconds } from '../media/time.ts';
import { GroupBuffer, type GroupBufferLimits } from './group-buffer.ts';

/** `live` while media comes or is expected, `interrupted` while its publisher is lost and waited for. */
export type BroadcastState = 'live' | 'interrupted' | 'ended';

/** Follows a broadcast without loss, synchronously: it must take what it is given, and bound its own queue. */
export interface BroadcastTap extends ChunkSink {
  /** Nothing follows. */
  end(): void;
}

/** Where the media of each kind of track ends on a broadcast's timeline; without a kind that there was none of. */
export type TrackEnds = Readonly<Partial<Record<Chunk['kind'], Milliseconds>>>;

/** What a broadcast is known by. */
export interface BroadcastInfo {
  readonly id: string;
  readonly channel: string;
  readonly title: string | null;
  /** What the names of its recordings begin with; safe in a file's name. */
  readonly namePrefix?: string | null;
  /** Wall clock. */
  readonly startedAt: Milliseconds;
}

/** One live session on a channel, from its first epoch to its end. Its chunks go to the group buffer and to taps. */
export class Broadcast {
  readonly info: BroadcastInfo;
  readonly buffer: GroupBuffer;
  /** Settles when it has ended; for who needs none of its media. */
  readonly closed: Promise<void>;
  readonly #settleClosed: () => void;
  readonly #taps = new Set<BroadcastTap>();
  #state: BroadcastState = 'live';
  #epoch: Epoch | undefined;
  #position: number;
  #ends: { video?: Milliseconds; audio?: Milliseconds };

  /** `position` and `ends`: where its timeline and its tracks stand already, for one that another process began. */
  constructor(
    info: BroadcastInfo,
    limits: GroupBufferLimits,
    position: Milliseconds = milliseconds(0),
    ends: TrackEnds = {},
  ) {
    this.info = info;
    this.#position = position;
    this.#ends = { ...ends };
    this.buffer = new GroupBuffer(limits);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#settleClosed = resolve;
  }

  get state(): BroadcastState {
    return this.#state;
  }

  /** The epoch that chunks belong to now. */
  get epoch(): Epoch | undefined {
    return this.#epoch;
  }

  /** Where its timeline stands: the latest end of any track. */
  get position(): Milliseconds {
    return milliseconds(this.#position);
  }

  /** Where each of its tracks stands. */
  get ends(): TrackEnds {
    return { ...this.#ends };
  }

  /** Adds a lossless follower; one that comes late starts with the present epoch and the next chunk. */
  tap(tap: BroadcastTap): () => void {
    this.#taps.add(tap);
    if (this.#epoch) tap.epoch(this.#epoch);
    return () => this.#taps.delete(tap);
  }

  /** For {@link Publication}: a new epoch starts. */
  startEpoch(epoch: Epoch): void {
    this.#epoch = epoch;
    for (const tap of this.#taps) tap.epoch(epoch);
  }

  /** For {@link Publication}: the next chunk of the present epoch. */
  push(epoch: Epoch, chunk: Chunk): void {
    const end = ticksToMilliseconds(ticks(chunk.dts + chunk.duration), chunk.timescale);
    if (end > this.#position) this.#position = end;
    this.#ends[chunk.kind] = end;
    this.buffer.push(epoch, chunk);
    for (const tap of this.#taps) tap.chunk(chunk);
  }

  /** For {@link Channel}: `ended` is final and tells the taps. */
  setState(state: BroadcastState): void {
    if (this.#state === 'ended' || this.#state === state) return;
    this.#state = state;
    if (state !== 'ended') return;
    for (const tap of this.#taps) tap.end();
    this.#taps.clear();
    this.#settleClosed();
  }
}
