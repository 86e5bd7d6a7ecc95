const FIRST_ROOM = 4096;

/** A message that comes chunk by chunk. Its memory grows with what came, not with what was announced. */
export class PartialMessage {
  readonly #length: number;
  #bytes: Uint8Array;
  #received = 0;

  constructor(length: number) {
    this.#length = length;
    this.#bytes = new Uint8Array(Math.min(length, FIRST_ROOM));
  }

  /** Bytes that are still to come. */
  get missing(): number {
    return this.#length - this.#received;
  }

  /** All of it, once nothing is missing. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Copies what came, which is at most what is missing. */
  append(bytes: Uint8Array): void {
    const end = this.#received + bytes.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(this.#length, Math.max(end, this.#bytes.length * 2)));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#received);
    this.#received = end;
  }
}
