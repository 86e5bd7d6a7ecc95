import { MediaError as ContainerError } from '../../media/media-error.ts';
import { bytes, type Milliseconds, milliseconds } from '../../media/time.ts';
import { CLOSE } from '../../wire/close-codes.ts';
import { MediaBuffer, type MediaBufferEvents, UnsupportedCodecError } from '../buffer/media-buffer.ts';
import type { AvailableMediaSource } from '../buffer/media-source-type.ts';
import type { Clock, Timer } from '../clock.ts';
import {
  PlayConnection,
  type PlayConnectionEvents,
  type PlayEpoch,
  type PlayLoss,
  type PlayNews,
} from '../load/play-connection.ts';
import type { OpenPlaySocket } from '../load/play-socket.ts';
import { RateMeter } from '../rate-meter.ts';
import { type Delay, DelayMeter } from '../sync/delay-meter.ts';
import { LiveEdgeFollower } from '../sync/follow-live-edge.ts';
import { LiveEdge, type SeekCause } from '../sync/live-edge.ts';
import { PresentedFrames } from '../sync/presented-frame.ts';
import { HeldGroup } from './held-group.ts';
import type { PlaySource, SourceEvents, SourceStats } from './play-source.ts';

/** What the WebSocket way is made of. */
export interface WebSocketSourceOptions {
  readonly media: HTMLVideoElement;
  /** `wss://host/live/main/ws`. */
  readonly url: string;
  readonly clock: Clock;
  /** From 0 to 1, as Math.random. */
  readonly random: () => number;
  readonly openSocket: OpenPlaySocket;
  readonly mediaSource: AvailableMediaSource;
  readonly events: SourceEvents;
}

/** So many failures in a row are tried again at once, the next ones ever later. */
const FREE_FAILURES = 3;
const LONGEST_REBUILD_DELAY = 10_000;
/** Playing for this long, media is sound again. */
const SOUND_AFTER = 5000;

/** Plays a channel over WebSocket: load → buffer → sync. The way with the least delay. */
export class WebSocketSource implements PlaySource {
  readonly transport = 'websocket';
  targetLatency: Milliseconds | undefined;
  readonly #options: WebSocketSourceOptions;
  readonly #connection: PlayConnection;
  readonly #buffer: MediaBuffer;
  readonly #held = new HeldGroup();
  readonly #edge = new LiveEdge();
  readonly #meter = new DelayMeter();
  readonly #rate = new RateMeter();
  readonly #counts = { stalls: 0, seeks: 0, skippedChunks: 0, reconnects: 0, rebuilds: 0 };
  #follower: LiveEdgeFollower | undefined;
  #frames: PresentedFrames | undefined;
  #scope: AbortController | undefined;
  #broadcast: string | undefined;
  #broadcasting = false;
  #rebuildTimer: Timer | undefined;
  #failures = 0;
  #rebuiltAt = 0;

  constructor(options: WebSocketSourceOptions) {
    this.#options = options;
    const { media, url, clock, random, openSocket, mediaSource } = options;
    this.#buffer = new MediaBuffer(media, mediaSource, this.#bufferEvents());
    const events = this.#connectionEvents();
    this.#connection = new PlayConnection({ url, clock, random, openSocket, events });
  }

  get delay(): Delay | undefined {
    const frame = this.#frames?.at(this.#options.clock.now());
    return frame && this.#meter.measure(frame.mediaTime, this.#connection.serverClock.at(frame.at));
  }

