import { type Bytes, bytes } from '../time.ts';
import { PieceQueue } from '../webm/piece-queue.ts';
import { MESSAGE, type RtmpMessage, readNumberMessage } from './message.ts';
import { PartialMessage } from './partial-message.ts';
import { RtmpError } from './rtmp-error.ts';

/** Each way starts with it (RTMP specification 1.0, §5.4.1). */
export const FIRST_CHUNK_SIZE = 128;
/** In place of a timestamp that does not fit: it is behind the header (§5.3.1.3). */
export const EXTENDED = 0xffffff;

/** What a reader refuses, so that a hostile peer costs no more than it sends. */
export interface ChunkStreamLimits {
  /** The largest message, and all that are unfinished together. */
  readonly maxMessage: Bytes;
  /** Chunk streams that may be used at once. */
  readonly maxStreams: number;
}

/** 8 MiB a message, 64 chunk streams. */
const DEFAULT_LIMITS: ChunkStreamLimits = {
  maxMessage: bytes(8 * 1024 * 1024),
  maxStreams: 64,
};

/** Bytes of the message header by chunk type (§5.3.1.2). */
const HEADER_SIZES = [11, 7, 3, 0];
const MAX_CHUNK_SIZE = 0xffffff;

/** What a chunk stream remembers from one message to the next. */
interface ChunkStream {
  timestamp: number;
  /** What a type 3 chunk that begins a message adds. */
  delta: number;
  length: number;
  type: number;
  streamId: number;
  /** The extended timestamp of its last header, where it had one: type 3 chunks repeat it. */
  extended: number | undefined;
  message: PartialMessage | undefined;
}

/**
 * Reads messages out of chunks (§5.3), in any slicing. Set Chunk Size and Abort are done here and passed on as well.
 * Pure; after it threw it is dead. Throws RtmpError.
 */
export class ChunkStreamReader {
  readonly #onMessage: (message: RtmpMessage) => void;
  readonly #limits: ChunkStreamLimits;
  readonly #received = new PieceQueue();
  readonly #streams = new Map<number, ChunkStream>();
  #chunkSize = FIRST_CHUNK_SIZE;
  #current: ChunkStream | undefined;
  /** Of the present chunk, still to come. */
  #left = 0;
  /** Bytes of unfinished messages. */
  #held = 0;

  constructor(onMessage: (message: RtmpMessage) => void, limits = DEFAULT_LIMITS) {
    this.#onMessage = onMessage;
    this.#limits = limits;
  }

  /** Takes the next bytes, which must not change any more. */
  push(received: Uint8Array): void {
    this.#received.push(received);
    while (this.#current ? this.#readPayload(this.#current) : this.#readHeader()) {
      // One step after another, for as long as there is enough to read.
    }
  }

