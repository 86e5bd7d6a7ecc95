import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../channel/clock.ts';
import { HANDSHAKE_RANDOM } from '../../media/rtmp/handshake.ts';
import { lengthOf } from '../../media/rtmp/message.ts';
import { RtmpError } from '../../media/rtmp/rtmp-error.ts';
import { type Milliseconds, milliseconds } from '../../media/time.ts';
import { DestinationError } from './destination-error.ts';
import { ACKNOWLEDGEMENT_WINDOW, PublishProtocol } from './publish-protocol.ts';
import type { PublishTarget } from './publish-target.ts';
import { type DroppedCounts, SendQueue } from './send-queue.ts';
import type { ServerCapabilities } from './server-capabilities.ts';
import type { TimedMessage } from './splicer.ts';

/** What a connection tells who opened it; neither may throw. */
export interface PublishConnectionEvents {
  /** The server took the connection; `publish` may be called. */
  onReady(capabilities: ServerCapabilities): void;
  /** The server acknowledged publishing: media is sent from here on. */
  onPublishing(): void;
}

/** A server that does not answer `publish`, or anything before it, has so long. */
const ANSWER_TIMEOUT = milliseconds(15_000);
/** A server that takes nothing of what waits is given up after it. */
const STALL_TIMEOUT = 10_000;
/** What waits is sent to its end in this time, when the stream is over. */
const DRAIN_TIMEOUT = milliseconds(3000);
/** Answers that a server may ask for without reading them. */
const MAX_CONTROL_BYTES = 1024 * 1024;
/** More than a server acknowledges behind, whatever its window: kernels hold that much. */
const UNACKNOWLEDGED = 64 * 1024;
/** The largest step of a server that acknowledges as it is asked to. */
const SMALL_STEP = 4 * ACKNOWLEDGEMENT_WINDOW;
/** Others owe that only once they acknowledged media so often, and may do it this seldom, whatever their first steps were. */
const LEAST_ACKNOWLEDGEMENTS = 2;
const COMMON_WINDOW = 5 * 1024 * 1024;
/** What a server may say: much more than every answer and acknowledgement at any bitrate. */
const MAX_RECEIVED = 8 * 1024 * 1024;
const RECEIVED_PERIOD = 60_000;

/** One connection to a server that is published to. It closes by itself when anything is wrong. */
export class PublishConnection {
  /** Settles when the socket is gone: with what was wrong, or undefined when it was closed from here. */
  readonly closed: Promise<DestinationError | undefined>;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #events: PublishConnectionEvents;
  readonly #protocol: PublishProtocol;
  readonly #queue = new SendQueue();
  readonly #settle: (error: DestinationError | undefined) => void;
  #timer: Timer | undefined;
  #phase: 'opening' | 'ready' | 'asked' | 'publishing' | 'ending' | 'ended' | 'closed' = 'opening';
  #asked = false;
  #blocked = false;
  #sent = 0;
  /** Answers that the socket has not taken yet, at most. */
  #controlBytes = 0;
  #acknowledged = 0;
  /** Of media: how many, and most bytes between two so far. */
  #acknowledgements = 0;
  #window = 0;
  /** Bytes that went before media. */
  #mediaFrom = 0;
  #progressAt: number;
  #received = 0;
  #receivedSince: number;

