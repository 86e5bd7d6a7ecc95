import type { Chunk, Epoch } from '../media/chunk.ts';
import { type Bytes, bytes, type Milliseconds, type Ticks, type Timescale, ticks } from '../media/time.ts';
import type { Part, Segment } from './segment.ts';

/** What a segment begins with. */
export interface SegmentBeginning {
  readonly sequence: number;
  readonly epoch: Epoch;
  /** Tells the timescale and where it starts; it is still to be added. */
  readonly first: Chunk;
  readonly firstPart: number;
  readonly programDateTime: Milliseconds;
  readonly parted: boolean;
}

/** A stretch of time without media. */
export type Gap = Pick<Segment, 'sequence' | 'start' | 'duration' | 'programDateTime'>;

/** The chunks that are no part yet. */
export interface PendingPart {
  readonly duration: Ticks;
  readonly independent: boolean;
}

/** A segment while it grows, and the same object when it is complete. Owned by its `SegmentTrack`. */
export class OpenSegment implements Segment {
  readonly sequence: number;
  readonly epoch: Epoch;
  readonly timescale: Timescale;
  readonly start: Ticks;
  readonly programDateTime: Milliseconds;
  readonly independent: boolean;
  readonly parted: boolean;
  readonly gap = false;
  readonly chunks: Chunk[] = [];
  readonly parts: Part[] = [];
  readonly #firstPart: number;
  #duration = ticks(0);
  #byteLength = 0;
  #complete = false;
  #pending: Chunk[] = [];
  #pendingStart = ticks(0);
  #pendingBytes = 0;
  #pendingIndependent = false;

  constructor({ sequence, epoch, first, firstPart, programDateTime, parted }: SegmentBeginning) {
    this.sequence = sequence;
    this.epoch = epoch;
    this.timescale = first.timescale;
    this.start = first.dts;
    this.programDateTime = programDateTime;
    this.independent = first.keyframe;
    this.parted = parted;
    this.#firstPart = firstPart;
  }

  get duration(): Ticks {
    return this.#duration;
  }

  get end(): Ticks {
    return ticks(this.start + this.#duration);
  }

  get byteLength(): Bytes {
    return bytes(this.#byteLength);
  }

  get complete(): boolean {
    return this.#complete;
  }

  get pending(): PendingPart {
    const duration = this.#pending.length > 0 ? ticks(this.end - this.#pendingStart) : ticks(0);
    return { duration, independent: this.#pendingIndependent };
  }

  part(sequence: number): Part | undefined {
    return this.parts[sequence - this.#firstPart];
  }

  add(chunk: Chunk): void {
    this.chunks.push(chunk);
    this.#byteLength += chunk.bytes.byteLength;
    this.#duration = ticks(chunk.dts + chunk.duration - this.start);
    if (!this.parted) return;
    if (this.#pending.length === 0) this.#pendingStart = chunk.dts;
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.bytes.byteLength;
    if (chunk.keyframe) this.#pendingIndependent = true;
  }

  completePart(): void {
    this.parts.push({
      sequence: this.#firstPart + this.parts.length,
      chunks: this.#pending,
      start: this.#pendingStart,
      ...this.pending,
      byteLength: bytes(this.#pendingBytes),
    });
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#pendingIndependent = false;
  }

  close(duration: Ticks): void {
    this.#duration = duration;
    this.#complete = true;
  }

  /** A segment without media that comes after this one. */
  gapAfter(gap: Gap): Segment {
    const { epoch, timescale } = this;
    const nothing = { chunks: [], parts: [], parted: false, byteLength: bytes(0) };
    return { ...nothing, ...gap, epoch, timescale, independent: true, gap: true, complete: true };
  }
}
