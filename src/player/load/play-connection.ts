import { type Milliseconds, milliseconds } from '../../media/time.ts';
import { CLOSE } from '../../wire/close-codes.ts';
import { PLAY_PROTOCOL, type PlayServerMessage, type ViewerMessage } from '../../wire/play.ts';
import type { Clock, Timer } from '../clock.ts';
import { PlayProtocolError, parsePlayMessage } from './parse-play-message.ts';
import type { OpenPlaySocket, PlaySocket } from './play-socket.ts';
import { patientDelay, reconnectDelay } from './reconnect-delay.ts';
import { ServerClock } from './server-clock.ts';

/** What the next media is, with the init segment that it starts with. */
export type PlayEpoch = Omit<Extract<PlayServerMessage, { type: 'tracks' }>, 'type'> & {
  readonly init: Uint8Array<ArrayBuffer>;
};

/** Messages that are news to the viewer; the others are the connection's own business. */
export type PlayNews = Exclude<PlayServerMessage, { type: 'tracks' | 'pong' }>;

/** Why a connection was given up; another one follows by itself. */
export type PlayLoss =
  /** Never came about, or the other side closed it. */
  | { readonly cause: 'closed'; readonly code: number; readonly reason: string }
  /** Nothing came for too long, though it was asked for. */
  | { readonly cause: 'silent' }
  /** Not the play protocol. */
  | { readonly cause: 'protocol'; readonly message: string };

/** What a connection tells, in the order of the stream. */
export interface PlayConnectionEvents {
  open(): void;
  news(message: PlayNews): void;
  epoch(epoch: PlayEpoch): void;
  /** One or more whole chunks of the last epoch. */
  media(bytes: Uint8Array<ArrayBuffer>): void;
  lost(loss: PlayLoss): void;
}

/** What a connection is made of. */
export interface PlayConnectionOptions {
  readonly url: string;
  readonly clock: Clock;
  /** From 0 to 1, as Math.random. */
  readonly random: () => number;
  readonly openSocket: OpenPlaySocket;
  readonly events: PlayConnectionEvents;
}

const CONNECT_TIMEOUT = milliseconds(10_000);
const QUICK_PINGS = 4;
const QUICK_PING_INTERVAL = milliseconds(250);
const PING_INTERVAL = milliseconds(2000);
const SILENCE = 5000;
const SETTLED = 3000;

/** A viewer's connection that comes back for ever: at once, then ever later, and sooner when it is told to. */
export class PlayConnection {
  readonly #options: PlayConnectionOptions;
  readonly serverClock = new ServerClock();
  #socket: PlaySocket | undefined;
  #timer: Timer | undefined;
  #pingTimer: Timer | undefined;
  #failures = 0;
  #openedAt: Milliseconds | undefined;
  #heardAt = milliseconds(0);
  #pingId = 0;
  #pingSentAt: Milliseconds | undefined;
  #expected: Extract<PlayServerMessage, { type: 'tracks' }> | undefined;
  #hasEpoch = false;
  #started = false;
  #closed = false;
  #patient = false;

  constructor(options: PlayConnectionOptions) {
    this.#options = options;
  }

  /** The server's messages are being read. */
  get isOpen(): boolean {
    return this.#openedAt !== undefined;
  }

