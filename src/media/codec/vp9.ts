import { MediaError } from '../media-error.ts';
import { BitReader } from './bit-reader.ts';
import { decimals, type VideoConfiguration } from './configuration.ts';

/** Fields of VPCodecConfigurationRecord. */
interface Vp9Format {
  readonly profile: number;
  readonly bitDepth: number;
  /** 0 4:2:0 vertical, 1 4:2:0 colocated, 2 4:2:2, 3 4:4:4. */
  readonly chromaSubsampling: number;
  readonly fullRange: boolean;
  /** ISO/IEC 23091-2 primaries, transfer and matrix. */
  readonly colour: readonly [number, number, number];
}

/** What the uncompressed header of a keyframe says. */
export interface Vp9Keyframe extends Vp9Format {
  readonly width: number;
  readonly height: number;
}

/** By `color_space` (VP9 bitstream specification §7.2.2); "unknown" is 2, unspecified. */
const COLOURS: readonly (readonly [number, number, number])[] = [
  [2, 2, 2],
  [6, 6, 6],
  [1, 1, 1],
  [6, 6, 6],
  [7, 7, 7],
  [9, 14, 9],
  [2, 2, 2],
  [1, 13, 0],
];

/** Level, luma samples a second, luma samples a picture (VP9 levels, webmproject.org/vp9/levels). */
const LEVELS: readonly (readonly [number, number, number])[] = [
  [10, 829_440, 36_864],
  [11, 2_764_800, 73_728],
  [20, 4_608_000, 122_880],
  [21, 9_216_000, 245_760],
  [30, 20_736_000, 552_960],
  [31, 36_864_000, 983_040],
  [40, 83_558_400, 2_228_224],
  [41, 160_432_128, 2_228_224],
  [50, 311_951_360, 8_912_896],
  [51, 588_251_136, 8_912_896],
  [52, 1_176_502_272, 8_912_896],
  [60, 1_176_502_272, 35_651_584],
  [61, 2_353_004_544, 35_651_584],
];

/** Reads the body of `vpcC`, from the version byte on (VP9-ISOBMFF §"VP Codec Configuration Box"). It holds no size. */
export function readVp9Configuration(record: Uint8Array): VideoConfiguration {
  const [version, , , , profile = 0, level = 0, format = 0, ...colour] = record;
  if (version !== 1 || record.length < 12 || profile > 3) {
    throw new MediaError('codec-malformed', 'the VP9 configuration record is not version 1 or too short');
  }
  const [primaries = 2, transfer = 2, matrix = 2] = colour;
  const codecString = formatCodecString(level, {
    profile,
    bitDepth: format >> 4,
    chromaSubsampling: (format >> 1) & 7,
    fullRange: (format & 1) === 1,
    colour: [primaries, transfer, matrix],
  });
  return { codec: 'vp9', codecString, configuration: record, width: 0, height: 0 };
}

/** Writes the body of `vpcC` for a keyframe; the level is the least one for its size at that frame rate. */
export function writeVp9Configuration(keyframe: Vp9Keyframe, frameRate: number): VideoConfiguration {
  const { profile, bitDepth, chromaSubsampling, fullRange, colour, width, height } = keyframe;
  const area = width * height;
  const level = LEVELS.find(([, rate, size]) => area <= size && area * frameRate <= rate)?.[0] ?? 62;
  const format = (bitDepth << 4) | (chromaSubsampling << 1) | (fullRange ? 1 : 0);
  return {
    codec: 'vp9',
    codecString: formatCodecString(level, keyframe),
    configuration: Uint8Array.of(1, 0, 0, 0, profile, level, format, ...colour, 0, 0),
    width,
    height,
  };
}

/** `vp09.PP.LL.DD`, and the colour fields where they differ from the defaults that leaving them out stands for. */
function formatCodecString(level: number, format: Vp9Format): string {
  const { profile, bitDepth, chromaSubsampling, fullRange, colour } = format;
  const base = `vp09.${decimals(profile, level, bitDepth)}`;
  const usual = colour.every((value) => value === 1) || colour.every((value) => value === 2);
  if (usual && chromaSubsampling < 2 && !fullRange) return base;
  return `${base}.${decimals(chromaSubsampling, ...colour, fullRange ? 1 : 0)}`;
}

/** Reads a frame's uncompressed header up to its size; undefined for one that is no keyframe. */
export function readVp9Keyframe(frame: Uint8Array): Vp9Keyframe | undefined {
  const reader = new BitReader(frame, 'the VP9 frame');
  const { profile, keyframe } = readFrameStart(reader);
  if (!keyframe) return undefined;
  if (reader.bits(24) !== 0x498342) throw reader.malformed('has a wrong sync code');
  const format = readColour(reader, profile);
  const width = reader.bits(16) + 1;
  const height = reader.bits(16) + 1;
  return { profile, ...format, width, height };
}

function readFrameStart(reader: BitReader) {
  if (reader.bits(2) !== 2) throw reader.malformed('has a wrong frame marker');
  const profile = reader.bits(1) + 2 * reader.bits(1);
  if (profile === 3 && reader.flag()) throw reader.malformed('is of an unknown profile');
  const shownAgain = reader.flag();
  if (shownAgain) return { profile, keyframe: false };
  const keyframe = !reader.flag();
  reader.skip(2);
  return { profile, keyframe };
}

/** color_config(), §6.2.2 */
function readColour(reader: BitReader, profile: number): Omit<Vp9Format, 'profile'> {
  const bitDepth = profile < 2 ? 8 : reader.flag() ? 12 : 10;
  const colour = COLOURS[reader.bits(3)] ?? ([2, 2, 2] as const);
  if (colour[2] === 0) {
    if (profile % 2 === 1) reader.skip(1);
    return { bitDepth, chromaSubsampling: 3, fullRange: true, colour };
  }
  const fullRange = reader.flag();
  if (profile % 2 === 0) return { bitDepth, chromaSubsampling: 1, fullRange, colour };
  const halfWidth = reader.flag();
  const halfHeight = reader.flag();
  reader.skip(1);
  const chromaSubsampling = !halfWidth ? 3 : halfHeight ? 1 : 2;
  return { bitDepth, chromaSubsampling, fullRange, colour };
}
