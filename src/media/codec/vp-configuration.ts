import { MediaError } from '../media-error.ts';
import { decimals, type VideoConfiguration } from './configuration.ts';

/** VP8 and VP9 have the same record, in which the codec is not. */
export type VpCodec = 'vp8' | 'vp9';

/** Fields of VPCodecConfigurationRecord. */
interface VpFormat {
  readonly profile: number;
  readonly bitDepth: number;
  /** 0 4:2:0 vertical, 1 4:2:0 colocated, 2 4:2:2, 3 4:4:4. */
  readonly chromaSubsampling: number;
  readonly fullRange: boolean;
  /** ISO/IEC 23091-2 primaries, transfer and matrix. */
  readonly colour: readonly [number, number, number];
}

/** What the header of a keyframe says. */
export interface VpKeyframe extends VpFormat {
  readonly width: number;
  readonly height: number;
}

/** The first part of their codec strings, which is the sample entry in MP4 and the FourCC in Enhanced RTMP, too. */
const NAMES: Readonly<Record<VpCodec, string>> = { vp8: 'vp08', vp9: 'vp09' };

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
export function readVpConfiguration(codec: VpCodec, record: Uint8Array): VideoConfiguration {
  const [version, , , , profile = 0, level = 0, format = 0, ...colour] = record;
  if (version !== 1 || record.length < 12 || profile > 3) {
    throw new MediaError(
      'codec-malformed',
      `the ${codec === 'vp8' ? 'VP8' : 'VP9'} configuration record is not version 1 or too short`,
    );
  }
  const [primaries = 2, transfer = 2, matrix = 2] = colour;
  const codecString = formatCodecString(codec, level, {
    profile,
    bitDepth: format >> 4,
    chromaSubsampling: (format >> 1) & 7,
    fullRange: (format & 1) === 1,
    colour: [primaries, transfer, matrix],
  });
  return { codec, codecString, configuration: record, width: 0, height: 0 };
}

/** Writes the body of `vpcC` for a keyframe; the level is the least one for its size at that frame rate. */
export function writeVpConfiguration(
  codec: VpCodec,
  keyframe: VpKeyframe,
  frameRate: number,
): VideoConfiguration {
  const { profile, bitDepth, chromaSubsampling, fullRange, colour, width, height } = keyframe;
  const area = width * height;
  const level = LEVELS.find(([, rate, size]) => area <= size && area * frameRate <= rate)?.[0] ?? 62;
  const format = (bitDepth << 4) | (chromaSubsampling << 1) | (fullRange ? 1 : 0);
  return {
    codec,
    codecString: formatCodecString(codec, level, keyframe),
    configuration: Uint8Array.of(1, 0, 0, 0, profile, level, format, ...colour, 0, 0),
    width,
    height,
  };
}

/** `vp09.PP.LL.DD`, and the colour fields where they differ from the defaults that leaving them out stands for. */
function formatCodecString(codec: VpCodec, level: number, format: VpFormat): string {
  const { profile, bitDepth, chromaSubsampling, fullRange, colour } = format;
  const base = `${NAMES[codec]}.${decimals(profile, level, bitDepth)}`;
  const usual = colour.every((value) => value === 1) || colour.every((value) => value === 2);
  if (usual && chromaSubsampling < 2 && !fullRange) return base;
  return `${base}.${decimals(chromaSubsampling, ...colour, fullRange ? 1 : 0)}`;
}
