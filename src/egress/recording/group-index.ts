import type { SegmentReference } from '../../media/mp4/boxes/segment-index.ts';
import { type Ticks, ticks } from '../../media/time.ts';

/** Groups that an index holds at most: at one a second the first 2 h 16 min exactly, 24 h to 16 s. */
export const MAX_GROUPS = 8192;
/** What a reference can say (ISO/IEC 14496-12 §8.16.3.2: 31 bits and 32 bits). */
const MAX_SIZE = 2 ** 31 - 1;
const MAX_DURATION = 2 ** 32 - 1;

/** Where in a file the groups of a broadcast start. When it is full, every two groups become one. */
export class GroupIndex {
  #offsets: number[] = [];
  #starts: number[] = [];

  /** The index that was written into a file as these references: those that begin before `endOffset`. */
  static restore(
    references: readonly SegmentReference[],
    first: { readonly offset: number; readonly start: Ticks },
    endOffset: number,
  ): GroupIndex {
    const index = new GroupIndex();
    let { offset, start } = first;
    for (const { size, duration } of references) {
      if (offset >= endOffset) break;
      index.add(offset, start);
      offset += size;
      start = ticks(start + duration);
    }
    return index;
  }

  /** No group was added yet. */
  get isEmpty(): boolean {
    return this.#offsets.length === 0;
  }

  /** A group starts at that byte of the file and that time of its track. */
  add(offset: number, start: Ticks): void {
    if (this.#offsets.length === MAX_GROUPS) {
      this.#offsets = this.#offsets.filter((_, index) => index % 2 === 0);
      this.#starts = this.#starts.filter((_, index) => index % 2 === 0);
    }
    this.#offsets.push(offset);
    this.#starts.push(start);
  }

  /** Where the first group starts, on its track's timeline. */
  get start(): Ticks {
    return ticks(this.#starts[0] ?? 0);
  }

  /** The groups before `endOffset`, as references; `end` is where the last one's media ends. */
  references(endOffset: number, end: Ticks): SegmentReference[] {
    const references: SegmentReference[] = [];
    for (const [index, offset] of this.#offsets.entries()) {
      if (offset >= endOffset) break;
      const size = Math.min(this.#offsets[index + 1] ?? endOffset, endOffset) - offset;
      const duration = (this.#starts[index + 1] ?? end) - (this.#starts[index] ?? 0);
      // What no reference can say (months of one group) ends the index; players read on without it.
      if (size > MAX_SIZE || duration > MAX_DURATION || duration < 0) break;
      references.push({ size, duration: ticks(duration), startsWithKeyframe: true });
    }
    return references;
  }
}
