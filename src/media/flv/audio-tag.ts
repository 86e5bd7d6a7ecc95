import { MediaError } from '../media-error.ts';
import type { AudioCodec, AudioTrack } from '../track.ts';
import { EX_DESCRIPTION, readExPacket } from './ex-packet.ts';
import { readOpusHead, writeOpusHead } from './opus-head.ts';

/** The body of an FLV audio tag, which is the payload of an RTMP audio message. */
export type AudioTag =
  /** `record` as a track has it: an AudioSpecificConfig, or the body of `dOps`. */
  | { readonly type: 'configuration'; readonly codec: AudioCodec; readonly record: Uint8Array }
  | { readonly type: 'frame'; readonly codec: AudioCodec; readonly data: Uint8Array }
  /** The stream of that codec is over. */
  | { readonly type: 'end'; readonly codec: AudioCodec }
  /** Channel layout, or another track. */
  | { readonly type: 'other' };

/** How Enhanced RTMP names codecs (v2, "Enhanced Audio"). AAC has a number of its own from before. */
export const AUDIO_FOURCC = { opus: 'Opus', aac: 'mp4a' } as const;

/** SoundFormat 10, and the rate, size and type that AAC always has (Adobe FLV specification 10.1, §E.4.2.1). */
const AAC = 0xaf;
const AAC_FORMAT = 10;
const EX_FORMAT = 9;
/** AACPacketType and AudioPacketType. */
const PACKET = { sequenceStart: 0, codedFrames: 1, sequenceEnd: 2 } as const;

/** The sequence header of a track. */
export function writeAudioConfiguration({ codec, configuration }: AudioTrack): Uint8Array {
  const record = codec === 'opus' ? writeOpusHead(configuration) : configuration;
  return writePacket(codec, PACKET.sequenceStart, record);
}

/** One packet. One copy of its bytes. */
export function writeAudioFrame(codec: AudioCodec, data: Uint8Array): Uint8Array {
  return writePacket(codec, PACKET.codedFrames, data);
}

/** What stands before the bytes of a packet. */
export function writeAudioFrameHead(codec: AudioCodec): Uint8Array {
  return Uint8Array.from(headOf(codec, PACKET.codedFrames));
}

function writePacket(codec: AudioCodec, packet: number, data: Uint8Array): Uint8Array {
  const head = headOf(codec, packet);
  const bytes = new Uint8Array(head.length + data.length);
  bytes.set(head);
  bytes.set(data, head.length);
  return bytes;
}

function headOf(codec: AudioCodec, packet: number): number[] {
  return codec === 'aac'
    ? [AAC, packet]
    : [(EX_FORMAT << 4) | packet, ...[...AUDIO_FOURCC[codec]].map((letter) => letter.charCodeAt(0))];
}

/**
 * Reads the body of an audio tag, AAC or one of Enhanced RTMP's. Throws MediaError `codec-unsupported`, or
 * `container-malformed` when it is too short.
 */
export function readAudioTag(body: Uint8Array): AudioTag {
  const [first = 0, packet = 0] = body;
  const format = first >> 4;
  if (format === EX_FORMAT) return readExTag(body);
  if (format !== AAC_FORMAT) {
    throw new MediaError('codec-unsupported', `audio of FLV's number ${format} is not supported: use AAC`);
  }
  if (body.length < 2) throw tooShort();
  const data = body.subarray(2);
  return packet === PACKET.sequenceStart
    ? { type: 'configuration', codec: 'aac', record: data }
    : { type: 'frame', codec: 'aac', data };
}

function readExTag(body: Uint8Array): AudioTag {
  const found = readExPacket('audio', body);
  if (!found || found.packet === EX_DESCRIPTION) return { type: 'other' };
  const { packet, fourcc, data } = found;
  const codec = fourcc === AUDIO_FOURCC.opus ? 'opus' : fourcc === AUDIO_FOURCC.aac ? 'aac' : undefined;
  if (!codec) {
    const name = fourcc.replace(/[^\x20-\x7e]/g, '?');
    throw new MediaError('codec-unsupported', `audio called ${name} is not supported: use AAC or Opus`);
  }
  switch (packet) {
    case PACKET.sequenceStart:
      return { type: 'configuration', codec, record: codec === 'opus' ? readOpusHead(data) : data };
    case PACKET.codedFrames:
      return { type: 'frame', codec, data };
    case PACKET.sequenceEnd:
      return { type: 'end', codec };
    default:
      throw new MediaError('codec-unsupported', `audio packets of type ${packet} are not supported`);
  }
}

function tooShort(): MediaError {
  return new MediaError('container-malformed', 'an FLV audio tag is too short');
}
