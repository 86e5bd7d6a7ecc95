const FIRST_CAPACITY = 4096;

/**
 * Puts one element together that comes in pieces. It grows with what came, never from what was declared; an
 * element that comes in one piece is handed on as a view, without a copy.
 */
export class ElementBuffer {
  #bytes: Uint8Array | undefined;
  #length = 0;

  /** Bytes of an unfinished element. */
  get held(): number {
    return this.#length;
  }

  /** How many bytes the element of that size takes out of `available`. */
  share(size: number, available: number): number {
    return Math.min(size - this.#length, available);
  }

  /** Adds a piece, at most the element's {@link share}; answers the element once it is whole, and is empty again. */
  collect(size: number, piece: Uint8Array): Uint8Array | undefined {
    if (piece.length === size) return piece;
    this.#reserve(this.#length + piece.length, size).set(piece, this.#length);
    this.#length += piece.length;
    if (this.#length < size) return undefined;
    const whole = this.#bytes;
    this.#bytes = undefined;
    this.#length = 0;
    return whole;
  }

  /** Room for `needed` bytes, at least doubled and never beyond `size`: a whole element fills it exactly. */
  #reserve(needed: number, size: number): Uint8Array {
    const bytes = this.#bytes;
    if (bytes && needed <= bytes.length) return bytes;
    const grown = new Uint8Array(Math.min(size, Math.max(needed, 2 * (bytes?.length ?? 0), FIRST_CAPACITY)));
    if (bytes) grown.set(bytes);
    this.#bytes = grown;
    return grown;
  }
}
