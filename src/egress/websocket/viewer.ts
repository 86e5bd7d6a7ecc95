import type { Socket } from 'node:net';
import Schema from 'typebox/schema';
import type { WebSocket } from 'ws';
import type { Clock } from '../../channel/clock.ts';
import type { Reader } from '../../channel/reader.ts';
import type { Chunk } from '../../media/chunk.ts';
import type { Bytes, Milliseconds } from '../../media/time.ts';
import { CLOSE, type CloseCode } from '../../wire/close-codes.ts';
import { MAX_TEXT_BYTES, PeerWatch } from '../../wire/peer-watch.ts';
import { type PlayServerMessage, ViewerMessage } from '../../wire/play.ts';
import { binaryFrameHeader, textFrame } from './frame.ts';
import { type ChannelFeed, DISCONTINUITY, type FeedMember, type ReaderEvent } from './from-channel.ts';

/** What a viewer is held to. */
export interface ViewerLimits {
  /** Bytes that may wait in its socket before it is read for no more. */
  readonly socketBuffer: Bytes;
  /** Bytes that it may lag behind beyond that before it is skipped to the newest group. */
  readonly maxLag: Bytes;
  /** A viewer that takes nothing for this long is let go. */
  readonly stallTimeout: Milliseconds;
}

/** An open WebSocket with the connection below it, which its frames are written to. */
export interface ViewerSocket {
  readonly socket: WebSocket;
  /** The `socket` of the upgrade request. */
  readonly connection: Socket;
}

const validator = Schema.Compile(ViewerMessage);

/**
 * One viewer. It pulls from its reader only while its socket takes what it is given, and writes finished frames
 * past `ws`, which sends its own pings and the close through the same connection (see docs/decisions/0004).
 */
export class Viewer implements FeedMember {
  /** Called once, when nothing is sent any more. */
  onClosed: () => void = () => {};
  readonly #socket: WebSocket;
  readonly #connection: Socket;
  readonly #feed: ChannelFeed;
  readonly #reader: Reader;
  readonly #clock: Clock;
  readonly #limits: ViewerLimits;
  readonly #watch: PeerWatch;
  #closed = false;
  /** The socket is full: the reader is left alone until it has drained. */
  #full = false;
  #toldEpoch = false;
  readonly #run: Chunk[] = [];
  #runLength = 0;
  readonly #socketBuffer: number;
  #sent = 0;
  #taken = 0;
  #takenAt: Milliseconds;

