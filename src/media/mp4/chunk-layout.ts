import { NumberList } from './number-list.ts';

/** The chunks of a progressive file's `mdat` in their order (ISO/IEC 14496-12 §8.7.4): each some samples of one track. */
export class ChunkLayout {
  readonly #tracks = new NumberList();
  readonly #samples = new NumberList();
  readonly #sizes = new NumberList();
  #size = 0;

  /** Bytes of all of them. */
  get size(): number {
    return this.#size;
  }

  /** Puts a chunk behind the others; `track` counts from 0. */
  add(track: number, samples: number, size: number): void {
    this.#tracks.push(track);
    this.#samples.push(samples);
    this.#sizes.push(size);
    this.#size += size;
  }

  /** The chunks of a track: where each begins, counted from the first one's first byte, and its samples. */
  *ofTrack(track: number): Generator<{ readonly offset: number; readonly samples: number }> {
    let offset = 0;
    for (let index = 0; index < this.#tracks.length; index += 1) {
      if (this.#tracks.at(index) === track) yield { offset, samples: this.#samples.at(index) };
      offset += this.#sizes.at(index);
    }
  }
}
