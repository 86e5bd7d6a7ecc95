import { MediaError } from '../media-error.ts';

/** Reads big-endian fields from a box body. Every read is bounded; beyond the end it throws `container-malformed`. */
export class ByteReader {
  readonly bytes: Uint8Array;
  /** The box that these bytes are the body of, for messages. */
  readonly name: string;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array, name: string) {
    this.bytes = bytes;
    this.name = name;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return this.bytes.length - this.#position;
  }

  /** Moves over bytes that nobody needs. */
  skip(count: number): void {
    this.#advance(count);
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2));
  }

  u24(): number {
    const at = this.#advance(3);
    return (this.#view.getUint16(at) << 8) | this.#view.getUint8(at + 2);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  i32(): number {
    return this.#view.getInt32(this.#advance(4));
  }

  /** An unsigned 64-bit field; beyond 2^53 no real stream has one, and it is refused. */
  u64(): number {
    const at = this.#advance(8);
    return this.#safe(this.#view.getUint32(at) * 2 ** 32 + this.#view.getUint32(at + 4));
  }

  i64(): number {
    const at = this.#advance(8);
    return this.#safe(this.#view.getInt32(at) * 2 ** 32 + this.#view.getUint32(at + 4));
  }

  /** Four characters, as in a box type. */
  fourcc(): string {
    const at = this.#advance(4);
    const { bytes } = this;
    return String.fromCharCode(bytes[at] ?? 0, bytes[at + 1] ?? 0, bytes[at + 2] ?? 0, bytes[at + 3] ?? 0);
  }

  /** A view of the next bytes. */
  take(count: number): Uint8Array {
    const at = this.#advance(count);
    return this.bytes.subarray(at, at + count);
  }

  /** A view of all that is left. */
  rest(): Uint8Array {
    return this.take(this.remaining);
  }

  #advance(count: number): number {
    const at = this.#position;
    if (count > this.bytes.length - at) {
      throw new MediaError(
        'container-malformed',
        `The MP4 box '${this.name}' ends in the middle of a field.`,
      );
    }
    this.#position = at + count;
    return at;
  }

  #safe(value: number): number {
    if (Number.isSafeInteger(value)) return value;
    throw new MediaError('container-malformed', `The MP4 box '${this.name}' has a number beyond 2^53.`);
  }
}
