import { type Milliseconds, milliseconds } from '../../media/time.ts';
import { CLOSE } from '../../wire/close-codes.ts';
import {
  PUBLISH_PROTOCOL,
  type PublisherMessage,
  type PublishServerMessage,
  type PublishStart,
} from '../../wire/publish.ts';
import type { Backlog } from './backlog.ts';
import type { ServerComplaint } from './publish-error.ts';
import type { OpenSocket, PublishSocket } from './publish-socket.ts';
import type { ServerClock } from './server-clock.ts';
import { parseServerMessage } from './server-message.ts';
import type { Timing } from './timing.ts';

/** Until the socket is open and the server is ready. */
const READY_TIMEOUT = milliseconds(10_000);
/** A server that says nothing for so long, pings included, is gone: a dead network closes no socket. */
const SILENCE_TIMEOUT = 10_000;
/** Bytes that may wait in the socket: enough to keep it busy, little enough for pings to get through. */
const HIGH_WATER = 256 * 1024;
/** Far below the server's limit for one message. */
const MOST_PER_MESSAGE = 64 * 1024;
/** A WebSocket does not tell when it has drained, so it is asked. */
const DRAIN_POLL = milliseconds(10);
/** How long a server may take to answer when it is asked whether it is still there. */
const PROBE_TIMEOUT = milliseconds(3000);
/** The first pings come quickly, so that the clock is known soon. */
const EAGER_PINGS = 5;
const EAGER_PING_EVERY = milliseconds(250);
const PING_EVERY = milliseconds(2000);
/** A better estimate of the clock is sent when it differs by more, in ms. */
const CLOCK_STEP = 2;

/** What a connection tells its publisher; after `lost` or `ended` nothing follows. */
interface ConnectionEvents {
  /** The server holds all before `offset` and takes the rest. */
  ready(offset: number): void;
  acknowledged(offset: number): void;
  status(status: Extract<PublishServerMessage, { type: 'status' }>): void;
  ended(recording: string | null): void;
  /** Closed by the other side (`code`), or given up because nothing was heard (no code). */
  lost(code: number | undefined, complaint: ServerComplaint | undefined): void;
}

/** What a connection works with; all but the socket belong to its publisher. */
export interface ConnectionOptions {
  readonly url: string;
  readonly start: PublishStart;
  /** The server may hold more than the backlog has, and that is where the stream ends. */
  readonly mayEndBeyond: boolean;
  readonly openSocket: OpenSocket;
  readonly backlog: Backlog;
  readonly serverClock: ServerClock;
  readonly timing: Timing;
  readonly events: ConnectionEvents;
}

