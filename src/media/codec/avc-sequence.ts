import { BitReader } from './bit-reader.ts';
import { unescapeNalUnit } from './nal-units.ts';

/** What a sequence parameter set says about its stream. */
export interface AvcSequence {
  readonly profile: number;
  /** The six constraint flags and two zero bits, as they stand in the bitstream. */
  readonly constraints: number;
  readonly level: number;
  /** 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  readonly chromaFormat: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  /** Pixels after cropping. */
  readonly width: number;
  readonly height: number;
  /** `max_num_reorder_frames`, or an upper bound where the stream does not say. */
  readonly reorderFrames: number;
}

const HIGH_PROFILES = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];
const INTRA_ONLY_PROFILES = [44, 86, 100, 110, 122, 244];

/** Reads a sequence parameter set NAL unit (ISO/IEC 14496-10 §7.3.2.1.1). Throws MediaError `codec-malformed`. */
export function readAvcSequence(unit: Uint8Array): AvcSequence {
  const reader = new BitReader(unescapeNalUnit(unit), 'the H.264 sequence parameter set');
  reader.skip(8);
  const profile = reader.bits(8);
  const constraints = reader.bits(8);
  const level = reader.bits(8);
  reader.unsignedExpGolomb();
  const format = readFormat(reader, profile);
  reader.unsignedExpGolomb();
  const orderType = readPictureOrder(reader);
  const referenceFrames = reader.unsignedExpGolomb();
  reader.skip(1);
  const size = readSize(reader, format.chromaFormat);
  const stated = reader.flag() ? readReorderFrames(reader) : undefined;
  const intraOnly = INTRA_ONLY_PROFILES.includes(profile) && (constraints & 0x10) !== 0;
  const inOrder = profile === 66 || orderType === 2 || referenceFrames < 2 || intraOnly;
  const bound = inOrder ? 0 : Math.min(referenceFrames, 16);
  if (stated !== undefined && stated > 16) throw reader.malformed('reorders more than 16 frames');
  return { profile, constraints, level, ...format, ...size, reorderFrames: stated ?? bound };
}

function readFormat(reader: BitReader, profile: number) {
  if (!HIGH_PROFILES.includes(profile)) return { chromaFormat: 1, bitDepthLuma: 8, bitDepthChroma: 8 };
  const chromaFormat = reader.unsignedExpGolomb();
  if (chromaFormat > 3) throw reader.malformed('has an unknown chroma format');
  if (chromaFormat === 3) reader.skip(1);
  const bitDepthLuma = 8 + reader.unsignedExpGolomb();
  const bitDepthChroma = 8 + reader.unsignedExpGolomb();
  if (bitDepthLuma > 14 || bitDepthChroma > 14) throw reader.malformed('has more than 14 bits a sample');
  reader.skip(1);
  if (reader.flag()) {
    for (let list = 0; list < (chromaFormat === 3 ? 12 : 8); list++) {
      if (reader.flag()) skipScalingList(reader, list < 6 ? 16 : 64);
    }
  }
  return { chromaFormat, bitDepthLuma, bitDepthChroma };
}

/** §7.3.2.1.1.1 */
function skipScalingList(reader: BitReader, size: number): void {
  let last = 8;
  let next = 8;
  for (let index = 0; index < size; index++) {
    if (next !== 0) next = (last + reader.signedExpGolomb() + 256) & 0xff;
    if (next !== 0) last = next;
  }
}

function readPictureOrder(reader: BitReader): number {
  const type = reader.unsignedExpGolomb();
  if (type === 0) reader.unsignedExpGolomb();
  if (type !== 1) return type;
  reader.skip(1);
  reader.signedExpGolomb();
  reader.signedExpGolomb();
  const count = reader.unsignedExpGolomb();
  if (count > 255) throw reader.malformed('has too many reference frames in its order cycle');
  for (let index = 0; index < count; index++) reader.signedExpGolomb();
  return type;
}

function readSize(reader: BitReader, chromaFormat: number) {
  const widthInMacroblocks = reader.unsignedExpGolomb() + 1;
  const heightInMapUnits = reader.unsignedExpGolomb() + 1;
  const framesOnly = reader.flag();
  if (!framesOnly) reader.skip(1);
  reader.skip(1);
  const fields = framesOnly ? 1 : 2;
  const unitX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const unitY = (chromaFormat === 1 ? 2 : 1) * fields;
  const crop = reader.flag() ? [0, 0, 0, 0].map(() => reader.unsignedExpGolomb()) : [0, 0, 0, 0];
  const [left = 0, right = 0, top = 0, bottom = 0] = crop;
  const width = widthInMacroblocks * 16 - (left + right) * unitX;
  const height = heightInMapUnits * 16 * fields - (top + bottom) * unitY;
  if (width <= 0 || height <= 0) throw reader.malformed('crops the whole picture');
  return { width, height };
}

/** The last fields of the VUI (§E.1.1), or undefined without bitstream restrictions. */
function readReorderFrames(reader: BitReader): number | undefined {
  if (reader.flag() && reader.bits(8) === 255) reader.skip(32);
  if (reader.flag()) reader.skip(1);
  if (reader.flag()) {
    reader.skip(4);
    if (reader.flag()) reader.skip(24);
  }
  if (reader.flag()) {
    reader.unsignedExpGolomb();
    reader.unsignedExpGolomb();
  }
  if (reader.flag()) reader.skip(65);
  const nalHrd = reader.flag();
  if (nalHrd) skipHrd(reader);
  const vclHrd = reader.flag();
  if (vclHrd) skipHrd(reader);
  if (nalHrd || vclHrd) reader.skip(1);
  reader.skip(1);
  if (!reader.flag()) return undefined;
  reader.skip(1);
  for (let index = 0; index < 4; index++) reader.unsignedExpGolomb();
  return reader.unsignedExpGolomb();
}

/** §E.1.2 */
function skipHrd(reader: BitReader): void {
  const count = reader.unsignedExpGolomb() + 1;
  if (count > 32) throw reader.malformed('has too many coded picture buffers');
  reader.skip(8);
  for (let index = 0; index < count; index++) {
    reader.unsignedExpGolomb();
    reader.unsignedExpGolomb();
    reader.skip(1);
  }
  reader.skip(20);
}
