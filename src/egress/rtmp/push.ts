import type { Socket } from 'node:net';
import type { Broadcast } from '../../channel/broadcast.ts';
import type { Clock, Timer } from '../../channel/clock.ts';
import type { Log } from '../../channel/log.ts';
import { type Milliseconds, milliseconds } from '../../media/time.ts';
import type { AddressPolicy } from './address-policy.ts';
import { withAuthentication } from './authentication.ts';
import { DestinationError } from './destination-error.ts';
import type { Renditions, VideoMode } from './from-channel.ts';
import type { OpenSocketOptions } from './open-socket.ts';
import { PublishConnection } from './publish-connection.ts';
import { type PublishTarget, parsePublishTarget } from './publish-target.ts';
import type { PushState, PushStatus } from './push-status.ts';
import { PushedStream } from './pushed-stream.ts';
import { RateWindow } from './rate-window.ts';
import { RetryPolicy } from './retry-policy.ts';
import { ServerCapabilities } from './server-capabilities.ts';
import { withDeadline } from './with-deadline.ts';

/** Where a broadcast is pushed to, and how. */
export interface DestinationSettings {
  readonly id: string;
  /** `rtmp:` or `rtmps:`. */
  readonly url: string;
  /** Secret. */
  readonly streamKey: string;
  readonly mode: VideoMode;
  /** How long it may be live in one broadcast; undefined for as long as that is. */
  readonly maxDuration: Milliseconds | undefined;
}

/** What a push needs of its {@link RtmpEgress}. */
export interface PushHost {
  readonly clock: Clock;
  readonly log: Log;
  readonly renditions: Renditions;
  readonly policy: AddressPolicy;
  /** PEM. */
  readonly authorities: readonly string[];
  /** From 0 to 1. */
  readonly random: () => number;
  readonly openSocket: (options: OpenSocketOptions) => Promise<Socket>;
  changed(): void;
}

/** Finding the host, and dialling, TLS included: each. */
const DIAL_TIMEOUT = milliseconds(10_000);
const TICK = milliseconds(500);
/** A server that refuses a key may take the connection first, and close it. */
const PROVEN = 1000;
/** A server that closes the connection so soon after it was asked to publish refuses that. */
const AT_ONCE = 5000;
/** A stream that has nothing in it, for want of an encoder, is ended: platforms do not like them. */
const EMPTY_TIMEOUT = 10_000;
/** So often does one that is live tell what it has sent. */
const TELL_INTERVAL = 5000;
/** What a rendition still has when the broadcast is over comes in this time. */
const LAST_MEDIA_TIMEOUT = milliseconds(4000);

/** Pushes one broadcast to one destination until either is over: one connection at a time, tried again and again. */
export class Push {
  readonly settings: DestinationSettings;
  readonly broadcast: Broadcast;
  /** Settles when it is over and its socket is gone. */
  readonly closed: Promise<void>;
  readonly #host: PushHost;
  readonly #settle: () => void;
  readonly #stream: PushedStream;
  readonly #rate = new RateWindow();
  #capabilities = new ServerCapabilities([]);
  #connection: PublishConnection | undefined;
  #abort: AbortController | undefined;
  #state: PushState = 'connecting';
  #code: PushStatus['code'] = null;
  #words: string | null = null;
  #liveSince: Milliseconds | null = null;
  #nextTry: Milliseconds | null = null;
  #askedAt = 0;
  #publishingAt: number | undefined;
  #liveAt: number | undefined;
  #firstLiveAt: number | undefined;
  #attempts = 0;
  readonly #retries = new RetryPolicy();
  /** The last connection was refused by closing it. */
  #wasRefused = false;
  /** What followers were told last, and when. */
  #told = { holding: false, words: null as string | null, at: 0 };
  #isOver = false;
  #tick: Timer | undefined;
  #retry: Timer | undefined;
  #limit: Timer | undefined;
  #lastMedia: Timer | undefined;
  #maxDuration: Milliseconds | undefined;
  /** Of connections that are gone. */
  #sentBefore = 0;
  #droppedBefore = 0;

