import { aacSilentPacket, readAacConfiguration } from '../media/codec/aac.ts';
import { opusEmptyPacket, opusPacketDuration } from '../media/codec/opus.ts';
import { type Ticks, ticks } from '../media/time.ts';
import type { AudioTrack } from '../media/track.ts';

/** A packet that stands where sound is missing. */
export interface AudioFiller {
  readonly data: Uint8Array;
  readonly duration: Ticks;
}

/**
 * What stands where sound of a track is missing, see docs/decisions/0007 and 0018: an empty packet of Opus in the manner of another one, or a
 * silent one of AAC-LC; undefined for other codecs, and for more than two channels.
 */
export function audioFillerOf(track: AudioTrack, like: Uint8Array): AudioFiller | undefined {
  if (track.codec === 'aac') {
    const configuration = readAacConfiguration(track.configuration);
    const data = aacSilentPacket(configuration);
    return data && { data, duration: ticks(configuration.samplesPerPacket) };
  }
  // Channel mapping family 0, mono or stereo: others hold several streams in a packet.
  if (track.configuration[10] !== 0) return undefined;
  const data = opusEmptyPacket(like);
  return { data, duration: ticks(opusPacketDuration(data)) };
}
