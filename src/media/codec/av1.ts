import { MediaError } from '../media-error.ts';
import { type Av1Sequence, readAv1Sequence } from './av1-sequence.ts';
import { BitReader } from './bit-reader.ts';
import { decimals, type VideoConfiguration } from './configuration.ts';

/** `obu_type` (AV1 bitstream specification §6.2.2). */
export const AV1_OBU = { sequenceHeader: 1, temporalDelimiter: 2, frameHeader: 3, frame: 6 } as const;

/** More than any encoder makes of one picture; a hostile one would cost views for every two bytes. */
const MAX_OBUS = 4096;

/** An open bitstream unit; views of the temporal unit that it is in. */
export interface Av1Obu {
  readonly type: number;
  /** Header, size and payload. */
  readonly bytes: Uint8Array;
  readonly payload: Uint8Array;
}

/** Reads the body of `av1C` (AV1-ISOBMFF §2.3). Its size is that of the sequence header in it, if there is one. */
export function readAv1Configuration(record: Uint8Array): VideoConfiguration {
  if (record[0] !== 0x81 || record.length < 4) {
    throw new MediaError('codec-malformed', 'the AV1 configuration record is not version 1 or too short');
  }
  const header = findAv1SequenceHeader(record.subarray(4));
  if (header) return describe(readAv1Sequence(header.payload), record);
  const [, first = 0, second = 0] = record;
  const sequence: Av1Sequence = {
    profile: first >> 5,
    level: first & 0x1f,
    highTier: (second & 0x80) !== 0,
    bitDepth: (second & 0x40) === 0 ? 8 : (second & 0x20) === 0 ? 10 : 12,
    monochrome: (second & 0x10) !== 0,
    subsamplingX: (second & 8) !== 0,
    subsamplingY: (second & 4) !== 0,
    chromaPosition: second & 3,
    colour: [2, 2, 2],
    fullRange: false,
    width: 0,
    height: 0,
    reducedStillPicture: false,
  };
  return describe(sequence, record);
}

/** Writes the body of `av1C` for a sequence header OBU (AV1-ISOBMFF §2.3.3). Throws MediaError `codec-malformed`. */
export function writeAv1Configuration(header: Av1Obu): VideoConfiguration {
  const sequence = readAv1Sequence(header.payload);
  const { profile, level, bitDepth } = sequence;
  const format =
    (sequence.highTier ? 0x80 : 0) |
    (bitDepth > 8 ? 0x40 : 0) |
    (bitDepth === 12 ? 0x20 : 0) |
    (sequence.monochrome ? 0x10 : 0) |
    (sequence.subsamplingX ? 8 : 0) |
    (sequence.subsamplingY ? 4 : 0) |
    sequence.chromaPosition;
  const sized = writeSizedObu(header);
  const record = new Uint8Array(4 + sized.length);
  record.set([0x81, (profile << 5) | level, format, 0]);
  record.set(sized, 4);
  return describe(sequence, record);
}

/** §2.3.4: OBUs in the record have a size field; a lone one in a temporal unit may lack it. */
function writeSizedObu(obu: Av1Obu): Uint8Array {
  const [header = 0] = obu.bytes;
  if ((header & 2) !== 0) return obu.bytes;
  const size: number[] = [];
  for (let rest = obu.payload.length; rest > 0 || size.length === 0; rest >>>= 7) {
    size.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
  }
  return Uint8Array.from([(header & ~4) | 2, ...size, ...obu.payload]);
}

function describe(sequence: Av1Sequence, record: Uint8Array): VideoConfiguration {
  const codecString = formatCodecString(sequence);
  return { codec: 'av1', codecString, configuration: record, width: sequence.width, height: sequence.height };
}

/** AV1-ISOBMFF §5; the colour fields only where they differ from the defaults that leaving them out stands for. */
function formatCodecString(sequence: Av1Sequence): string {
  const { profile, level, highTier, bitDepth, monochrome, colour, fullRange } = sequence;
  const base = `av01.${profile}.${decimals(level)}${highTier ? 'H' : 'M'}.${decimals(bitDepth)}`;
  const usual = colour.every((value) => value === 1) || colour.every((value) => value === 2);
  const subsampled = sequence.subsamplingX && sequence.subsamplingY;
  if (usual && subsampled && !monochrome && !fullRange) return base;
  const chroma =
    [sequence.subsamplingX, sequence.subsamplingY].map(Number).join('') + sequence.chromaPosition;
  return `${base}.${monochrome ? 1 : 0}.${chroma}.${decimals(...colour)}.${fullRange ? 1 : 0}`;
}

/** The OBUs of a temporal unit, as views (AV1 bitstream specification §5.3). Throws MediaError `codec-malformed`. */
export function splitAv1Obus(unit: Uint8Array): Av1Obu[] {
  const obus: Av1Obu[] = [];
  for (let at = 0; at < unit.length; ) {
    const header = unit[at] ?? 0;
    if ((header & 0x80) !== 0) throw malformed('has its forbidden bit set');
    let start = at + ((header & 4) !== 0 ? 2 : 1);
    let end = unit.length;
    if ((header & 2) !== 0) {
      const size = readLeb128(unit, start);
      start = size.end;
      end = start + size.value;
    }
    if (end > unit.length || start > end) throw malformed('is longer than its sample');
    const type = (header >> 3) & 15;
    if (obus.length === MAX_OBUS) throw malformed(`stands among over ${MAX_OBUS} in one sample`);
    obus.push({ type, bytes: unit.subarray(at, end), payload: unit.subarray(start, end) });
    at = end;
  }
  return obus;
}

/** §4.10.5 */
function readLeb128(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  for (let index = 0; index < 5; index++) {
    const byte = bytes[start + index];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 128 ** index;
    if ((byte & 0x80) === 0) return { value, end: start + index + 1 };
  }
  throw malformed('has no valid size');
}

/** The first sequence header OBU of a temporal unit, if any. */
export function findAv1SequenceHeader(unit: Uint8Array): Av1Obu | undefined {
  return splitAv1Obus(unit).find((obu) => obu.type === AV1_OBU.sequenceHeader);
}

/** Whether decoding can start at a temporal unit: a sequence header, then a shown key frame (AV1-ISOBMFF §2.4). */
export function isAv1Keyframe(obus: readonly Av1Obu[]): boolean {
  const header = obus.findIndex((obu) => obu.type === AV1_OBU.sequenceHeader);
  const frame = obus.findIndex((obu) => obu.type === AV1_OBU.frame || obu.type === AV1_OBU.frameHeader);
  if (header < 0 || frame < header) return false;
  if (readAv1Sequence(obus[header]?.payload ?? new Uint8Array()).reducedStillPicture) return true;
  const reader = new BitReader(obus[frame]?.payload ?? new Uint8Array(), 'the AV1 frame header');
  const shownAgain = reader.flag();
  const keyframe = !shownAgain && reader.bits(2) === 0;
  return keyframe && reader.flag();
}

function malformed(problem: string): MediaError {
  return new MediaError('codec-malformed', `an AV1 unit ${problem}`);
}
