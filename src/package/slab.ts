/** A slab holds about as much as is evicted at once: half a second of 2.5 Mbit/s. */
const SLAB_SIZE = 128 * 1024;
/** What is larger than this gets memory of its own, so that little of a slab is left over. */
const LARGEST_CUT = SLAB_SIZE / 4;

/**
 * Where a broadcast's chunks are cut from: one after another out of the same memory. Chunks live and die together, by
 * the group; an allocation for each costs the collector ten times the work, and the heap its order.
 */
export class Slab {
  #bytes = new Uint8Array();
  #used = 0;

  /** Answers that many zeros, which are nobody else's. */
  readonly cut = (size: number): Uint8Array => {
    if (size > LARGEST_CUT) return new Uint8Array(size);
    if (this.#used + size > this.#bytes.length) {
      this.#bytes = new Uint8Array(SLAB_SIZE);
      this.#used = 0;
    }
    this.#used += size;
    return this.#bytes.subarray(this.#used - size, this.#used);
  };
}