  #readHeader(): boolean {
    const queue = this.#received;
    if (queue.length === 0) return false;
    const first = queue.peek(0);
    const basic = [2, 3][first & 0x3f] ?? 1;
    const headerSize = HEADER_SIZES[first >> 6] ?? 0;
    if (queue.length < basic + headerSize) return false;
    const id = this.#streamIdOf(first & 0x3f);
    const type = first >> 6;
    const stream = this.#streams.get(id);
    // librtmp begins control messages with type 1: the message stream is 0 then.
    if (!stream && type > 1) throw malformed(`a chunk stream begins with a chunk of type ${type}`);
    if (stream?.message && type !== 3) throw malformed('a message begins before the last one is complete');
    const extended = type === 3 ? stream?.extended !== undefined : this.#u24(basic) === EXTENDED;
    if (extended && queue.length < basic + headerSize + 4) return false;
    this.#begin(stream ?? this.#open(id), type, basic, extended);
    return true;
  }

  #streamIdOf(short: number): number {
    if (short > 1) return short;
    const low = this.#received.peek(1) + 64;
    return short === 0 ? low : low + this.#received.peek(2) * 256;
  }

  #open(id: number): ChunkStream {
    if (this.#streams.size === this.#limits.maxStreams) {
      throw new RtmpError(
        'rtmp-too-many-streams',
        `more than ${this.#limits.maxStreams} chunk streams are used`,
      );
    }
    const stream = {
      ...{ timestamp: 0, delta: 0, length: 0, type: 0, streamId: 0 },
      ...{ extended: undefined, message: undefined },
    };
    this.#streams.set(id, stream);
    return stream;
  }

  /** Reads a header that is wholly there. */
  #begin(stream: ChunkStream, type: number, basic: number, hasExtended: boolean): void {
    const queue = this.#received;
    const headerSize = HEADER_SIZES[type] ?? 0;
    let extended: number | undefined;
    let extendedSize = 0;
    if (hasExtended) {
      const value = this.#u32(basic + headerSize);
      // Some senders do not repeat it in chunks of type 3, whatever the specification says.
      if (type !== 3 || value === stream.extended) extendedSize = 4;
      extended = type === 3 ? stream.extended : value;
    }
    if (type < 3) {
      const time = extended ?? this.#u24(basic);
      stream.extended = extended;
      stream.delta = time;
      stream.timestamp = type === 0 ? time : (stream.timestamp + time) >>> 0;
      if (type < 2) {
        stream.length = this.#u24(basic + 3);
        stream.type = queue.peek(basic + 6);
      }
      if (type === 0) stream.streamId = this.#u32LittleEndian(basic + 7);
    } else if (!stream.message) {
      stream.timestamp = (stream.timestamp + stream.delta) >>> 0;
    }
    queue.skip(basic + headerSize + extendedSize);
    this.#beginChunk(stream);
  }

  #beginChunk(stream: ChunkStream): void {
    const { maxMessage } = this.#limits;
    if (stream.length > maxMessage) {
      throw new RtmpError(
        'rtmp-message-too-large',
        `a message of ${stream.length} bytes is longer than ${maxMessage}`,
      );
    }
    stream.message ??= new PartialMessage(stream.length);
    this.#left = Math.min(this.#chunkSize, stream.message.missing);
    this.#current = stream;
  }

  #readPayload(stream: ChunkStream): boolean {
    const { message } = stream;
    const count = Math.min(this.#left, this.#received.length);
    if (!message || (count === 0 && this.#left > 0)) return false;
    this.#held += count;
    if (this.#held > this.#limits.maxMessage) {
      throw new RtmpError('rtmp-message-too-large', 'unfinished messages come to more than one may have');
    }
    message.append(this.#received.take(count));
    this.#left -= count;
    if (this.#left > 0) return false;
    this.#current = undefined;
    if (message.missing === 0) this.#finish(stream, message);
    return true;
  }

  #finish(stream: ChunkStream, partial: PartialMessage): void {
    const { type, streamId, timestamp } = stream;
    stream.message = undefined;
    this.#held -= stream.length;
    const message: RtmpMessage = { type, streamId, timestamp, payload: partial.bytes };
    if (type === MESSAGE.setChunkSize) this.#setChunkSize(readNumberMessage(message));
    if (type === MESSAGE.abort) this.#abort(readNumberMessage(message));
    this.#onMessage(message);
  }

  #setChunkSize(size: number): void {
    if (size === 0 || size > 0x7fffffff) throw malformed(`the chunk size ${size} is not allowed`);
    this.#chunkSize = Math.min(size, MAX_CHUNK_SIZE);
  }

  #abort(id: number): void {
    const stream = this.#streams.get(id);
    if (!stream?.message) return;
    this.#held -= stream.length - stream.message.missing;
    stream.message = undefined;
  }

  #u24(at: number): number {
    const queue = this.#received;
    return (queue.peek(at) << 16) | (queue.peek(at + 1) << 8) | queue.peek(at + 2);
  }

  #u32(at: number): number {
    return this.#u24(at) * 256 + this.#received.peek(at + 3);
  }

  #u32LittleEndian(at: number): number {
    const queue = this.#received;
    return (
      this.#received.peek(at + 3) * 2 ** 24 +
      ((queue.peek(at + 2) << 16) | (queue.peek(at + 1) << 8) | queue.peek(at))
    );
  }
}

function malformed(problem: string): RtmpError {
  return new RtmpError('rtmp-chunk-malformed', problem);
}
