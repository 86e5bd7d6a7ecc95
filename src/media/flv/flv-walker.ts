import { MediaError } from '../media-error.ts';
import type { Bytes } from '../time.ts';
import { PieceQueue } from '../webm/piece-queue.ts';
import {
  FLV_BACK_POINTER_SIZE,
  FLV_HEADER_SIZE,
  FLV_SIGNATURE,
  FLV_TAG,
  FLV_TAG_HEADER_SIZE,
} from './flv-tag.ts';

/** A tag as it is in the stream. */
export interface FlvTag {
  /** One of {@link FLV_TAG}. */
  readonly type: number;
  /** Milliseconds, modulo 2^32. */
  readonly timestamp: number;
  /** A view that may be kept. */
  readonly body: Uint8Array;
  /** Where it begins, with what is behind the tag before it. */
  readonly position: number;
}

const HEAD_SIZE = FLV_BACK_POINTER_SIZE + FLV_TAG_HEADER_SIZE;
const KNOWN_TYPES: readonly number[] = Object.values(FLV_TAG);
/** Far more than anybody puts there. */
const MAX_HEADER = 64 * 1024;

/** Walks the tags of an FLV stream (Adobe FLV specification 10.1, §E.3), in any slicing; holds at most one. */
export class FlvWalker {
  readonly #onTag: (tag: FlvTag) => void;
  readonly #maxBody: Bytes;
  readonly #queue = new PieceQueue();
  #position = 0;
  #begun = false;
  /** Bytes of the header that are passed over. */
  #skip = 0;

  constructor(onTag: (tag: FlvTag) => void, maxBody: Bytes) {
    this.#onTag = onTag;
    this.#maxBody = maxBody;
  }

  /** Bytes of the stream that were walked over. */
  get position(): number {
    return this.#position;
  }

  /** Takes the next bytes. Throws MediaError. */
  push(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    while (this.#step());
  }

  /** The next byte to be pushed is at that position, where a tag begins. */
  skipTo(position: number): void {
    this.#position = position;
  }

  /** Throws MediaError `container-truncated` when the stream ended within a tag. */
  end(): void {
    const isBetween = this.#queue.length === 0 || this.#queue.length === FLV_BACK_POINTER_SIZE;
    if (this.#begun && this.#skip === 0 && isBetween) return;
    throw new MediaError('container-truncated', `the FLV ended within a tag, after ${this.#position} bytes`);
  }

  #step(): boolean {
    if (this.#skip > 0) {
      const skipped = this.#queue.skip(this.#skip);
      this.#skip -= skipped;
      this.#position += skipped;
      if (this.#skip > 0) return false;
    }
    return this.#begun ? this.#readTag() : this.#readHeader();
  }

  #readHeader(): boolean {
    if (this.#queue.length < FLV_HEADER_SIZE) return false;
    const header = this.#queue.take(FLV_HEADER_SIZE);
    this.#position += FLV_HEADER_SIZE;
    const size = new DataView(header.buffer, header.byteOffset).getUint32(5);
    const isFlv = FLV_SIGNATURE.every((byte, index) => header[index] === byte) && header[3] === 1;
    if (!isFlv || size < FLV_HEADER_SIZE || size > MAX_HEADER)
      throw this.#malformed('it has no valid header');
    this.#skip = size - FLV_HEADER_SIZE;
    this.#begun = true;
    return true;
  }

  #readTag(): boolean {
    const queue = this.#queue;
    if (queue.length < HEAD_SIZE) return false;
    const type = queue.peek(FLV_BACK_POINTER_SIZE);
    const length = this.#u24(FLV_BACK_POINTER_SIZE + 1);
    if (!KNOWN_TYPES.includes(type)) throw this.#malformed(`there is no tag of the type ${type}`);
    if (length > this.#maxBody) {
      const problem = `an FLV tag has ${length} bytes: at most ${this.#maxBody} are allowed`;
      throw new MediaError('element-too-large', problem);
    }
    if (queue.length < HEAD_SIZE + length) return false;
    const low = this.#u24(FLV_BACK_POINTER_SIZE + 4);
    const timestamp = queue.peek(FLV_BACK_POINTER_SIZE + 7) * 2 ** 24 + low;
    queue.skip(HEAD_SIZE);
    const position = this.#position;
    this.#position += HEAD_SIZE + length;
    this.#onTag({ type, timestamp, body: queue.take(length), position });
    return true;
  }

  #u24(at: number): number {
    const queue = this.#queue;
    return (queue.peek(at) << 16) | (queue.peek(at + 1) << 8) | queue.peek(at + 2);
  }

  #malformed(problem: string): MediaError {
    return new MediaError(
      'container-malformed',
      `the FLV stream is damaged at byte ${this.#position}: ${problem}`,
    );
  }
}
