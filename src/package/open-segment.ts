import type { Chunk, Epoch } from '../media/chunk.ts';
import { type Bytes, bytes, type Milliseconds, type Ticks, type Timescale, ticks } from '../media/time.ts';
import type { Part, Segment } from './segment.ts';

/** What a segment begins with. */
export interface SegmentBeginning {
  readonly sequence: number;
  readonly epoch: Epoch;
  /** Tells the timescale; it is still to be added. */
  readonly first: Chunk;
  readonly start: Ticks;
  readonly firstPart: number;
  readonly programDateTime: Milliseconds;
  readonly parted: boolean;
}

/** A stretch of time without media. */
export type Gap = Pick<Segment, 'sequence' | 'start' | 'duration' | 'programDateTime'>;

/** The chunks that are no part yet. */
export interface PendingPart {
  /** What parts are still to tell of: what these chunks last, and what parts before them were too short to tell. */
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
  readonly gap = false;
  readonly chunks: Chunk[] = [];
  readonly parts: Part[] = [];
  readonly #firstPart: number;
  #duration = ticks(0);
  #byteLength = 0;
  #complete = false;
  #parted: boolean;
  #pending: Chunk[] = [];
  /** What the parts so far tell of. */
  #told = ticks(0);
  #pendingBytes = 0;
  #pendingIndependent = false;

  constructor({ sequence, epoch, first, start, firstPart, programDateTime, parted }: SegmentBeginning) {
    this.sequence = sequence;
    this.epoch = epoch;
    this.timescale = first.timescale;
    this.start = start;
    this.programDateTime = programDateTime;
    this.independent = first.keyframe;
    this.#parted = parted;
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

  get parted(): boolean {
    return this.#parted;
  }

  get complete(): boolean {
    return this.#complete;
  }

  get pending(): PendingPart {
    const duration = this.#pending.length > 0 ? ticks(this.#duration - this.#told) : ticks(0);
    return { duration, independent: this.#pendingIndependent };
  }

  /** What no part has told of so far. */
  get owed(): Ticks {
    return ticks(this.#duration - this.#told);
  }

  part(sequence: number): Part | undefined {
    return this.parts[sequence - this.#firstPart];
  }

  add(chunk: Chunk): void {
    this.chunks.push(chunk);
    this.#byteLength += chunk.bytes.byteLength;
    this.#duration = ticks(chunk.dts + chunk.duration - this.start);
    if (!this.parted) return;
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.bytes.byteLength;
    if (chunk.keyframe) this.#pendingIndependent = true;
  }

  /** Makes a part of what is pending, which tells of no more than `longest`: the parts after it tell of the rest. */
  completePart(longest: Ticks): void {
    const { duration: pending, independent } = this.pending;
    const duration = ticks(Math.min(pending, longest));
    this.parts.push({
      sequence: this.#firstPart + this.parts.length,
      chunks: this.#pending,
      start: ticks(this.start + this.#told),
      duration,
      independent,
      byteLength: bytes(this.#pendingBytes),
    });
    this.#told = ticks(this.#told + duration);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#pendingIndependent = false;
  }

  /** `parted`: its parts are good enough to go on being offered. */
  close(duration: Ticks, parted: boolean): void {
    this.#parted &&= parted;
    this.#duration = duration;
    this.#complete = true;
  }
}

/** A segment without media, in the epoch of another one. */
export function gapSegment({ epoch, timescale }: Pick<Segment, 'epoch' | 'timescale'>, gap: Gap): Segment {
  const nothing = { chunks: [], parts: [], parted: false, byteLength: bytes(0) };
  return { ...nothing, ...gap, epoch, timescale, independent: true, gap: true, complete: true };
}
