import { MediaError } from '../media-error.ts';
import { ByteReader } from './byte-reader.ts';

/** What a box says of itself (ISO/IEC 14496-12 §4.2.2). */
export interface BoxHeader {
  readonly type: string;
  /** With the header, in bytes; Infinity for a size of 0: up to the end of the stream. */
  readonly size: number;
  /** 8, or 16 with a 64-bit size. */
  readonly headerSize: number;
}

const COMPACT_HEADER = 8;
const LARGE_HEADER = 16;
/** `size` of a box whose real size is in 64 bits behind its type. */
const SIZE_IS_LARGE = 1;
/** `size` of a box that goes on to the end of the stream. */
const SIZE_TO_END = 0;

/** The bytes that a header takes, told from its first 8. */
export function boxHeaderSize(bytes: Uint8Array): number {
  const size = ((bytes[0] ?? 0) << 24) | ((bytes[1] ?? 0) << 16) | ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
  return size === SIZE_IS_LARGE ? LARGE_HEADER : COMPACT_HEADER;
}

/** Reads the header at the front of some bytes; undefined where it is not all there. Throws `container-malformed`. */
export function frontBoxHeader(bytes: Uint8Array): BoxHeader | undefined {
  if (bytes.length < COMPACT_HEADER || bytes.length < boxHeaderSize(bytes)) return undefined;
  return readBoxHeader(new ByteReader(bytes, 'header'));
}

/** Reads a whole header. Throws `container-malformed` for a size that is less than the header's own. */
export function readBoxHeader(reader: ByteReader): BoxHeader {
  const compact = reader.u32();
  const type = reader.fourcc();
  if (compact === SIZE_TO_END) return { type, size: Number.POSITIVE_INFINITY, headerSize: COMPACT_HEADER };
  const large = compact === SIZE_IS_LARGE;
  const headerSize = large ? LARGE_HEADER : COMPACT_HEADER;
  const size = large ? reader.u64() : compact;
  if (size < headerSize) {
    throw new MediaError(
      'container-malformed',
      `The MP4 box '${printable(type)}' has an impossible size, ${size}.`,
    );
  }
  return { type, size, headerSize };
}

/**
 * The boxes inside a box, one after another, each as a reader of its body that bears its type as name. What is left
 * at the end and shorter than a header is padding, as QuickTime writes it.
 */
export function* childBoxes(parent: ByteReader): Generator<ByteReader> {
  while (parent.remaining >= COMPACT_HEADER) {
    const { type, size, headerSize } = readBoxHeader(parent);
    const body = size === Number.POSITIVE_INFINITY ? parent.remaining : size - headerSize;
    if (body > parent.remaining) {
      throw new MediaError(
        'container-malformed',
        `The MP4 box '${printable(type)}' is larger than the '${parent.name}' around it.`,
      );
    }
    yield new ByteReader(parent.take(body), printable(type));
  }
}

/** Version and flags of a full box (ISO/IEC 14496-12 §4.2.2). */
export interface FullBoxHeader {
  readonly version: number;
  readonly flags: number;
}

/** Reads what a full box begins with. */
export function readFullBoxHeader(reader: ByteReader): FullBoxHeader {
  const word = reader.u32();
  return { version: word >>> 24, flags: word & 0xffffff };
}

/** The box, or `container-malformed` in words when it is missing. */
export function required<T>(box: T | undefined, type: string, parent: string): T {
  if (box !== undefined) return box;
  throw new MediaError('container-malformed', `The MP4 box '${parent}' has no '${type}'.`);
}

/** A box type as it may stand in a message: what is not printable ASCII becomes a question mark. */
export function printable(type: string): string {
  return type.replace(/[^\x20-\x7e]/g, '?');
}
