import { NumberList } from './number-list.ts';

/** What an index keeps of a sample; times on its track's clock. */
export interface IndexedSample {
  readonly size: number;
  readonly decodeTime: number;
  readonly duration: number;
  readonly compositionOffset: number;
  readonly keyframe: boolean;
}

/** Equal numbers in a row, each said once with its count: the lines of `stts` and `ctts`. */
class RunLengths {
  readonly counts = new NumberList();
  /** Two's complement: `ctts` may be negative. */
  readonly values = new NumberList();

  add(value: number): void {
    const word = value >>> 0;
    if (this.counts.length > 0 && this.values.last === word) {
      this.counts.addToLast(1);
    } else {
      this.counts.push(1);
      this.values.push(word);
    }
  }
}

const MAX_DURATION = 0xffffffff;

/** The samples of one track of a progressive file, as its tables list them (ISO/IEC 14496-12 §8.6, §8.7). */
export class SampleIndex {
  readonly sizes = new NumberList();
  readonly durations = new RunLengths();
  readonly compositionOffsets = new RunLengths();
  /** Numbers of the samples that decoding can start at, counted from 1. */
  readonly keyframes = new NumberList();
  /** Some frames are shown at another time than they are decoded at. */
  reordered = false;
  #negativeOffsets = false;
  #first = 0;
  /** Of the newest sample, from the first one's decode time on. */
  #clock = 0;
  #lastDuration = 0;
  #earliest = Number.POSITIVE_INFINITY;
  #latest = 0;

  get count(): number {
    return this.sizes.length;
  }

  /** Presentation time of what is shown first. */
  get earliest(): number {
    return this.#earliest;
  }

  /** Where the presentation of what is shown last ends. */
  get latest(): number {
    return this.#latest;
  }

  /** Decode time of the first sample: where the track's own clock is 0. */
  get first(): number {
    return this.#first;
  }

  /** Sum of the durations. */
  get length(): number {
    return this.#clock + this.#lastDuration;
  }

  /** `ctts` has to be of version 1. */
  get negativeOffsets(): boolean {
    return this.#negativeOffsets;
  }

  /** Takes the next sample in the order of decoding. */
  add(sample: IndexedSample): void {
    const { size, decodeTime, duration, compositionOffset, keyframe } = sample;
    if (this.count === 0) this.#first = decodeTime;
    else this.#advance(decodeTime - this.#first - this.#clock);
    this.sizes.push(size);
    this.compositionOffsets.add(compositionOffset);
    if (compositionOffset !== 0) this.reordered = true;
    if (compositionOffset < 0) this.#negativeOffsets = true;
    if (keyframe) this.keyframes.push(this.count);
    this.#lastDuration = Math.min(duration, MAX_DURATION);
    const shown = decodeTime + compositionOffset;
    this.#earliest = Math.min(this.#earliest, shown);
    this.#latest = Math.max(this.#latest, shown + duration);
  }

  /** Nothing follows: the last sample lasts as long as it says. */
  end(): void {
    if (this.count > 0) this.durations.add(this.#lastDuration);
  }

  /** A sample lasts until the next one: a gap makes it longer, and where two overlap the later ones make up for it. */
  #advance(by: number): void {
    const duration = Math.min(Math.max(0, by), MAX_DURATION);
    this.durations.add(duration);
    this.#clock += duration;
  }
}
