import { MediaError } from '../media-error.ts';
import { ByteWriter } from '../mp4/byte-writer.ts';
import type { VideoCodec, VideoTrack } from '../track.ts';
import { EX_DESCRIPTION, readExPacket } from './ex-packet.ts';

/** The body of an FLV video tag, which is the payload of an RTMP video message. */
export type VideoTag =
  | { readonly type: 'configuration'; readonly codec: VideoCodec; readonly record: Uint8Array }
  | {
      readonly type: 'frame';
      readonly codec: VideoCodec;
      readonly keyframe: boolean;
      /** Presentation time less decode time, in milliseconds. */
      readonly compositionOffset: number;
      readonly data: Uint8Array;
    }
  /** The stream of that codec is over. */
  | { readonly type: 'end'; readonly codec: VideoCodec }
  /** Colour metadata, a command to the player, or another track. */
  | { readonly type: 'other' };

/** How Enhanced RTMP names codecs (v2, "Defining Additional Video Codecs"). H.264 has a number of its own from before. */
export const VIDEO_FOURCC = { av1: 'av01', vp9: 'vp09', vp8: 'vp08', hevc: 'hvc1', avc: 'avc1' } as const;

/** UB[4] CodecID (Adobe FLV specification 10.1, §E.4.3.1); 12 is what came before Enhanced RTMP. */
const CODEC_IDS = new Map<number, VideoCodec>([
  [7, 'avc'],
  [12, 'hevc'],
]);
const AVC_CODEC_ID = 7;
const KEYFRAME = 1;
const INTER_FRAME = 2;
const COMMAND_FRAME = 5;
const EX_HEADER = 0x80;
/** AVCPacketType and VideoPacketType. */
const PACKET = { sequenceStart: 0, codedFrames: 1, sequenceEnd: 2, codedFramesX: 3 } as const;
/** Version and flags of `vpcC`: Enhanced RTMP's text leaves them out, FFmpeg and MediaMTX write and want them. */
const VPCC_VERSION = [1, 0, 0, 0];

/** The sequence header of a track: its configuration record. */
export function writeVideoConfiguration({ codec, configuration }: VideoTrack): Uint8Array {
  const writer = new ByteWriter(5 + configuration.length);
  if (codec === 'avc') {
    writer.u8((KEYFRAME << 4) | AVC_CODEC_ID);
    writer.u8(PACKET.sequenceStart);
    writer.u24(0);
  } else {
    writer.u8(EX_HEADER | (KEYFRAME << 4) | PACKET.sequenceStart);
    writer.text(VIDEO_FOURCC[codec]);
  }
  writer.append(configuration);
  return writer.finish();
}

/** A frame, in MP4 form; the offset in milliseconds. One copy of its bytes. */
export function writeVideoFrame(
  codec: VideoCodec,
  keyframe: boolean,
  compositionOffset: number,
  data: Uint8Array,
): Uint8Array {
  const head = writeVideoFrameHead(codec, keyframe, compositionOffset);
  const writer = new ByteWriter(head.length + data.length);
  writer.append(head);
  writer.append(data);
  return writer.finish();
}

/** What stands before the bytes of a frame; the offset in milliseconds. */
export function writeVideoFrameHead(
  codec: VideoCodec,
  keyframe: boolean,
  compositionOffset: number,
): Uint8Array {
  const frameType = (keyframe ? KEYFRAME : INTER_FRAME) << 4;
  if (codec === 'avc') {
    const writer = new ByteWriter(5);
    writer.u8(frameType | AVC_CODEC_ID);
    writer.u8(PACKET.codedFrames);
    writer.u24(compositionOffset);
    return writer.finish();
  }
  // Only HEVC has an offset here; the others are in presentation order.
  const offset = codec === 'hevc' && compositionOffset !== 0;
  const writer = new ByteWriter(5 + (offset ? 3 : 0));
  writer.u8(EX_HEADER | frameType | (codec === 'hevc' && !offset ? PACKET.codedFramesX : PACKET.codedFrames));
  writer.text(VIDEO_FOURCC[codec]);
  if (offset) writer.u24(compositionOffset);
  return writer.finish();
}

/**
 * Reads the body of a video tag, of the old kind and of Enhanced RTMP's. Throws MediaError `codec-unsupported`, or
 * `container-malformed` when it is too short.
 */
export function readVideoTag(body: Uint8Array): VideoTag {
  const [first = 0] = body;
  const frameType = (first >> 4) & 7;
  if (first & EX_HEADER) return readExTag(body, frameType);
  if (frameType === COMMAND_FRAME) return { type: 'other' };
  const codec = CODEC_IDS.get(first & 0x0f);
  if (!codec) throw unsupported(`of FLV's number ${first & 0x0f}`);
  if (body.length < 5) throw tooShort();
  return readPacket(codec, body[1] ?? 0, frameType === KEYFRAME, readI24(body, 2), body.subarray(5));
}

function readExTag(body: Uint8Array, frameType: number): VideoTag {
  if (frameType === COMMAND_FRAME) return { type: 'other' };
  const found = readExPacket('video', body);
  if (!found || found.packet === EX_DESCRIPTION) return { type: 'other' };
  const { packet } = found;
  const codec = codecOf(found.fourcc);
  const hasOffset = packet === PACKET.codedFrames && (codec === 'hevc' || codec === 'avc');
  if (hasOffset && found.data.length < 3) throw tooShort();
  const data = found.data.subarray(hasOffset ? 3 : 0);
  const kind = packet === PACKET.codedFramesX ? PACKET.codedFrames : packet;
  if (kind === PACKET.sequenceStart && isBareVp(codec, data)) {
    return { type: 'configuration', codec, record: Uint8Array.of(...VPCC_VERSION, ...data) };
  }
  return readPacket(codec, kind, frameType === KEYFRAME, hasOffset ? readI24(found.data, 0) : 0, data);
}

function readPacket(
  codec: VideoCodec,
  packet: number,
  keyframe: boolean,
  compositionOffset: number,
  data: Uint8Array,
): VideoTag {
  switch (packet) {
    case PACKET.sequenceStart:
      return { type: 'configuration', codec, record: data };
    case PACKET.codedFrames:
      return { type: 'frame', codec, keyframe, compositionOffset, data };
    case PACKET.sequenceEnd:
      return { type: 'end', codec };
    default:
      throw new MediaError('codec-unsupported', `video packets of type ${packet} are not supported`);
  }
}

/** A record without its version: one that began like it would have 0 bits a sample. */
const isBareVp = (codec: VideoCodec, record: Uint8Array) =>
  (codec === 'vp8' || codec === 'vp9') && VPCC_VERSION.some((byte, index) => byte !== record[index]);

function codecOf(fourcc: string): VideoCodec {
  for (const codec of ['avc', 'hevc', 'vp9', 'av1', 'vp8'] as const)
    if (VIDEO_FOURCC[codec] === fourcc) return codec;
  throw unsupported(`called ${fourcc.replace(/[^\x20-\x7e]/g, '?')}`);
}

function readI24(bytes: Uint8Array, at: number): number {
  return ((((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)) << 8) >> 8;
}

function unsupported(which: string): MediaError {
  return new MediaError('codec-unsupported', `video ${which} is not supported: use H.264`);
}

function tooShort(): MediaError {
  return new MediaError('container-malformed', 'an FLV video tag is too short');
}
