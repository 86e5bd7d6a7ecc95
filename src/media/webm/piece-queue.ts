/** Pieces below this that follow others are copied together: one object for every byte that comes alone would cost a hundred. */
const SMALL = 512;
const TAIL = 2048;

/** Received bytes that are not used up yet. Takes views out of the pieces; copies only across their borders. */
export class PieceQueue {
  #pieces: Uint8Array[] = [];
  #head = 0;
  /** Bytes of the first piece that are used up. */
  #used = 0;
  #length = 0;
  /** The last piece, where it is our own and has room behind it. */
  #tail: Uint8Array | undefined;

  /** Bytes that are held. */
  get length(): number {
    return this.#length;
  }

  /** Appends a piece, which must not change any more. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    // Not a Node Buffer, whose slice() does not copy: whoever takes a view may count on what Uint8Array promises.
    const piece = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    const alone = this.#length === 0;
    this.#length += piece.length;
    if (alone || piece.length >= SMALL) {
      this.#pieces.push(piece);
      this.#tail = undefined;
    } else if (!this.#extendTail(piece)) {
      this.#tail = new Uint8Array(TAIL).subarray(0, piece.length);
      this.#tail.set(piece);
      this.#pieces.push(this.#tail);
    }
  }

  /** The byte at that distance from the front; it must be held. */
  peek(offset: number): number {
    let at = this.#used + offset;
    for (let index = this.#head; ; index++) {
      const piece = this.#pieces[index];
      if (!piece) return 0;
      if (at < piece.length) return piece[at] ?? 0;
      at -= piece.length;
    }
  }

  /** The next bytes, which must be held: a view, or a copy where they lie in several pieces. */
  take(count: number): Uint8Array {
    const first = this.#pieces[this.#head];
    if (first && this.#used + count <= first.length) {
      const view = first.subarray(this.#used, this.#used + count);
      this.skip(count);
      return view;
    }
    const copy = new Uint8Array(count);
    for (let filled = 0; filled < count; ) {
      const piece = this.#pieces[this.#head];
      if (!piece) break;
      const part = piece.subarray(this.#used, this.#used + count - filled);
      copy.set(part, filled);
      filled += part.length;
      this.skip(part.length);
    }
    return copy;
  }

  /** Drops up to that many bytes, and returns how many. */
  skip(count: number): number {
    let left = Math.min(count, this.#length);
    const skipped = left;
    this.#length -= skipped;
    while (left > 0) {
      const size = this.#pieces[this.#head]?.length ?? 0;
      const step = Math.min(left, size - this.#used);
      left -= step;
      this.#used += step;
      if (this.#used === size) this.#dropPiece();
    }
    return skipped;
  }

  #dropPiece(): void {
    this.#head += 1;
    this.#used = 0;
    if (this.#head === this.#pieces.length) {
      this.#pieces = [];
      this.#head = 0;
      this.#tail = undefined;
    } else if (this.#head > 64 && this.#head * 2 > this.#pieces.length) {
      this.#pieces = this.#pieces.slice(this.#head);
      this.#head = 0;
    }
  }

  #extendTail(piece: Uint8Array): boolean {
    const tail = this.#tail;
    if (!tail || tail.length + piece.length > TAIL) return false;
    const longer = new Uint8Array(tail.buffer, 0, tail.length + piece.length);
    longer.set(piece, tail.length);
    this.#tail = longer;
    this.#pieces[this.#pieces.length - 1] = longer;
    return true;
  }
}
