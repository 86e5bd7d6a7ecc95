import { BitReader } from './bit-reader.ts';

/** What a sequence header OBU says about its stream. */
export interface Av1Sequence {
  readonly profile: number;
  /** `seq_level_idx` of operating point 0. */
  readonly level: number;
  readonly highTier: boolean;
  readonly bitDepth: 8 | 10 | 12;
  readonly monochrome: boolean;
  readonly subsamplingX: boolean;
  readonly subsamplingY: boolean;
  readonly chromaPosition: number;
  /** ISO/IEC 23091-2 primaries, transfer and matrix; 2 is unspecified. */
  readonly colour: readonly [number, number, number];
  readonly fullRange: boolean;
  /** The largest frame of the sequence, in pixels. */
  readonly width: number;
  readonly height: number;
  /** A still picture: frames have no type and are all keyframes. */
  readonly reducedStillPicture: boolean;
}

/** Reads the payload of a sequence header OBU (AV1 bitstream specification §5.5). Throws MediaError `codec-malformed`. */
export function readAv1Sequence(payload: Uint8Array): Av1Sequence {
  const reader = new BitReader(payload, 'the AV1 sequence header');
  const profile = reader.bits(3);
  if (profile > 2) throw reader.malformed('is of an unknown profile');
  reader.skip(1);
  const reducedStillPicture = reader.flag();
  const operatingPoint = reducedStillPicture
    ? { level: reader.bits(5), highTier: false }
    : readOperatingPoints(reader);
  const widthBits = reader.bits(4) + 1;
  const heightBits = reader.bits(4) + 1;
  const width = reader.bits(widthBits) + 1;
  const height = reader.bits(heightBits) + 1;
  skipTools(reader, reducedStillPicture);
  return { profile, reducedStillPicture, width, height, ...operatingPoint, ...readColour(reader, profile) };
}

function readOperatingPoints(reader: BitReader) {
  let delayBits = 0;
  if (reader.flag()) {
    reader.skip(64);
    if (reader.flag()) reader.unsignedExpGolomb();
    if (reader.flag()) {
      delayBits = reader.bits(5) + 1;
      reader.skip(32 + 5 + 5);
    }
  }
  const delayPresent = reader.flag();
  const count = reader.bits(5) + 1;
  let first: { level: number; highTier: boolean } | undefined;
  for (let index = 0; index < count; index++) {
    reader.skip(12);
    const level = reader.bits(5);
    const highTier = level > 7 && reader.flag();
    if (delayBits > 0 && reader.flag()) reader.skip(2 * delayBits + 1);
    if (delayPresent && reader.flag()) reader.skip(4);
    first ??= { level, highTier };
  }
  return first ?? { level: 0, highTier: false };
}

function skipTools(reader: BitReader, reducedStillPicture: boolean): void {
  if (!reducedStillPicture && reader.flag()) reader.skip(7);
  reader.skip(3);
  if (!reducedStillPicture) {
    reader.skip(4);
    const orderHint = reader.flag();
    if (orderHint) reader.skip(2);
    const screenContent = reader.flag() || reader.flag();
    if (screenContent && !reader.flag()) reader.skip(1);
    if (orderHint) reader.skip(3);
  }
  reader.skip(3);
}

/** color_config(), §5.5.2 */
function readColour(reader: BitReader, profile: number) {
  const high = reader.flag();
  const bitDepth: 8 | 10 | 12 = profile === 2 && high && reader.flag() ? 12 : high ? 10 : 8;
  const monochrome = profile !== 1 && reader.flag();
  const colour: [number, number, number] = reader.flag()
    ? [reader.bits(8), reader.bits(8), reader.bits(8)]
    : [2, 2, 2];
  const common = { bitDepth, monochrome, colour, chromaPosition: 0 };
  if (monochrome) return { ...common, fullRange: reader.flag(), subsamplingX: true, subsamplingY: true };
  if (colour.join() === '1,13,0') {
    return { ...common, fullRange: true, subsamplingX: false, subsamplingY: false };
  }
  const fullRange = reader.flag();
  const subsamplingX = profile === 0 || (profile === 2 && (bitDepth !== 12 || reader.flag()));
  const subsamplingY = profile === 0 || (profile === 2 && bitDepth === 12 && subsamplingX && reader.flag());
  const chromaPosition = subsamplingX && subsamplingY ? reader.bits(2) : 0;
  return { ...common, fullRange, subsamplingX, subsamplingY, chromaPosition };
}
