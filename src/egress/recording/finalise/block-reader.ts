import type { Files } from './files.ts';

/** Reads a file in large blocks, mostly forwards; what it answers are views of the block, good until the next call. */
export class BlockReader {
  readonly size: number;
  readonly #files: Files;
  readonly #fd: number;
  #block: Uint8Array;
  #start = 0;
  #length = 0;

  /** The file stays its owner's. `blockSize` in bytes. */
  constructor(files: Files, fd: number, blockSize: number) {
    this.#files = files;
    this.#fd = fd;
    this.size = files.fstatSync(fd).size;
    this.#block = new Uint8Array(blockSize);
  }

  /** The bytes from there on: at least one and at most `length`, none only at the end of the file. */
  some(position: number, length: number): Uint8Array {
    if (position < this.#start || position >= this.#start + this.#length) this.#load(position);
    const from = position - this.#start;
    return this.#block.subarray(from, Math.min(from + length, this.#length));
  }

  /** Exactly that many bytes; fewer where the file ends. For what is no larger than its maker bounds it to. */
  all(position: number, length: number): Uint8Array {
    const there = this.some(position, length);
    if (there.length === Math.min(length, this.size - position)) return there;
    if (length > this.#block.length) this.#block = new Uint8Array(length);
    this.#load(position);
    return this.#block.subarray(0, Math.min(length, this.#length));
  }

  /** Makes a block begin there: what is near it is then read just once. */
  alignTo(position: number): void {
    if (position !== this.#start) this.#load(position);
  }

  #load(position: number): void {
    this.#start = position;
    this.#length = 0;
    while (this.#length < this.#block.length) {
      const room = this.#block.length - this.#length;
      const count = this.#files.readSync(this.#fd, this.#block, this.#length, room, position + this.#length);
      if (count === 0) return;
      this.#length += count;
    }
  }
}
