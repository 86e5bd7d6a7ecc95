import { MediaError } from '../media-error.ts';
import { EBML_ID, nameElement } from './ebml-id.ts';

/** More kinds of children than RFC 9559 gives any element. */
const MAX_FIELDS = 128;

/** A child of an element that is held whole. */
export interface EbmlElement {
  readonly id: number;
  /** Its body, a view. */
  readonly data: Uint8Array;
}

/** A variable-size integer: its value, and how many bytes it takes. */
export interface Vint {
  readonly value: number;
  readonly length: number;
}

/** How long a variable-size integer is, from its first byte; 9 for the invalid byte 0 (RFC 8794 §4). */
export function vintLength(first: number): number {
  return Math.clz32(first) - 23;
}

/** Reads a variable-size integer without its marker. Throws MediaError `container-malformed`. */
export function readVint(bytes: Uint8Array, at: number): Vint {
  const first = bytes[at] ?? 0;
  const length = vintLength(first);
  if (length > 8 || at + length > bytes.length) throw malformed('a number ends too soon');
  let value = first & (0xff >> length);
  for (let index = 1; index < length; index++) value = value * 256 + (bytes[at + index] ?? 0);
  return { value, length };
}

/** The elements inside a body, in order. Throws MediaError `container-malformed` for one that leaves it. */
export function* readElements(body: Uint8Array): Generator<EbmlElement> {
  for (let at = 0; at < body.length; ) {
    const idLength = vintLength(body[at] ?? 0);
    if (idLength > 4 || at + idLength > body.length) throw malformed('an element has no valid ID');
    let id = 0;
    for (let index = 0; index < idLength; index++) id = id * 256 + (body[at + index] ?? 0);
    const size = readVint(body, at + idLength);
    const start = at + idLength + size.length;
    at = start + size.value;
    if (at > body.length) throw malformed(`${nameElement(id)} is longer than what it is in`);
    if (id !== EBML_ID.void && id !== EBML_ID.crc32) yield { id, data: body.subarray(start, at) };
  }
}

/** The children of an element by ID, the last of each. Throws MediaError `container-malformed` for absurdly many. */
export function readFields(body: Uint8Array): Map<number, Uint8Array> {
  const fields = new Map<number, Uint8Array>();
  for (const { id, data } of readElements(body)) {
    fields.set(id, data);
    if (fields.size > MAX_FIELDS) throw malformed('an element has too many children');
  }
  return fields;
}

/** An unsigned integer element (RFC 8794 §7.2). Throws MediaError `container-malformed` above 2^53. */
export function readUnsigned(data: Uint8Array): number {
  if (data.length > 8) throw malformed('a number is longer than 8 bytes');
  let value = 0;
  for (const byte of data) value = value * 256 + byte;
  if (!Number.isSafeInteger(value)) throw malformed('a number is too large');
  return value;
}

/** A string element (RFC 8794 §7.4), up to its first zero and at most 64 characters. */
export function readText(data: Uint8Array): string {
  const zero = data.indexOf(0);
  return String.fromCharCode(...data.subarray(0, Math.min(zero < 0 ? data.length : zero, 64)));
}

function malformed(problem: string): MediaError {
  return new MediaError('container-malformed', `the WebM stream is damaged: ${problem}`);
}
