import { EXTENDED, FIRST_CHUNK_SIZE } from './chunk-stream-reader.ts';
import { lengthOf, MESSAGE, type RtmpMessage, writeNumberMessage } from './message.ts';

/** What was written last to a chunk stream: the next header says only what differs. */
interface Written {
  readonly type: number;
  readonly streamId: number;
  readonly length: number;
  readonly timestamp: number;
  /** What was added; undefined after a header of type 0: readers differ in what one of type 3 behind it adds. */
  readonly delta: number | undefined;
}

/** Basic header, message header, extended timestamp. */
const LONGEST_HEADER = 3 + 11 + 4;
const LONGEST_COPIED = 16;
const NOTHING = new Uint8Array();

/** Writes messages as chunks (RTMP specification 1.0, §5.3): headers of its own, and views of the payloads. Pure. */
export class ChunkStreamWriter {
  readonly #streams = new Map<number, Written>();
  #chunkSize = FIRST_CHUNK_SIZE;

  /** The message that tells the other side, to be sent before what is longer; it is followed from here on. */
  setChunkSize(size: number): Uint8Array[] {
    const parts = this.write(2, writeNumberMessage(MESSAGE.setChunkSize, size));
    this.#chunkSize = size;
    return parts;
  }

  /** The chunks of a message, in order, on that chunk stream: 2 to 65599. */
  write(chunkStream: number, message: RtmpMessage): Uint8Array[] {
    const { type, time } = this.#choose(chunkStream, message);
    const { payload, rest } = message;
    // A few bytes are copied for less than what writing them by themselves would cost.
    const isShort = rest !== undefined && payload.length <= Math.min(LONGEST_COPIED, this.#chunkSize);
    const parts = [writeHeader(chunkStream, type, time, message, isShort ? payload : NOTHING)];
    let room = this.#chunkSize - (isShort ? payload.length : 0);
    for (const piece of isShort ? [rest] : [payload, rest ?? NOTHING]) {
      for (let at = 0; at < piece.length; ) {
        if (room === 0) parts.push(writeHeader(chunkStream, 3, time, message));
        if (room === 0) room = this.#chunkSize;
        const end = Math.min(piece.length, at + room);
        parts.push(piece.subarray(at, end));
        room -= end - at;
        at = end;
      }
    }
    return parts;
  }

  /** The shortest header that says it, and the time that it is to have. */
  #choose(chunkStream: number, message: RtmpMessage): { type: number; time: number } {
    const { type, streamId, timestamp } = message;
    const length = lengthOf(message);
    const last = this.#streams.get(chunkStream);
    const delta = last ? (timestamp - last.timestamp) >>> 0 : 0;
    const whole = !last || last.streamId !== streamId || delta > 0x7fffffff;
    const time = whole ? timestamp : delta;
    this.#streams.set(chunkStream, { type, streamId, length, timestamp, delta: whole ? undefined : delta });
    if (whole) return { type: 0, time };
    if (last.type !== type || last.length !== length) return { type: 1, time };
    return { type: last.delta === delta ? 3 : 2, time };
  }
}

function writeHeader(
  chunkStream: number,
  type: number,
  time: number,
  message: RtmpMessage,
  behind: Uint8Array = NOTHING,
): Uint8Array {
  const bytes = new Uint8Array(LONGEST_HEADER + behind.length);
  const view = new DataView(bytes.buffer);
  let at = writeBasicHeader(bytes, chunkStream, type);
  if (type < 3) {
    writeU24(view, at, Math.min(time, EXTENDED));
    at += 3;
  }
  if (type < 2) {
    writeU24(view, at, lengthOf(message));
    bytes[at + 3] = message.type;
    at += 4;
  }
  if (type === 0) {
    view.setUint32(at, message.streamId, true);
    at += 4;
  }
  if (time >= EXTENDED) {
    view.setUint32(at, time);
    at += 4;
  }
  bytes.set(behind, at);
  return bytes.subarray(0, at + behind.length);
}

/** §5.3.1.1. */
function writeBasicHeader(bytes: Uint8Array, chunkStream: number, type: number): number {
  const format = type << 6;
  if (chunkStream < 64) {
    bytes[0] = format | chunkStream;
    return 1;
  }
  const rest = chunkStream - 64;
  bytes[1] = rest & 0xff;
  if (rest < 256) {
    bytes[0] = format;
    return 2;
  }
  bytes[0] = format | 1;
  bytes[2] = rest >> 8;
  return 3;
}

function writeU24(view: DataView, at: number, value: number): void {
  view.setUint16(at, value >>> 8);
  view.setUint8(at + 2, value);
}
