import { MediaError } from '../media-error.ts';
import type { AudioConfiguration } from './configuration.ts';

/** Opus is always decoded at 48 kHz (RFC 7845 §5.1). */
export const OPUS_SAMPLE_RATE = 48_000;

/** Reads the body of `dOps` (Encapsulation of Opus in ISOBMFF §4.3.2). Throws MediaError `codec-malformed`. */
export function readOpusConfiguration(record: Uint8Array): AudioConfiguration {
  const channels = record[1] ?? 0;
  if (record[0] !== 0 || channels === 0 || record.length < recordLength(channels, record[10])) {
    throw new MediaError(
      'codec-malformed',
      'the Opus configuration record is too short or of an unknown version',
    );
  }
  return {
    codec: 'opus',
    codecString: 'opus',
    configuration: record,
    sampleRate: OPUS_SAMPLE_RATE,
    channels,
  };
}

/** Turns an `OpusHead` (RFC 7845 §5.1: little-endian) into a `dOps` body (big-endian). */
export function writeOpusConfiguration(head: Uint8Array): AudioConfiguration {
  const magic = String.fromCharCode(...head.subarray(0, 8));
  if (magic !== 'OpusHead' || head.length < 19 || (head[8] ?? 0) > 15) {
    throw new MediaError('codec-malformed', 'the Opus track has no valid OpusHead');
  }
  const from = new DataView(head.buffer, head.byteOffset, head.byteLength);
  // A copy, which slice() of a Node Buffer is not.
  const record = new Uint8Array(head.subarray(8, 8 + recordLength(head[9] ?? 0, head[18])));
  const to = new DataView(record.buffer);
  record[0] = 0;
  to.setUint16(2, from.getUint16(10, true));
  to.setUint32(4, from.getUint32(12, true));
  to.setInt16(8, from.getInt16(16, true));
  return readOpusConfiguration(record);
}

/** With a channel mapping table for every family but 0. */
function recordLength(channels: number, family: number | undefined): number {
  return family === 0 ? 11 : 13 + channels;
}

/** Length of a packet in samples at 48 kHz, from its table of contents (RFC 6716 §3.1); 0 for an invalid one. */
export function opusPacketDuration(packet: Uint8Array): number {
  const [toc, second = 0] = packet;
  if (toc === undefined) return 0;
  const code = toc & 3;
  const frames = code === 0 ? 1 : code < 3 ? 2 : second & 0x3f;
  const duration = frames * frameDuration(toc >> 3);
  return duration > 5760 ? 0 : duration;
}

/**
 * A packet with one empty frame in the manner of another packet: a decoder conceals it like a lost one (RFC 6716
 * §3.2.1, §4.4). Lasts as long as one frame of that packet. For mono and stereo streams.
 */
export function opusEmptyPacket(like: Uint8Array): Uint8Array {
  return new Uint8Array([(like[0] ?? 0) & 0xfc]);
}

/** RFC 6716 table 2: SILK, hybrid and CELT frames. */
function frameDuration(configuration: number): number {
  if (configuration < 12) return [480, 960, 1920, 2880][configuration & 3] ?? 0;
  if (configuration < 16) return configuration % 2 === 0 ? 480 : 960;
  return 120 << (configuration & 3);
}
