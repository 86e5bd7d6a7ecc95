import { MediaError } from '../media-error.ts';

/** More than any encoder makes of one picture; a hostile one would cost a view for every four bytes. */
const MAX_UNITS = 4096;

/**
 * NAL units of an Annex B byte stream (ISO/IEC 14496-10 §B.1), as views, without start codes, trailing zeros and
 * empty units. What stands before the first start code is not part of any. Throws MediaError `codec-malformed`.
 */
export function splitAnnexB(stream: Uint8Array): Uint8Array[] {
  const units: Uint8Array[] = [];
  let start = -1;
  for (let code = findStartCode(stream, 0); ; code = findStartCode(stream, start)) {
    const end = code < 0 ? stream.length : code;
    if (start >= 0) pushUnit(units, stream, start, end);
    if (code < 0) return units;
    start = code + 3;
  }
}

function pushUnit(units: Uint8Array[], stream: Uint8Array, start: number, end: number): void {
  let last = end;
  while (last > start && stream[last - 1] === 0) last -= 1;
  if (last > start) addUnit(units, stream.subarray(start, last));
}

function addUnit(units: Uint8Array[], unit: Uint8Array): void {
  if (units.length === MAX_UNITS)
    throw new MediaError('codec-malformed', `a frame has over ${MAX_UNITS} NAL units`);
  units.push(unit);
}

/** Where the next 00 00 01 begins, or -1. Looks at every third byte while none of them can be part of one. */
function findStartCode(stream: Uint8Array, from: number): number {
  let at = from + 2;
  while (at < stream.length) {
    const byte = stream[at] as number;
    if (byte > 1) at += 3;
    else if (byte === 0) at += 1;
    else if (stream[at - 1] === 0 && stream[at - 2] === 0) return at - 2;
    else at += 3;
  }
  return -1;
}

/** Whether bytes begin as an Annex B stream does: 00 00 01 or 00 00 00 01. */
export function startsWithStartCode(stream: Uint8Array): boolean {
  if (stream[0] !== 0 || stream[1] !== 0) return false;
  return stream[2] === 1 || (stream[2] === 0 && stream[3] === 1);
}

/** NAL units of a length-prefixed sample (ISO/IEC 14496-15 §4.3.3), as views. Throws MediaError `codec-malformed`. */
export function splitLengthPrefixed(sample: Uint8Array, lengthSize: number): Uint8Array[] {
  const units: Uint8Array[] = [];
  for (let at = 0; at < sample.length; ) {
    let length = 0;
    for (let index = 0; index < lengthSize; index++) length = length * 256 + (sample[at + index] ?? 0);
    const start = at + lengthSize;
    at = start + length;
    if (at > sample.length) throw new MediaError('codec-malformed', 'a NAL unit is longer than its sample');
    if (length > 0) addUnit(units, sample.subarray(start, at));
  }
  return units;
}

/** One fresh buffer with each unit behind its length in four bytes. */
export function joinLengthPrefixed(units: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(units.reduce((sum, unit) => sum + 4 + unit.length, 0));
  const view = new DataView(joined.buffer);
  let at = 0;
  for (const unit of units) {
    view.setUint32(at, unit.length);
    joined.set(unit, at + 4);
    at += 4 + unit.length;
  }
  return joined;
}

/** The raw payload of a NAL unit: without emulation prevention bytes (ISO/IEC 14496-10 §7.3.1). */
export function unescapeNalUnit(unit: Uint8Array): Uint8Array {
  const payload = new Uint8Array(unit.length);
  let length = 0;
  let zeros = 0;
  for (const byte of unit) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    payload[length++] = byte;
  }
  return payload.subarray(0, length);
}
