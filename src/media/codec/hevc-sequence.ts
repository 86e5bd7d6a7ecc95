import { BitReader } from './bit-reader.ts';
import { unescapeNalUnit } from './nal-units.ts';

/** What a sequence parameter set says about its stream. */
export interface HevcSequence {
  /** profile_space, tier, profile, compatibility and constraint flags, level: 12 bytes as `hvcC` has them. */
  readonly general: Uint8Array;
  readonly temporalLayers: number;
  readonly temporalIdNesting: boolean;
  readonly chromaFormat: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  /** Pixels after cropping. */
  readonly width: number;
  readonly height: number;
  /** `sps_max_num_reorder_pics` of the highest temporal layer. */
  readonly reorderFrames: number;
}

/** Reads a sequence parameter set NAL unit (ISO/IEC 23008-2 §7.3.2.2). Throws MediaError `codec-malformed`. */
export function readHevcSequence(unit: Uint8Array): HevcSequence {
  const payload = unescapeNalUnit(unit);
  const reader = new BitReader(payload, 'the HEVC sequence parameter set');
  reader.skip(16 + 4);
  const subLayers = reader.bits(3);
  const temporalIdNesting = reader.flag();
  const general = payload.subarray(3, 15);
  reader.skip(96);
  skipSubLayers(reader, subLayers);
  reader.unsignedExpGolomb();
  const chromaFormat = reader.unsignedExpGolomb();
  if (chromaFormat > 3) throw reader.malformed('has an unknown chroma format');
  if (chromaFormat === 3) reader.skip(1);
  const size = readSize(reader, chromaFormat);
  const bitDepthLuma = 8 + reader.unsignedExpGolomb();
  const bitDepthChroma = 8 + reader.unsignedExpGolomb();
  if (bitDepthLuma > 15 || bitDepthChroma > 15) throw reader.malformed('has more than 15 bits a sample');
  reader.unsignedExpGolomb();
  const reorderFrames = readReorderFrames(reader, subLayers);
  const format = { chromaFormat, bitDepthLuma, bitDepthChroma };
  return { general, temporalLayers: subLayers + 1, temporalIdNesting, ...format, ...size, reorderFrames };
}

/** The rest of profile_tier_level(), §7.3.3 */
function skipSubLayers(reader: BitReader, subLayers: number): void {
  if (subLayers === 0) return;
  const present: number[] = [];
  for (let layer = 0; layer < 8; layer++) present.push(reader.bits(2));
  for (const flags of present.slice(0, subLayers)) {
    if ((flags & 2) !== 0) reader.skip(88);
    if ((flags & 1) !== 0) reader.skip(8);
  }
}

function readSize(reader: BitReader, chromaFormat: number) {
  const codedWidth = reader.unsignedExpGolomb();
  const codedHeight = reader.unsignedExpGolomb();
  const crop = reader.flag() ? [0, 0, 0, 0].map(() => reader.unsignedExpGolomb()) : [0, 0, 0, 0];
  const [left = 0, right = 0, top = 0, bottom = 0] = crop;
  const width = codedWidth - (left + right) * (chromaFormat === 1 || chromaFormat === 2 ? 2 : 1);
  const height = codedHeight - (top + bottom) * (chromaFormat === 1 ? 2 : 1);
  if (width <= 0 || height <= 0) throw reader.malformed('crops the whole picture');
  return { width, height };
}

function readReorderFrames(reader: BitReader, subLayers: number): number {
  const layers = reader.flag() ? subLayers + 1 : 1;
  let reorderFrames = 0;
  for (let layer = 0; layer < layers; layer++) {
    reader.unsignedExpGolomb();
    reorderFrames = reader.unsignedExpGolomb();
    reader.unsignedExpGolomb();
  }
  if (reorderFrames > 16) throw reader.malformed('reorders more than 16 frames');
  return reorderFrames;
}
