import { type Backlog, BacklogFullError } from './backlog.ts';

/** 256 MiB: about eight minutes at 4 Mbit/s. */
const DEFAULT_LIMIT = 256 * 1024 * 1024;

interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A {@link Backlog} in memory, bounded in bytes: 256 MiB by default. Pieces are kept as they came and dropped whole. */
export class MemoryBacklog implements Backlog {
  readonly #limit: number;
  #pieces: Piece[] = [];
  #start = 0;
  #end = 0;

  constructor(limit: number = DEFAULT_LIMIT) {
    this.#limit = limit;
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  append(piece: Uint8Array<ArrayBuffer>): void {
    if (piece.byteLength === 0) return;
    const held = this.#end - (this.#pieces[0]?.offset ?? this.#end);
    if (held + piece.byteLength > this.#limit) throw new BacklogFullError(this.#limit);
    this.#pieces.push({ offset: this.#end, bytes: piece });
    this.#end += piece.byteLength;
  }

  async read(offset: number, most: number): Promise<Uint8Array<ArrayBuffer>> {
    const piece = this.#pieces[this.#indexOf(offset)];
    if (!piece || offset < this.#start || offset >= this.#end) {
      throw new RangeError(`Offset ${offset} is not within ${this.#start}–${this.#end}`);
    }
    const from = offset - piece.offset;
    return piece.bytes.subarray(from, from + most);
  }

  release(offset: number): void {
    if (offset <= this.#start) return;
    this.#start = Math.min(offset, this.#end);
    const kept = this.#start === this.#end ? this.#pieces.length : this.#indexOf(this.#start);
    if (kept > 0) this.#pieces.splice(0, kept);
  }

  async close(): Promise<void> {
    this.#pieces = [];
    this.#start = this.#end;
  }

  /** The index of the piece that holds the byte at `offset`. */
  #indexOf(offset: number): number {
    let low = 0;
    let high = this.#pieces.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#pieces[middle]?.offset ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
