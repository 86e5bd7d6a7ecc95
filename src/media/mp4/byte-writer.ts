/**
 * Writes big-endian fields. Given the bytes to fill or their exact size (the hot path) it allocates at most once;
 * without one it grows. Boxes are opened and closed: their size is filled in when it is known.
 */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #position = 0;

  constructor(room: number | Uint8Array = 1024) {
    const bytes = typeof room === 'number' ? new Uint8Array(room) : room;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get position(): number {
    return this.#position;
  }

  u8(value: number): void {
    const at = this.#reserve(1);
    this.#view.setUint8(at, value);
  }

  u16(value: number): void {
    const at = this.#reserve(2);
    this.#view.setUint16(at, value);
  }

  u24(value: number): void {
    const at = this.#reserve(3);
    this.#view.setUint16(at, value >>> 8);
    this.#view.setUint8(at + 2, value);
  }

  u32(value: number): void {
    const at = this.#reserve(4);
    this.#view.setUint32(at, value);
  }

  i32(value: number): void {
    const at = this.#reserve(4);
    this.#view.setInt32(at, value);
  }

  u64(value: number): void {
    const at = this.#reserve(8);
    this.#view.setUint32(at, Math.floor(value / 2 ** 32));
    this.#view.setUint32(at + 4, value);
  }

  /** Two's complement: negative values are floored into the upper half. */
  i64(value: number): void {
    this.u64(value);
  }

  f64(value: number): void {
    const at = this.#reserve(8);
    this.#view.setFloat64(at, value);
  }

  /** Latin letters, as in a box type. */
  text(value: string): void {
    const at = this.#reserve(value.length);
    for (let i = 0; i < value.length; i++) this.#bytes[at + i] = value.charCodeAt(i);
  }

  zeros(count: number): void {
    const at = this.#reserve(count);
    this.#bytes.fill(0, at, at + count);
  }

  append(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** Begins a box (ISO/IEC 14496-12 §4.2.2) and answers the mark for {@link close}. */
  open(type: string): number {
    const mark = this.#position;
    this.u32(0);
    this.text(type);
    return mark;
  }

  /** Begins a full box: one with a version and flags. */
  openFull(type: string, version: number, flags: number): number {
    const mark = this.open(type);
    this.u32(((version << 24) | flags) >>> 0);
    return mark;
  }

  /** Ends the box: writes its size. */
  close(mark: number): void {
    this.#view.setUint32(mark, this.#position - mark);
  }

  /** What was written; the buffer itself when its size was known before. */
  finish(): Uint8Array {
    return this.#position === this.#bytes.length ? this.#bytes : this.#bytes.slice(0, this.#position);
  }

  /** May replace the buffer and its view: they are read only after it. */
  #reserve(count: number): number {
    const at = this.#position;
    const end = at + count;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#position = end;
    return at;
  }
}