  get stats(): SourceStats {
    const now = this.#options.clock.now();
    const target = this.#edge.target(now);
    return {
      targetDelay: target === undefined ? null : (this.#delayAt(target)?.delay ?? null),
      ...this.#counts,
      bitrate: this.#rate.rate(now),
      roundTrip: this.#connection.serverClock.roundTrip ?? null,
    };
  }

  start(): void {
    this.#connection.start();
  }

  take(): void {
    if (this.#scope) return;
    const { media, clock } = this.#options;
    this.#scope = new AbortController();
    const { signal } = this.#scope;
    this.#frames = new PresentedFrames(media, () => this.#pictured());
    this.#follower = new LiveEdgeFollower({
      media,
      edge: this.#edge,
      clock,
      ranges: () => this.#buffer.ranges,
      onStall: () => this.#stalled(),
      onCorrected: (seek) => this.#corrected(seek),
    });
    media.addEventListener('playing', () => this.#pictured(), { signal });
    media.addEventListener('error', () => this.#mediaFailed(), { signal });
    this.#edge.reset(true);
    this.#follower.following = this.#broadcasting;
    const { epoch, messages } = this.#held;
    if (epoch) this.#epochStarted(epoch);
    for (const message of messages) this.#play(message);
    this.#held.clear();
  }

  release(): void {
    if (!this.#scope) return;
    this.#scope.abort();
    this.#scope = undefined;
    this.#rebuildTimer?.cancel();
    this.#rebuildTimer = undefined;
    this.#follower?.close();
    this.#follower = undefined;
    this.#frames?.close();
    this.#frames = undefined;
    this.#buffer.abandon();
  }

  catchUp(): void {
    this.#edge.catchUp();
  }

  seekToLive(): void {
    this.#edge.catchUp();
    this.#follower?.correct();
  }

  hurry(): void {
    this.#connection.hurry();
  }

  /** Tries less often from now on, or as often as before: another way plays meanwhile. */
  set patient(patient: boolean) {
    this.#connection.patient = patient;
  }

  close(): void {
    this.#connection.close();
    this.release();
    this.#held.clear();
  }

  #connectionEvents(): PlayConnectionEvents {
    return {
      open: () => {},
      news: (message) => this.#told(message),
      epoch: (epoch) => {
        this.#options.events.reached();
        if (this.#scope) this.#epochStarted(epoch);
        else this.#held.start(epoch);
      },
      media: (message) => this.#received(message),
      lost: (loss) => this.#lost(loss),
    };
  }

  #bufferEvents(): MediaBufferEvents {
    return {
      changed: () => this.#follower?.correct(),
      attached: () => {
        this.#edge.reset(true);
        this.#options.events.attached();
      },
      skipped: (chunks) => {
        this.#counts.skippedChunks += chunks;
      },
      failed: () => this.#mediaFailed(),
    };
  }

  #told(message: PlayNews): void {
    const { events } = this.#options;
    events.reached();
    if (message.type === 'live') this.#broadcastOn(message.broadcast);
    else if (message.type === 'resumed') this.#edge.reset(false);
    else if (message.type === 'skipped') this.#serverSkipped(message.chunks);
    if (message.type === 'live' || message.type === 'resumed') this.#broadcasting = true;
    else if (message.type === 'interrupted') this.#broadcasting = false;
    else if (message.type === 'ended' || message.type === 'offline') this.#broadcastOff(message.type);
    if (this.#follower) this.#follower.following = this.#broadcasting;
    events.told(message);
  }

  #broadcastOn(broadcast: string): void {
    const isNew = this.#broadcast !== broadcast;
    this.#broadcast = broadcast;
    this.#edge.reset(isNew);
    if (!isNew) return;
    this.#meter.reset();
    this.#failures = 0;
  }

  #broadcastOff(type: 'ended' | 'offline'): void {
    this.#broadcasting = false;
    this.#held.clear();
    if (!this.#scope) return;
    if (type === 'ended') this.#buffer.end();
    else this.#buffer.clear();
  }

  #serverSkipped(chunks: number): void {
    this.#counts.skippedChunks += chunks;
    this.#edge.reset(false);
  }

  #epochStarted(epoch: PlayEpoch): void {
    const { events } = this.#options;
    events.mediaChanged();
    try {
      this.#buffer.startEpoch(this.#broadcast ?? '', epoch);
    } catch (error) {
      this.#buffer.clear();
      if (error instanceof UnsupportedCodecError) events.failed({ code: error.code, message: error.message });
      else if (error instanceof ContainerError) events.failed({ code: 'bad-media', message: error.message });
      else throw error;
    }
    events.changed();
  }

  #received(message: Uint8Array<ArrayBuffer>): void {
    this.#rate.add(this.#options.clock.now(), bytes(message.length));
    if (this.#scope) {
      this.#play(message);
    } else {
      this.#held.add(message);
      if (this.#held.messages.length > 0) this.#options.events.ready();
    }
  }

  #play(message: Uint8Array<ArrayBuffer>): void {
    const now = this.#options.clock.now();
    try {
      for (const { kind, start, end, reference } of this.#buffer.push(message)) {
        this.#edge.arrived(now, start, kind);
        this.#meter.add(end, reference);
      }
    } catch (error) {
      if (!(error instanceof ContainerError)) throw error;
      // What is damaged is left out and counted; the next group goes on.
    }
  }

  #lost(loss: PlayLoss): void {
    this.#counts.reconnects += 1;
    this.#held.clear();
    const { events } = this.#options;
    if (loss.cause === 'closed' && loss.code === CLOSE.channelNotFound) {
      events.reached();
      events.failed({ code: 'not-found', message: 'There is no such channel.' });
    } else {
      if (loss.cause === 'protocol') events.failed({ code: 'protocol', message: loss.message });
      events.lost();
    }
  }

  #pictured(): void {
    if (this.#failures === 0) return;
    if (this.#options.clock.now() - this.#rebuiltAt > SOUND_AFTER) this.#failures = 0;
  }

  #mediaFailed(): void {
    const { clock, events, media } = this.#options;
    if (this.#rebuildTimer || !media.hasAttribute('src')) return;
    events.leaving();
    this.#failures += 1;
    const late = this.#failures - FREE_FAILURES;
    const delay = late > 0 ? Math.min(LONGEST_REBUILD_DELAY, 500 * 2 ** late) : 0;
    if (late > 0) events.failed({ code: 'bad-media', message: 'The picture is damaged. Trying again…' });
    this.#rebuildTimer = clock.after(milliseconds(delay), () => {
      this.#rebuildTimer = undefined;
      this.#counts.rebuilds += 1;
      this.#rebuiltAt = clock.now();
      this.#buffer.rebuild();
    });
  }

  #stalled(): void {
    this.#counts.stalls += 1;
    this.#options.events.changed();
  }

  #corrected(seek: SeekCause | undefined): void {
    if (seek && seek !== 'start') this.#counts.seeks += 1;
    const safe = this.#edge.safeTarget(this.#options.clock.now());
    const wanted = this.targetLatency;
    if (safe === undefined || wanted === undefined) this.#edge.extraDelay = milliseconds(0);
    else this.#edge.extraDelay = milliseconds(wanted - (this.#delayAt(safe)?.delay ?? wanted));
    this.#options.events.changed();
  }

  #delayAt(mediaTime: Milliseconds): Delay | undefined {
    const { clock } = this.#options;
    return this.#meter.measure(mediaTime, this.#connection.serverClock.at(clock.now()));
  }
}