  /** Nothing is dialled until `before` is settled. */
  constructor(broadcast: Broadcast, settings: DestinationSettings, host: PushHost, before: Promise<unknown>) {
    this.broadcast = broadcast;
    this.settings = settings;
    this.#maxDuration = settings.maxDuration;
    this.#host = host;
    this.#stream = new PushedStream({
      ...{ broadcast, mode: settings.mode, clock: host.clock, renditions: host.renditions },
      send: (message) => this.#connection?.send(message),
      onEnd: () => this.#end('over'),
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#settle = resolve;
    void broadcast.closed.then(() => this.#broadcastEnded());
    this.#scheduleTick();
    void before.then(() => this.#attempt());
  }

  get status(): PushStatus {
    const remaining = this.#isOver ? null : this.#remaining;
    return {
      state: this.#state,
      code: this.#code,
      words: this.#wordsNow,
      liveSince: this.#liveSince,
      nextTry: this.#nextTry,
      bitrate: this.#state === 'live' ? this.#rate.bitrate : 0,
      sentBytes: this.#sentBefore + (this.#connection?.sentBytes ?? 0),
      acknowledgedBytes: this.#connection?.acknowledgedBytes ?? 0,
      droppedGroups:
        this.#droppedBefore + (this.#connection?.dropped.groups ?? 0) + this.#stream.skippedGroups,
      ...{ holding: this.#isHolding, remaining },
    };
  }

  get #isHolding(): boolean {
    return this.#state === 'live' && this.#stream.holding;
  }

  get #wordsNow(): string | null {
    const isSent = this.#publishingAt !== undefined && !this.#isOver;
    return this.#words ?? (isSent ? this.#stream.worthKnowing : null);
  }

  get #remaining(): Milliseconds | null {
    if (this.#maxDuration === undefined || this.#firstLiveAt === undefined) return null;
    return milliseconds(Math.max(0, this.#maxDuration - (this.#host.clock.now() - this.#firstLiveAt)));
  }

  /** Changes how long it may be live, from when it first was; undefined for as long as the broadcast is. */
  limit(maxDuration: Milliseconds | undefined): void {
    if (this.#isOver || maxDuration === this.#maxDuration) return;
    this.#maxDuration = maxDuration;
    this.#limitDuration();
    this.#changed();
  }

  /** Ends it: what waits is sent, then the connection is closed. One that failed is over as well. Idempotent. */
  close(): void {
    if (this.#state === 'failed') this.#become('over');
    this.#end('over');
  }

  async #attempt(): Promise<void> {
    if (this.#isOver) return;
    this.#nextTry = null;
    this.#become('connecting');
    this.#wasRefused = false;
    try {
      const { url, streamKey } = this.settings;
      const target = parsePublishTarget(url, streamKey);
      const addresses = await this.#limited((signal) => this.#host.policy.resolve(target.host, signal));
      const address = addresses[this.#attempts % addresses.length] ?? '';
      this.#attempts += 1;
      const error = await withAuthentication(target, (asked) => this.#dial(address, asked));
      if (error) this.#lost(error);
      else this.#finish();
    } catch (error) {
      this.#lost(this.#nameError(error));
    }
  }

  /** Uses one connection to its end; answers what was wrong, undefined when it was closed from here. */
  async #dial(address: string, target: PublishTarget): Promise<DestinationError | undefined> {
    const { authorities, openSocket } = this.#host;
    if (this.#isOver) return undefined;
    const socket = await this.#limited((signal) => openSocket({ address, target, authorities, signal }));
    if (!this.#isOver) return await this.#use(socket, target);
    socket.destroy();
    return undefined;
  }

  /** Gives it up after a while, and at once when this is over. */
  async #limited<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.#abort = new AbortController();
    return await withDeadline(this.#host.clock, DIAL_TIMEOUT, call, this.#abort);
  }

  /** One that nobody foresaw must not end more than this. */
  #nameError(error: unknown): DestinationError {
    if (error instanceof DestinationError) return error;
    this.#host.log.error({ destination: this.settings.id, err: error }, 'a destination failed unforeseen');
    return new DestinationError(
      'unreachable',
      'The server cannot be reached, for a reason that the log has.',
    );
  }

  async #use(socket: Socket, target: PublishTarget): Promise<DestinationError | undefined> {
    const connection = new PublishConnection(socket, target, this.#host.clock, {
      onReady: (capabilities) => this.#ready(connection, capabilities),
      onPublishing: () => this.#publishing(),
    });
    this.#connection = connection;
    const error = await connection.closed;
    const isEarly = this.#host.clock.now() - this.#askedAt < AT_ONCE || connection.sentBytes > 0;
    this.#wasRefused = connection.asked && isEarly && this.#liveAt === undefined;
    this.#connection = undefined;
    this.#sentBefore += connection.sentBytes;
    this.#droppedBefore += connection.dropped.groups;
    this.#stream.lost();
    return error;
  }

  /** The server took the connection: it is only asked to publish what there will be. */
  #ready(connection: PublishConnection, capabilities: ServerCapabilities): void {
    const problem = this.#stream.problemAt(capabilities);
    if (problem !== undefined) {
      connection.close(new DestinationError('codec-unavailable', problem));
      return;
    }
    this.#capabilities = capabilities;
    this.#askedAt = this.#host.clock.now();
    connection.publish();
  }

  #publishing(): void {
    this.#publishingAt = this.#host.clock.now();
    this.#stream.begin(this.#capabilities);
  }

  #scheduleTick(): void {
    this.#tick = this.#host.clock.after(TICK, () => {
      this.#watch();
      if (!this.#isOver) this.#scheduleTick();
    });
  }

  #watch(): void {
    const now = this.#host.clock.now();
    const connection = this.#connection;
    if (!connection || this.#publishingAt === undefined) return;
    this.#stream.check(now);
    this.#rate.add(now, this.#sentBefore + connection.sentBytes);
    const taken = connection.sentBytes > 0 && (connection.isDrained || connection.acknowledgedBytes > 0);
    if (this.#liveAt === undefined && taken && now - this.#publishingAt >= PROVEN) this.#goLive(now);
    connection.check(now);
    this.#leaveEmpty(connection, now - this.#publishingAt);
    this.#tell(now);
  }

  #leaveEmpty(connection: PublishConnection, age: number): void {
    const { problem } = this.#stream;
    if (problem === undefined || connection.sentBytes > 0 || age < EMPTY_TIMEOUT) return;
    this.#stream.starved();
    connection.close(new DestinationError('codec-unavailable', problem));
  }

  /** What changes without another state. */
  #tell(now: Milliseconds): void {
    const { holding, words, at } = this.#told;
    const isNews = holding !== this.#isHolding || words !== this.#wordsNow;
    if (isNews || (this.#state === 'live' && now - at >= TELL_INTERVAL)) this.#changed();
  }

  #changed(): void {
    const { clock, changed } = this.#host;
    this.#told = { holding: this.#isHolding, words: this.#wordsNow, at: clock.now() };
    changed();
  }

  #goLive(now: Milliseconds): void {
    this.#liveAt = now;
    this.#liveSince = this.#host.clock.wall();
    this.#retries.succeeded();
    const isFirst = this.#firstLiveAt === undefined;
    this.#firstLiveAt ??= now;
    if (isFirst) this.#limitDuration();
    this.#become('live');
  }