  constructor({ socket, connection }: ViewerSocket, feed: ChannelFeed, clock: Clock, limits: ViewerLimits) {
    this.#socket = socket;
    this.#connection = connection;
    this.#feed = feed;
    this.#clock = clock;
    this.#limits = limits;
    const now = clock.now();
    this.#watch = new PeerWatch(now);
    this.#takenAt = now;
    socket.on('message', this.#onMessage);
    socket.on('pong', this.#onHeard);
    socket.on('error', ignoreError);
    socket.on('close', this.#onClose);
    connection.on('drain', this.#onDrain);
    // Below its own mark a connection never says that it has drained.
    this.#socketBuffer = Math.max(limits.socketBuffer, connection.writableHighWaterMark);
    this.#reader = feed.join(this, {
      maxLag: limits.maxLag,
      onClose: () => this.close(CLOSE.normal, 'channel-closed'),
    });
  }

  /** For {@link ChannelFeed}: sends what there is, as far as the socket takes it. */
  pump(): void {
    if (this.#closed || this.#full || this.#socket.readyState !== this.#socket.OPEN) return;
    const connection = this.#connection;
    let corked = false;
    while (!this.#full) {
      const item = this.#reader.next();
      if (!item) break;
      // One newest chunk is the usual case, and a cork would cost it more than the write.
      if (!corked && (item.type !== 'chunk' || this.#reader.lag > 0)) {
        connection.cork();
        corked = true;
      }
      if (item.type !== 'chunk') {
        this.#sendRun();
        this.#sendEvent(item);
      } else if (this.#feed.merges) {
        this.#run.push(item.chunk);
        this.#runLength += item.chunk.bytes.byteLength;
      } else {
        this.#sendChunk(item.chunk);
      }
      this.#full = connection.writableLength + this.#runLength >= this.#socketBuffer;
    }
    this.#sendRun();
    if (corked) connection.uncork();
  }

  /** About once a second: pings and deadlines. */
  tick(now: Milliseconds): void {
    if (this.#closed) return;
    const buffered = this.#connection.writableLength;
    const taken = this.#sent - buffered;
    if (buffered === 0 || taken > this.#taken) this.#takenAt = now;
    this.#taken = taken;
    if (now - this.#takenAt >= this.#limits.stallTimeout) {
      this.close(CLOSE.timeout, 'timeout');
      return;
    }
    // Its pong may be behind a long queue: while there is one, only the deadline above counts.
    if (buffered > 0) this.#watch.heard(now);
    const verdict = this.#watch.check(now);
    if (verdict === 'ping') this.#socket.ping();
    if (verdict === 'gone') this.#socket.terminate();
  }

  /** Says why, and closes; idempotent. */
  close(code: CloseCode, reason: string): void {
    if (this.#closed) return;
    this.#leave();
    this.#socket.close(code, reason);
  }

  readonly #onDrain = (): void => {
    this.#full = false;
    this.pump();
  };

  readonly #onHeard = (): void => {
    this.#watch.heard(this.#clock.now());
  };

  readonly #onMessage = (data: unknown, isBinary: boolean): void => {
    if (this.#closed) return;
    const now = this.#clock.now();
    this.#watch.heard(now);
    const message = isBinary || !this.#watch.allowText(now) ? undefined : parseViewerMessage(data);
    if (!message) {
      this.close(CLOSE.badMessage, 'bad-message');
      return;
    }
    const pong: PlayServerMessage = { type: 'pong', id: message.id, time: this.#clock.wall() };
    if (!this.#full) this.#write(textFrame(pong));
  };

  readonly #onClose = (): void => {
    if (!this.#closed) this.#leave();
    this.#connection.off('drain', this.#onDrain);
  };

  #leave(): void {
    this.#closed = true;
    this.#feed.leave(this.#reader);
    this.onClosed();
  }

  #sendEvent(event: ReaderEvent): void {
    if (event.type === 'live') this.#toldEpoch = false;
    if (event.type === 'epoch') {
      if (this.#toldEpoch) this.#write(DISCONTINUITY);
      this.#toldEpoch = true;
    }
    this.#write(this.#feed.eventFrame(event));
  }

  /** The usual case of a run. */
  #sendChunk(chunk: Chunk): void {
    if (this.#reader.lag === 0) {
      this.#write(this.#feed.newestFrame(chunk));
    } else {
      this.#write(binaryFrameHeader(chunk.bytes.byteLength));
      this.#write(chunk.bytes);
    }
  }

  /** At the newest chunk every viewer sends the same frame; one that is behind sends the shared chunks as they are. */
  #sendRun(): void {
    const run = this.#run;
    if (run.length === 0) return;
    if (this.#reader.lag === 0) {
      this.#write(this.#feed.newestRunFrame(run, this.#runLength));
    } else {
      this.#write(binaryFrameHeader(this.#runLength));
      for (const { bytes } of run) this.#write(bytes);
    }
    run.length = 0;
    this.#runLength = 0;
  }

  #write(bytes: Uint8Array): void {
    this.#sent += bytes.byteLength;
    this.#connection.write(bytes);
  }
}

function parseViewerMessage(data: unknown): ViewerMessage | undefined {
  if (!Buffer.isBuffer(data) || data.byteLength > MAX_TEXT_BYTES) return undefined;
  try {
    const message: unknown = JSON.parse(data.toString());
    return validator.Check(message) ? message : undefined;
  } catch {
    return undefined;
  }
}

/** What is wrong with its frames, ws has answered itself (1002, 1007, 1009); the close follows. */
const ignoreError = (): void => {};