/** One socket of a publisher, from opening to its loss: sends the backlog from where the server wants it. */
export class PublishConnection {
  readonly #options: ConnectionOptions;
  readonly #socket: PublishSocket;
  readonly #timers = new Map<string, { cancel(): void }>();
  readonly #asked = new Map<number, Milliseconds>();
  #state: 'opening' | 'ready' | 'closed' = 'opening';
  #heardAt: Milliseconds;
  #pings = 0;
  #sent = 0;
  #pumping = false;
  #length: number | undefined;
  #endSent = false;
  #containerStart: Milliseconds | undefined;
  #clockSent: number | undefined;
  #complaint: ServerComplaint | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#heardAt = options.timing.now();
    this.#timer('ready', READY_TIMEOUT, () => this.#lose(undefined));
    this.#socket = options.openSocket(options.url, PUBLISH_PROTOCOL, {
      opened: () => this.#say(options.start),
      received: (text) => this.#receive(text),
      closed: (code) => this.#lose(code),
    });
  }

  /** Sends what the backlog has more, as far as the socket takes it. */
  pump(): void {
    this.#pump().catch(() => this.#lose(undefined));
  }

  /** The session is complete at that length: sends the rest, and then the end. */
  finish(length: number): void {
    this.#length = length;
    this.pump();
  }

  /** Finds out whether the server is still there; a connection that says nothing soon is lost. */
  probe(): void {
    if (this.#state === 'closed') return;
    const asked = this.#options.timing.now();
    if (this.#state === 'ready') this.#say({ type: 'ping', id: this.#pings++ });
    this.#timer('probe', PROBE_TIMEOUT, () => {
      if (this.#heardAt <= asked) this.#lose(undefined);
    });
  }

  /** Tells the server when the container's clock stood at 0, now or as soon as its own clock is known. */
  setContainerStart(at: Milliseconds): void {
    this.#containerStart = at;
    this.#tellClock();
  }

  /** Closes the socket; no event follows. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    this.#socket.close(CLOSE.normal);
  }

  #receive(text: string): void {
    if (this.#state === 'closed') return;
    this.#heardAt = this.#options.timing.now();
    const message = parseServerMessage(text);
    if (message) this.#handle(message);
    if (this.#state === 'ready') this.pump();
  }

  #handle(message: PublishServerMessage): void {
    const { events } = this.#options;
    switch (message.type) {
      case 'ready':
        this.#beReady(message.offset);
        break;
      case 'ack':
        if (message.offset <= this.#sent) events.acknowledged(message.offset);
        else this.#lose(CLOSE.badOffset);
        break;
      case 'status':
        events.status(message);
        break;
      case 'ended':
        this.close();
        events.ended(message.recording);
        break;
      case 'pong':
        this.#learnClock(message.id, message.time);
        break;
      case 'error':
        this.#complaint = message;
    }
  }

  #beReady(offset: number): void {
    const { backlog, events } = this.#options;
    if (this.#state !== 'opening') return;
    if (offset < backlog.start || (offset > backlog.end && !this.#options.mayEndBeyond)) {
      this.#lose(CLOSE.badOffset);
      return;
    }
    this.#state = 'ready';
    this.#sent = offset;
    this.#timers.get('ready')?.cancel();
    this.#ping();
    events.ready(offset);
  }

  async #pump(): Promise<void> {
    if (this.#pumping || this.#state !== 'ready') return;
    this.#pumping = true;
    try {
      while (this.#state === 'ready' && this.#sent < this.#options.backlog.end) {
        if (this.#socket.bufferedAmount >= HIGH_WATER) {
          this.#timer('drain', DRAIN_POLL, () => this.pump());
          return;
        }
        await this.#sendPiece();
      }
      if (this.#length !== undefined && this.#sent === this.#length) this.#sayEnd(this.#length);
    } finally {
      this.#pumping = false;
    }
  }

  async #sendPiece(): Promise<void> {
    const piece = await this.#options.backlog.read(this.#sent, MOST_PER_MESSAGE);
    if (this.#state !== 'ready') return;
    this.#socket.send(piece);
    this.#sent += piece.byteLength;
  }

  #sayEnd(length: number): void {
    if (this.#endSent || this.#state !== 'ready') return;
    this.#endSent = true;
    this.#say({ type: 'end', length });
  }

  #ping(): void {
    const now = this.#options.timing.now();
    if (now - this.#heardAt > SILENCE_TIMEOUT) {
      this.#lose(undefined);
      return;
    }
    const id = this.#pings++;
    this.#asked.set(id, now);
    this.#say({ type: 'ping', id });
    this.#timer('ping', id < EAGER_PINGS ? EAGER_PING_EVERY : PING_EVERY, () => this.#ping());
  }

  #learnClock(id: number, time: number): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    this.#asked.delete(id);
    this.#options.serverClock.add(asked, this.#heardAt, time);
    this.#tellClock();
  }

  #tellClock(): void {
    if (this.#state !== 'ready' || this.#containerStart === undefined) return;
    const wall = this.#options.serverClock.toServerTime(this.#containerStart);
    if (wall === undefined) return;
    if (this.#clockSent !== undefined && Math.abs(wall - this.#clockSent) <= CLOCK_STEP) return;
    this.#clockSent = wall;
    this.#say({ type: 'clock', media: 0, wall });
  }

  #say(message: PublisherMessage): void {
    if (this.#state !== 'closed') this.#socket.send(JSON.stringify(message));
  }

  #timer(name: string, delay: Milliseconds, call: () => void): void {
    this.#timers.get(name)?.cancel();
    this.#timers.set(name, this.#options.timing.after(delay, call));
  }

  #lose(code: number | undefined): void {
    if (this.#state === 'closed') return;
    this.close();
    this.#options.events.lost(code, this.#complaint);
  }
}
