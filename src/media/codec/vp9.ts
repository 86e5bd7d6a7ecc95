import { BitReader } from './bit-reader.ts';
import type { VpKeyframe } from './vp-configuration.ts';

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

/** Reads a frame's uncompressed header up to its size; undefined for one that is no keyframe. */
export function readVp9Keyframe(frame: Uint8Array): VpKeyframe | undefined {
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
function readColour(reader: BitReader, profile: number): Omit<VpKeyframe, 'profile' | 'width' | 'height'> {
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
