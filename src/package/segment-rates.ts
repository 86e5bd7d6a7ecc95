import { type Milliseconds, ticksToMilliseconds } from '../media/time.ts';
import type { Segment } from './segment.ts';

/** What the segments of a track have measured, since its first. */
export class SegmentRates {
  readonly #shortest: Milliseconds;
  /** The newest segments, which together last as long as counts. */
  #run: Segment[] = [];
  #bytes = 0;
  #duration = 0;
  #peak = 0;
  #frameRate = 0;

  /** `shortest`: segments that are shorter count together with those before them (rfc8216bis §1.2, peak bit rate). */
  constructor(shortest: Milliseconds) {
    this.#shortest = shortest;
  }

  /** The highest bit rate of any segment, bits a second; 0 before the first. */
  get peak(): number {
    return Math.ceil(this.#peak);
  }

  /** Bits a second of all of them. */
  get average(): number {
    return this.#duration > 0 ? Math.ceil((this.#bytes * 8000) / this.#duration) : 0;
  }

  /** The highest frame rate of any segment. */
  get frameRate(): number {
    return this.#frameRate;
  }

  /** For `SegmentWindow`: one that is complete. */
  add(segment: Segment): void {
    if (segment.gap) {
      this.#run = [];
      return;
    }
    this.#bytes += segment.byteLength;
    this.#duration += lengthOf(segment);
    this.#run.push(segment);
    while (this.#run.length > 1 && this.#length(1) >= this.#shortest) this.#run.shift();
    const length = this.#length(0);
    if (length < this.#shortest && this.#peak > 0) return;
    const bytes = this.#run.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const frames = this.#run.reduce(
      (sum, { chunks }) => sum + chunks.reduce((n, { samples }) => n + samples, 0),
      0,
    );
    this.#peak = Math.max(this.#peak, (bytes * 8000) / length);
    this.#frameRate = Math.max(this.#frameRate, (frames * 1000) / length);
  }

  #length(from: number): number {
    let sum = 0;
    for (let index = from; index < this.#run.length; index += 1) {
      const segment = this.#run[index];
      if (segment) sum += lengthOf(segment);
    }
    return sum;
  }
}

const lengthOf = ({ duration, timescale }: Segment): Milliseconds => ticksToMilliseconds(duration, timescale);
