import type { RtmpMessage } from './message.ts';
import { RtmpError } from './rtmp-error.ts';

/** Type, length, timestamp and stream id before each message; its whole length behind it, as in FLV. */
const HEADER_SIZE = 11;
const BACK_POINTER_SIZE = 4;

/**
 * The messages in an aggregate message (RTMP specification 1.0, §7.1.6), on the clock of the aggregate. Throws RtmpError
 * `rtmp-chunk-malformed`.
 */
export function readAggregate({ streamId, timestamp, payload }: RtmpMessage): RtmpMessage[] {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const messages: RtmpMessage[] = [];
  let first: number | undefined;
  for (let at = 0; at < payload.length; ) {
    const length = at + HEADER_SIZE <= payload.length ? view.getUint32(at) & 0xffffff : Infinity;
    const end = at + HEADER_SIZE + length;
    if (end > payload.length)
      throw new RtmpError('rtmp-chunk-malformed', 'an aggregate ends within a message');
    const time = view.getUint8(at + 7) * 2 ** 24 + (view.getUint32(at + 3) & 0xffffff);
    first ??= time;
    messages.push({
      type: view.getUint8(at),
      streamId,
      timestamp: (timestamp + time - first) >>> 0,
      payload: payload.subarray(at + HEADER_SIZE, end),
    });
    at = end + BACK_POINTER_SIZE;
  }
  return messages;
}