  /** Starts the first try. */
  start(): void {
    if (this.#closed || this.#started) return;
    this.#started = true;
    this.#connect();
  }

  /** The network came back or somebody is looking: a try that is waiting is made now, a doubtful connection asked. */
  hurry(): void {
    if (this.#closed || !this.#started) return;
    if (!this.#socket) this.#connect();
    else if (this.isOpen && this.#pingSentAt === undefined) this.#ping();
  }

  /** Something else plays meanwhile: tries are far apart. */
  set patient(patient: boolean) {
    if (patient && !this.#patient) this.#failures = 0;
    this.#patient = patient;
  }

  /** Gives up for good; idempotent. */
  close(): void {
    this.#closed = true;
    this.#drop(CLOSE.normal);
  }

  #connect(): void {
    this.#timer?.cancel();
    const { url, openSocket, clock } = this.#options;
    try {
      this.#socket = openSocket(url, PLAY_PROTOCOL, {
        open: () => this.#opened(),
        text: (data) => this.#read(() => this.#text(data)),
        binary: (data) => this.#read(() => this.#binary(data)),
        close: (code, reason) => this.#lose({ cause: 'closed', code, reason }),
      });
    } catch (error) {
      this.#lose({ cause: 'closed', code: 1006, reason: error instanceof Error ? error.message : '' });
      return;
    }
    this.#timer = clock.after(CONNECT_TIMEOUT, () => this.#lose({ cause: 'silent' }));
  }

  #opened(): void {
    this.#timer?.cancel();
    this.#openedAt = this.#options.clock.now();
    this.#heardAt = this.#openedAt;
    this.#options.events.open();
    this.serverClock.reset();
    this.#pingId = 0;
    if (this.#socket) this.#ping();
  }

  #read(read: () => void): void {
    this.#heardAt = this.#options.clock.now();
    try {
      read();
    } catch (error) {
      if (!(error instanceof PlayProtocolError)) throw error;
      this.#lose({ cause: 'protocol', message: error.message }, CLOSE.badMessage);
    }
  }

  #text(data: string): void {
    const message = parsePlayMessage(data);
    if (!message) return;
    if (message.type === 'tracks') this.#expected = message;
    else if (message.type === 'pong') this.#pong(message.id, milliseconds(message.time));
    else this.#options.events.news(message);
  }

  #binary(data: Uint8Array<ArrayBuffer>): void {
    const expected = this.#expected;
    if (expected) {
      this.#expected = undefined;
      this.#hasEpoch = true;
      const { epoch, mime, tracks } = expected;
      this.#options.events.epoch({ epoch, mime, tracks, init: data });
      return;
    }
    if (!this.#hasEpoch) throw new PlayProtocolError('The server sent media before it said what it is.');
    this.#options.events.media(data);
  }

  #ping(): void {
    const { clock } = this.#options;
    this.#pingTimer?.cancel();
    this.#pingSentAt = clock.now();
    this.#pingId += 1;
    const message: ViewerMessage = { type: 'ping', id: this.#pingId };
    this.#socket?.send(JSON.stringify(message));
    this.#pingTimer = clock.after(milliseconds(SILENCE), () => this.#awaitPong());
  }

  #awaitPong(): void {
    const { clock } = this.#options;
    const quiet = clock.now() - Math.max(this.#heardAt, this.#pingSentAt ?? 0);
    if (quiet >= SILENCE) this.#lose({ cause: 'silent' });
    else this.#pingTimer = clock.after(milliseconds(SILENCE - quiet), () => this.#awaitPong());
  }

  #pong(id: number, time: Milliseconds): void {
    const sentAt = this.#pingSentAt;
    if (id !== this.#pingId || sentAt === undefined) return;
    const { clock } = this.#options;
    this.#pingSentAt = undefined;
    this.#pingTimer?.cancel();
    this.serverClock.add(sentAt, clock.now(), time);
    const interval = this.#pingId < QUICK_PINGS ? QUICK_PING_INTERVAL : PING_INTERVAL;
    this.#pingTimer = clock.after(interval, () => this.#ping());
  }

  #lose(loss: PlayLoss, code?: number): void {
    if (this.#closed || !(this.#socket || loss.cause === 'closed')) return;
    const { clock, random, events } = this.#options;
    const settled = this.#openedAt !== undefined && clock.now() - this.#openedAt >= SETTLED;
    this.#drop(code);
    if (settled) this.#failures = 0;
    const delay = this.#patient ? patientDelay : reconnectDelay;
    this.#timer = clock.after(delay(this.#failures, random), () => this.#connect());
    this.#failures += 1;
    events.lost(loss);
  }

  #drop(code?: number): void {
    this.#timer?.cancel();
    this.#pingTimer?.cancel();
    this.#socket?.close(code);
    this.#socket = undefined;
    this.#openedAt = undefined;
    this.#pingSentAt = undefined;
    this.#expected = undefined;
    this.#hasEpoch = false;
  }
}
