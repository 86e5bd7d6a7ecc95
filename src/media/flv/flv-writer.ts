import { FLV_BACK_POINTER_SIZE, FLV_HEADER_SIZE, FLV_SIGNATURE, FLV_TAG_HEADER_SIZE } from './flv-tag.ts';

/** Audio and video (Adobe FLV specification 10.1, §E.2): what is really there the tags tell. */
const BOTH = 5;

/** Writes an FLV stream tag by tag: what goes between the bodies, which are used as they are. */
export class FlvWriter {
  /** Bytes of the last tag; 0 before the first. */
  #previous = 0;

  /** What the stream begins with. */
  header(): Uint8Array {
    const bytes = new Uint8Array(FLV_HEADER_SIZE);
    bytes.set(FLV_SIGNATURE);
    bytes.set([1, BOTH, 0, 0, 0, FLV_HEADER_SIZE], FLV_SIGNATURE.length);
    return bytes;
  }

  /** What goes before a body of so many bytes, under 2^24; the timestamp in milliseconds, modulo 2^32. */
  tag(type: number, timestamp: number, length: number): Uint8Array {
    const bytes = new Uint8Array(FLV_BACK_POINTER_SIZE + FLV_TAG_HEADER_SIZE);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, this.#previous);
    view.setUint32(4, type * 2 ** 24 + length);
    // Its upper eight bits are behind the others.
    view.setUint32(8, ((timestamp << 8) | (timestamp >>> 24)) >>> 0);
    this.#previous = FLV_TAG_HEADER_SIZE + length;
    return bytes;
  }

  /** What goes behind the last tag. */
  end(): Uint8Array {
    const bytes = new Uint8Array(FLV_BACK_POINTER_SIZE);
    new DataView(bytes.buffer).setUint32(0, this.#previous);
    return bytes;
  }
}
