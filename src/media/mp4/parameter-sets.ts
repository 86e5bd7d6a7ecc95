import { AVC_NAL, avcNalType } from '../codec/avc.ts';
import { HEVC_NAL, hevcNalType } from '../codec/hevc.ts';
import { splitLengthPrefixed } from '../codec/nal-units.ts';
import type { VideoTrack } from '../track.ts';
import { childBoxes } from './box.ts';
import { ByteReader } from './byte-reader.ts';

/** Where `lengthSizeMinusOne` is in a configuration record (ISO/IEC 14496-15 §5.3.3.1, §8.3.3.1). */
const LENGTH_SIZE_AT = { avc: 4, hevc: 21 } as const;

/** Bytes of the length before each NAL unit; 0 for a codec that has none. */
export function nalLengthSize({ codec, configuration }: VideoTrack): number {
  if (codec !== 'avc' && codec !== 'hevc') return 0;
  return ((configuration[LENGTH_SIZE_AT[codec]] ?? 0) & 3) + 1;
}

/** Whether a chunk's first keyframe brings SPS and PPS (HEVC: and VPS), so that it needs no configuration record. */
export function bringsParameterSets(chunk: Uint8Array, track: VideoTrack): boolean {
  const lengthSize = nalLengthSize(track);
  if (lengthSize === 0) return false;
  for (const box of childBoxes(new ByteReader(chunk, 'chunk'))) {
    if (box.name !== 'mdat') continue;
    const units = splitLengthPrefixed(box.rest(), lengthSize);
    const types = new Set(units.map(track.codec === 'avc' ? avcNalType : hevcNalType));
    const needed =
      track.codec === 'avc' ? [AVC_NAL.sps, AVC_NAL.pps] : [HEVC_NAL.vps, HEVC_NAL.sps, HEVC_NAL.pps];
    return needed.every((type) => types.has(type));
  }
  return false;
}
