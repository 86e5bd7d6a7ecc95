import { writeOpusConfiguration } from '../codec/opus.ts';
import { MediaError } from '../media-error.ts';

const MAGIC = [...'OpusHead'].map((letter) => letter.charCodeAt(0));

/** Turns the body of `dOps` (big-endian) into an `OpusHead` (RFC 7845 §5.1: little-endian), Enhanced RTMP's header. */
export function writeOpusHead(record: Uint8Array): Uint8Array {
  if (record.length < 11)
    throw new MediaError('codec-malformed', 'the Opus configuration record is too short');
  const head = new Uint8Array(MAGIC.length + record.length);
  head.set(MAGIC);
  head.set(record, MAGIC.length);
  const from = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const to = new DataView(head.buffer);
  head[8] = 1;
  to.setUint16(10, from.getUint16(2), true);
  to.setUint32(12, from.getUint32(4), true);
  to.setInt16(16, from.getInt16(8), true);
  return head;
}

/** The body of `dOps` of an `OpusHead`. Throws MediaError `codec-malformed`. */
export const readOpusHead = (head: Uint8Array): Uint8Array => writeOpusConfiguration(head).configuration;