  #limitDuration(): void {
    this.#limit?.cancel();
    const remaining = this.#remaining;
    if (remaining !== null) this.#limit = this.#host.clock.after(remaining, () => this.#end('time-limit'));
  }

  #lost(error: DestinationError): void {
    const now = this.#host.clock.now();
    const liveFor = this.#liveAt === undefined ? undefined : now - this.#liveAt;
    this.#liveAt = undefined;
    this.#liveSince = null;
    this.#publishingAt = undefined;
    this.#rate.clear();
    if (this.broadcast.state === 'ended') this.#end('over');
    if (this.#isOver) {
      this.#finish();
      return;
    }
    const failed = { error, now, liveFor, refused: this.#wasRefused };
    const delay = this.#retries.next(failed, this.#host.random());
    if (delay instanceof DestinationError) {
      this.#fail(delay);
      return;
    }
    this.#nextTry = milliseconds(this.#host.clock.wall() + delay);
    this.#become('retrying', error.code, error.message);
    this.#retry = this.#host.clock.after(delay, () => void this.#attempt());
  }

  /** Until its settings change or another broadcast begins. */
  #fail(error: DestinationError): void {
    this.#isOver = true;
    this.#become('failed', error.code, error.message);
    this.#finish();
  }

  #broadcastEnded(): void {
    if (this.#isOver) return;
    if (this.#publishingAt === undefined) this.#end('over');
    else this.#lastMedia = this.#host.clock.after(LAST_MEDIA_TIMEOUT, () => this.#end('over'));
  }

  #end(why: 'over' | 'time-limit'): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const words = why === 'time-limit' ? 'Its time limit is reached.' : null;
    this.#become('over', why === 'over' ? null : why, words);
    this.#abort?.abort();
    if (this.#connection) this.#connection.end();
    else this.#finish();
  }

  #finish(): void {
    this.#isOver = true;
    this.#stream.close();
    for (const timer of [this.#tick, this.#retry, this.#limit, this.#lastMedia]) timer?.cancel();
    this.#settle();
  }

  #become(state: PushState, code: PushStatus['code'] = null, words: string | null = null): void {
    const changed = state !== this.#state || code !== this.#code || words !== this.#words;
    this.#state = state;
    this.#code = code;
    this.#words = words;
    if (!changed) return;
    const { channel, id } = this.broadcast.info;
    const fields = { channel, broadcast: id, destination: this.settings.id, code, why: words };
    this.#host.log[code ? 'warn' : 'info'](fields, `destination ${state}`);
    this.#changed();
  }
}
