const FIRST_CAPACITY = 1024;

/** A list of 32-bit unsigned numbers, four bytes each: hours of samples fit into a few megabytes. */
export class NumberList {
  #values = new Uint32Array(FIRST_CAPACITY);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The last number; 0 in an empty list. */
  get last(): number {
    return this.at(this.#length - 1);
  }

  /** Adds one; what does not fit in 32 bits becomes the largest that does. */
  push(value: number): void {
    if (this.#length === this.#values.length) {
      const grown = new Uint32Array(this.#length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#length] = Math.min(value, 0xffffffff);
    this.#length += 1;
  }

  /** The number at that place, counted from 0; 0 where there is none. */
  at(index: number): number {
    return this.#values[index] ?? 0;
  }

  /** Adds to the last number. */
  addToLast(value: number): void {
    this.#values[this.#length - 1] = this.last + value;
  }
}
