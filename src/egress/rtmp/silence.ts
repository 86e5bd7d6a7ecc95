import { aacSilentPacket, readAacConfiguration } from '../../media/codec/aac.ts';
import { opusEmptyPacket } from '../../media/codec/opus.ts';
import { writeAudioFrame } from '../../media/flv/audio-tag.ts';
import { type Milliseconds, milliseconds, timescale } from '../../media/time.ts';
import { type FlvTrack, flvTrackOf } from './flv-track.ts';

/** CELT, fullband, 20 ms; one frame (RFC 6716 §3.1), mono and stereo. Empty: a decoder fades it out, then it is silent. */
const OPUS_MONO = 31 << 3;
const OPUS_STEREO = OPUS_MONO | 4;

/** A packet without sound. */
export interface Silence {
  readonly track: FlvTrack;
  /** The body of its FLV tag. */
  readonly payload: Uint8Array;
  readonly duration: Milliseconds;
}

/** For broadcasts without sound, which platforms do not take: AAC-LC of 48 kHz, stereo, with nothing but silence. */
export const SILENT_TRACK: FlvTrack = flvTrackOf({
  ...{ kind: 'audio', codec: 'aac', codecString: 'mp4a.40.2', timescale: timescale(48_000) },
  ...{ configuration: Uint8Array.of(0x11, 0x90), sampleRate: 48_000, channels: 2 },
});

/** Silence that may stand in place of packets of that track; undefined for more than two channels and for HE-AAC. */
export function silenceOf(flvTrack: FlvTrack): Silence | undefined {
  const { track, packetDuration } = flvTrack;
  if (track.kind !== 'audio' || track.channels > 2) return undefined;
  if (track.codec === 'opus') {
    const packet = opusEmptyPacket(Uint8Array.of(track.channels === 2 ? OPUS_STEREO : OPUS_MONO));
    return { track: flvTrack, payload: writeAudioFrame('opus', packet), duration: milliseconds(20) };
  }
  const packet = aacSilentPacket(readAacConfiguration(track.configuration));
  return packet && { track: flvTrack, payload: writeAudioFrame('aac', packet), duration: packetDuration };
}