  constructor(socket: Socket, target: PublishTarget, clock: Clock, events: PublishConnectionEvents) {
    this.#socket = socket;
    this.#clock = clock;
    this.#events = events;
    this.#progressAt = clock.now();
    this.#receivedSince = clock.now();
    const { promise, resolve } = Promise.withResolvers<DestinationError | undefined>();
    this.closed = promise;
    this.#settle = resolve;
    this.#protocol = new PublishProtocol(target, randomBytes(HANDSHAKE_RANDOM), {
      send: (parts) => this.#sendControl(parts),
      ready: (capabilities) => this.#ready(capabilities),
      publishing: () => this.#publishing(),
      acknowledged: (count) => this.#takeAcknowledgement(count),
    });
    socket.on('data', (data) => this.#take(data));
    socket.on('drain', () => this.#drained());
    socket.on('error', (error: NodeJS.ErrnoException) => this.close(lost(error.code)));
    socket.on('close', () => this.close(lost()));
    this.#timer = clock.after(ANSWER_TIMEOUT, () => this.close(NO_ANSWER));
    this.#protocol.start();
  }

  /** Media bytes that the socket took, and those that the server acknowledged; it may never do so. */
  get sentBytes(): number {
    return this.#sent;
  }

  get acknowledgedBytes(): number {
    return this.#acknowledged;
  }

  get dropped(): DroppedCounts {
    return this.#queue.dropped;
  }

  /** It came so far that the server was told the stream key. */
  get asked(): boolean {
    return this.#asked;
  }

  /** Everything that was sent so far is on its way: nothing waits here. */
  get isDrained(): boolean {
    return this.#queue.bytes === 0 && this.#socket.writableLength === 0;
  }

  /** Asks to publish. */
  publish(): void {
    if (this.#phase !== 'ready') return;
    this.#phase = 'asked';
    this.#asked = true;
    this.#protocol.publish();
  }

  /** Takes a message; one of too many waits, or is left out with its group. */
  send(message: TimedMessage): void {
    if (this.#phase !== 'publishing') return;
    this.#queue.push(message);
    this.#pump();
  }

  /** Gives up a server that takes nothing: to be called every now and then. */
  check(now: Milliseconds): void {
    if (this.#phase !== 'publishing') return;
    if (!this.#owes) this.#progressAt = now;
    else if (now - this.#progressAt > STALL_TIMEOUT) this.close(STALLED);
  }

  /** The stream is over: what waits is sent, then the connection is closed. Idempotent. */
  end(): void {
    if (this.#isEnding) return;
    if (this.#phase !== 'publishing') {
      this.close();
      return;
    }
    this.#phase = 'ending';
    this.#timer?.cancel();
    this.#timer = this.#clock.after(DRAIN_TIMEOUT, () => this.close());
    this.#pump();
  }

  /** Destroys the socket; idempotent. */
  close(error?: DestinationError): void {
    if (this.#phase === 'closed') return;
    const isEnding = this.#isEnding;
    this.#phase = 'closed';
    this.#timer?.cancel();
    this.#socket.destroy();
    this.#settle(isEnding ? undefined : error);
  }

  get #isEnding(): boolean {
    return this.#phase === 'ending' || this.#phase === 'ended';
  }

  /** The server has bytes to take, or to acknowledge where it does that at all. */
  get #owes(): boolean {
    if (this.#blocked) return true;
    return this.#socket.bytesWritten - this.#acknowledged > UNACKNOWLEDGED + this.#patience;
  }

  /** Bytes that it may leave unacknowledged. */
  get #patience(): number {
    const isAsAsked = this.#window >= ACKNOWLEDGEMENT_WINDOW && this.#window <= SMALL_STEP;
    if (isAsAsked) return 2 * this.#window;
    if (this.#acknowledgements < LEAST_ACKNOWLEDGEMENTS) return Number.POSITIVE_INFINITY;
    return Math.max(2 * this.#window, COMMON_WINDOW);
  }

  #take(data: Uint8Array): void {
    // Once all was sent it is read on, and dropped: a reset would take from the server what it has not read yet.
    if (this.#phase === 'closed' || this.#phase === 'ended') return;
    try {
      this.#countReceived(data.length);
      this.#protocol.push(data);
    } catch (error) {
      this.close(translate(error));
    }
  }

  #countReceived(count: number): void {
    const now = this.#clock.now();
    if (now - this.#receivedSince >= RECEIVED_PERIOD) {
      this.#receivedSince = now;
      this.#received = 0;
    }
    this.#received += count;
    if (this.#received > MAX_RECEIVED) throw ENDLESS;
  }

  #ready(capabilities: ServerCapabilities): void {
    this.#phase = 'ready';
    this.#events.onReady(capabilities);
  }

  #publishing(): void {
    if (this.#phase !== 'asked') return;
    this.#phase = 'publishing';
    this.#timer?.cancel();
    this.#progressAt = this.#clock.now();
    this.#mediaFrom = this.#socket.bytesWritten;
    this.#events.onPublishing();
  }

  #takeAcknowledgement(count: number): void {
    const acknowledged = Math.min(count, this.#socket.bytesWritten);
    const step = acknowledged - this.#acknowledged;
    this.#acknowledged = acknowledged;
    if (step <= 0) return;
    this.#progressAt = this.#clock.now();
    if (this.#phase !== 'publishing' || acknowledged <= this.#mediaFrom) return;
    this.#acknowledgements += 1;
    this.#window = Math.max(this.#window, step);
  }

  #sendControl(parts: readonly Uint8Array[]): void {
    if (this.#phase === 'closed') return;
    if (this.#socket.writableLength === 0) this.#controlBytes = 0;
    for (const part of parts) {
      this.#controlBytes += part.length;
      this.#socket.write(part);
    }
    if (this.#controlBytes > MAX_CONTROL_BYTES) this.close(STALLED);
  }

  #drained(): void {
    this.#blocked = false;
    this.#controlBytes = 0;
    this.#progressAt = this.#clock.now();
    this.#pump();
  }

  /** Gives the socket as much as it takes. */
  #pump(): void {
    if (this.#blocked || this.#phase === 'closed' || this.#phase === 'ended') return;
    this.#socket.cork();
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      this.#sent += lengthOf(next);
      let taken = true;
      for (const part of this.#protocol.media(next)) taken = this.#socket.write(part);
      if (taken) continue;
      this.#blocked = true;
      break;
    }
    // All that comes in this turn goes out at once.
    process.nextTick(() => this.#socket.uncork());
    if (this.#phase === 'ending' && !this.#blocked) this.#finish();
  }

  /** The server closes its side when it has read all. */
  #finish(): void {
    this.#protocol.unpublish();
    this.#phase = 'ended';
    this.#socket.end();
  }
}

const NO_ANSWER = new DestinationError(
  'no-answer',
  'The server does not answer as an RTMP server does, for 15 seconds now.',
);
const ENDLESS = new DestinationError(
  'not-rtmp',
  'The server talks without end: more than 8 MiB within a minute, where there is next to nothing to say.',
);
const STALLED = new DestinationError('stalled', 'The server takes no more data, for 10 seconds now.');

function lost(code?: string): DestinationError {
  return new DestinationError('closed', `The server closed the connection${code ? ` (${code})` : ''}.`);
}

function translate(error: unknown): DestinationError {
  if (error instanceof DestinationError) return error;
  const words = error instanceof RtmpError ? error.message : 'its answer cannot be read';
  return new DestinationError('not-rtmp', `The server does not speak RTMP as it should: ${words}.`);
}
