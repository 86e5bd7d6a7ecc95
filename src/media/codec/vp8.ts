import { MediaError } from '../media-error.ts';
import type { VpKeyframe } from './vp-configuration.ts';

const HEADER = 10;
const START_CODE = [0x9d, 0x01, 0x2a];
/** The two bits above a size say how it is to be scaled for display, which nobody does. */
const SIZE_BITS = 0x3fff;

/**
 * Reads a frame's header up to its size (RFC 6386 §9.1); undefined for one that is no keyframe. VP8 is always 4:2:0 of 8
 * bits. Throws MediaError `codec-malformed`.
 */
export function readVp8Keyframe(frame: Uint8Array): VpKeyframe | undefined {
  const [tag = 1] = frame;
  if (tag & 1) return undefined;
  if (frame.length < HEADER || START_CODE.some((byte, index) => frame[3 + index] !== byte)) {
    throw new MediaError('codec-malformed', 'the VP8 frame has a wrong start code, or ends in its header');
  }
  const size = (at: number) => ((frame[at] ?? 0) | ((frame[at + 1] ?? 0) << 8)) & SIZE_BITS;
  const [width, height] = [size(6), size(8)];
  if (width === 0 || height === 0)
    throw new MediaError('codec-malformed', 'the VP8 frame has no width or height');
  return {
    ...{ profile: (tag >> 1) & 3, bitDepth: 8, chromaSubsampling: 1, fullRange: false, colour: [2, 2, 2] },
    ...{ width, height },
  };
}
