import { MediaError } from '../media-error.ts';
import { ElementBuffer } from './element-buffer.ts';
import type { SampleRun } from './sample-run.ts';

/** Told of each sample as soon as its bytes are complete; the run stands at it. */
export type OnSample = (run: SampleRun, data: Uint8Array) => void;

/** Cuts samples out of the bytes of `mdat` boxes (ISO/IEC 14496-12 §8.1.1). Holds at most one sample. */
export class MediaData {
  readonly #onSample: OnSample;
  readonly #maxElement: number;
  readonly #sample = new ElementBuffer();
  /** By the position of their next samples, from `#first` on; those before are used up. */
  #runs: SampleRun[] = [];
  #first = 0;
  /** Where the current `mdat` ends. */
  #end = 0;

  constructor(onSample: OnSample, maxElement: number) {
    this.#onSample = onSample;
    this.#maxElement = maxElement;
  }

  /** Whether samples were announced whose bytes have not come. */
  get expecting(): boolean {
    return this.#first < this.#runs.length;
  }

  /** What the `mdat`s to come hold. The runs of before must be used up. */
  expect(runs: readonly SampleRun[]): void {
    this.#runs = runs.filter((run) => run.advance()).sort((a, b) => a.offset - b.offset);
    this.#first = 0;
  }

  /** An `mdat` begins, whose last byte is before that position. */
  open(end: number): void {
    this.#end = end;
  }

  /** Takes a piece of an `mdat` that stands at that position. Throws MediaError. */
  piece(bytes: Uint8Array, position: number): void {
    for (let at = 0; at < bytes.length; ) {
      const run = this.#runs[this.#first];
      if (!run) return;
      if (this.#sample.held === 0) {
        const gap = run.offset - (position + at);
        if (gap !== 0) {
          at += this.#passOver(gap);
          continue;
        }
        this.#checkSize(run);
      }
      const count = this.#sample.share(run.size, bytes.length - at);
      const data = this.#sample.collect(run.size, bytes.subarray(at, at + count));
      at += count;
      if (data) {
        this.#onSample(run, data);
        this.#advance(run);
      }
    }
  }

  #passOver(gap: number): number {
    if (gap > 0) return gap;
    throw new MediaError(
      'container-malformed',
      'An MP4 sample lies where another one is, or before the box that announces it.',
    );
  }

  #checkSize(run: SampleRun): void {
    if (run.size > this.#maxElement) {
      throw new MediaError('element-too-large', `An MP4 sample is larger than ${this.#maxElement} bytes.`);
    }
    if (run.offset + run.size > this.#end) {
      throw new MediaError('container-malformed', "An MP4 sample goes beyond the end of its 'mdat'.");
    }
  }

  /** Puts the run to its place by its next sample: the tables of a progressive file take turns. */
  #advance(run: SampleRun): void {
    if (!run.advance()) {
      this.#first += 1;
      return;
    }
    const runs = this.#runs;
    let at = this.#first;
    for (let next = runs[at + 1]; next && next.offset < run.offset; next = runs[at + 1]) {
      runs[at] = next;
      at += 1;
    }
    runs[at] = run;
  }
}
