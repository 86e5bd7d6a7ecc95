import { MediaError } from '../media-error.ts';
import { type BoxHeader, boxHeaderSize, printable, readBoxHeader } from './box.ts';
import { ByteReader } from './byte-reader.ts';
import { ElementBuffer } from './element-buffer.ts';

/** What is done with a box: its body is kept until it is whole, handed on piece by piece, or passed over. */
export type BoxUse = 'hold' | 'stream' | 'skip';

/** What a {@link BoxWalker} tells, in the order of the stream. */
export interface BoxVisitor {
  /** A box begins at that position; its body ends at `end`, or Infinity. Says what to do with it. */
  open(header: BoxHeader, start: number, end: number): BoxUse;
  /** The whole body of a box to hold, which stands from `start`, its header with it, to `end`. */
  box(type: string, start: number, end: number, body: Uint8Array): void;
  /** A piece of the body of a box to stream, which stands at that position. */
  piece(bytes: Uint8Array, position: number): void;
}

const COMPACT_HEADER = 8;
const LARGEST_HEADER = 16;

/** Walks over the top-level boxes of a stream (ISO/IEC 14496-12 §4.2), however it is sliced. Throws MediaError. */
export class BoxWalker {
  readonly #visitor: BoxVisitor;
  readonly #maxElement: number;
  readonly #header = new Uint8Array(LARGEST_HEADER);
  #headerLength = 0;
  #type = '';
  #use: BoxUse | undefined;
  /** Where the current box began, and the bytes of its body, in all and still to come. */
  #start = 0;
  #size = 0;
  #left = 0;
  #position = 0;
  readonly #element = new ElementBuffer();

  constructor(visitor: BoxVisitor, maxElement: number) {
    this.#visitor = visitor;
    this.#maxElement = maxElement;
  }

  /** Takes the next bytes. */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const taken =
        this.#use === undefined ? this.#takeHeader(bytes, at) : this.#takeBody(bytes, at, this.#use);
      at += taken;
    }
  }

  /** The next byte to be pushed is at that position of the stream, and begins a box. */
  skipTo(position: number): void {
    this.#position = position;
  }

  /** The stream is over: throws `container-truncated` unless it ends with a box. */
  end(): void {
    const open = this.#use !== undefined && this.#left !== Number.POSITIVE_INFINITY;
    if (open || this.#headerLength > 0) {
      throw new MediaError('container-truncated', 'The MP4 ends in the middle of a box.');
    }
  }

  #takeHeader(bytes: Uint8Array, at: number): number {
    if (this.#headerLength === 0) this.#start = this.#position;
    const needed = this.#headerLength < COMPACT_HEADER ? COMPACT_HEADER : LARGEST_HEADER;
    const count = Math.min(needed - this.#headerLength, bytes.length - at);
    this.#header.set(bytes.subarray(at, at + count), this.#headerLength);
    this.#headerLength += count;
    this.#position += count;
    if (this.#headerLength >= COMPACT_HEADER && this.#headerLength === boxHeaderSize(this.#header))
      this.#open();
    return count;
  }

  #open(): void {
    const header = readBoxHeader(new ByteReader(this.#header.subarray(0, this.#headerLength), 'header'));
    this.#headerLength = 0;
    this.#type = header.type;
    this.#size = header.size - header.headerSize;
    this.#left = this.#size;
    const use = this.#visitor.open(header, this.#start, this.#position + this.#size);
    if (use === 'hold' && this.#size > this.#maxElement) {
      throw new MediaError(
        'element-too-large',
        `The MP4 box '${printable(header.type)}' is larger than ${this.#maxElement} bytes.`,
      );
    }
    this.#use = this.#left === 0 ? undefined : use;
    if (this.#left === 0 && use === 'hold')
      this.#visitor.box(header.type, this.#start, this.#position, new Uint8Array());
  }

  #takeBody(bytes: Uint8Array, at: number, use: BoxUse): number {
    const count = Math.min(this.#left, bytes.length - at);
    const position = this.#position;
    this.#left -= count;
    this.#position += count;
    if (this.#left === 0) this.#use = undefined;
    if (use === 'stream') this.#visitor.piece(bytes.subarray(at, at + count), position);
    if (use === 'hold') {
      const body = this.#element.collect(this.#size, bytes.subarray(at, at + count));
      if (body) this.#visitor.box(this.#type, this.#start, this.#position, body);
    }
    return count;
  }
}
