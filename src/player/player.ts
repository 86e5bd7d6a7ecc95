import { MediaError as ContainerError } from '../media/media-error.ts';
import { bytes, type Milliseconds, milliseconds } from '../media/time.ts';
import { CLOSE } from '../wire/close-codes.ts';
import { MediaBuffer, type MediaBufferEvents, UnsupportedCodecError } from './buffer/media-buffer.ts';
import type { AvailableMediaSource } from './buffer/media-source-type.ts';
import type { Clock, Timer } from './clock.ts';
import {
  PlayConnection,
  type PlayConnectionEvents,
  type PlayEpoch,
  type PlayLoss,
  type PlayNews,
} from './load/play-connection.ts';
import type { OpenPlaySocket } from './load/play-socket.ts';
import { PlayIntent } from './play-intent.ts';
import type { PlayerStats } from './player-stats.ts';
import { RateMeter } from './rate-meter.ts';
import { type Delay, DelayMeter } from './sync/delay-meter.ts';
import { LiveEdgeFollower } from './sync/follow-live-edge.ts';
import { LiveEdge, type SeekCause } from './sync/live-edge.ts';
import { PresentedFrames } from './sync/presented-frame.ts';
import { type PlayerProblem, type PlayerState, ViewerState } from './viewer-state.ts';

/** What a player takes from its surroundings. */
export interface PlayerEnvironment {
  readonly clock: Clock;
  /** From 0 to 1, as Math.random. */
  readonly random: () => number;
  readonly openSocket: OpenPlaySocket;
  /** Undefined where the browser has none. */
  readonly mediaSource: AvailableMediaSource | undefined;
}

/** A lost connection is told only after this long: most come back sooner, and the picture never stops. */
const LOSS_SHOWN_AFTER = milliseconds(1000);
/** So many failures in a row are tried again at once, the next ones ever later. */
const FREE_FAILURES = 3;
const LONGEST_REBUILD_DELAY = 10_000;
/** Playing for this long, media is sound again. */
const SOUND_AFTER = 5000;

/** Plays a channel in a video element: load → buffer → sync. It recovers by itself until it is closed. */
export class Player {
  readonly intent: PlayIntent;
  readonly #media: HTMLVideoElement;
  readonly #environment: PlayerEnvironment;
  readonly #onChange: () => void;
  readonly #connection: PlayConnection;
  readonly #buffer: MediaBuffer | undefined;
  readonly #edge = new LiveEdge();
  readonly #follower: LiveEdgeFollower;
  readonly #frames: PresentedFrames;
  readonly #meter = new DelayMeter();
  readonly #rate = new RateMeter();
  readonly #state = new ViewerState();
  readonly #scope = new AbortController();
  readonly #counts = { stalls: 0, seeks: 0, skippedChunks: 0, reconnects: 0, rebuilds: 0 };
  #lossTimer: Timer | undefined;
  #rebuildTimer: Timer | undefined;
  #failures = 0;
  #rebuiltAt = 0;
  #targetLatency: Milliseconds | undefined;
  #broadcast: string | undefined;
  #title: string | null = null;
  #viewers: number | null = null;

  /** `onChange` is called after anything that is told here changed, often. The video element must be its alone. */
  constructor(media: HTMLVideoElement, url: string, environment: PlayerEnvironment, onChange: () => void) {
    this.#media = media;
    this.#environment = environment;
    this.#onChange = onChange;
    const { clock, random, openSocket, mediaSource } = environment;
    this.intent = new PlayIntent(media, onChange);
    this.#buffer = mediaSource && new MediaBuffer(media, mediaSource, this.#bufferEvents());
    this.#follower = new LiveEdgeFollower({
      media,
      edge: this.#edge,
      clock,
      ranges: () => this.#buffer?.ranges ?? [],
      onStall: () => this.#stalled(),
      onCorrected: (seek) => this.#corrected(seek),
    });
    this.#frames = new PresentedFrames(media, () => this.#pictured());
    this.#connection = new PlayConnection({
      url,
      clock,
      random,
      openSocket,
      events: this.#connectionEvents(),
    });
    this.#listen();
  }

  /** Starts to connect. */
  start(): void {
    if (this.#buffer) {
      this.#connection.start();
    } else {
      this.#fail({
        code: 'unsupported-browser',
        message: 'This browser cannot play live video (it has no Media Source Extensions).',
      });
    }
  }

  get state(): PlayerState {
    return this.#state.state;
  }

  /** Why the state is `error`. */
  get problem(): PlayerProblem | undefined {
    return this.#state.problem;
  }

  /** A picture of the present broadcast is on the screen, if only its last one. */
  get hasPicture(): boolean {
    return this.#state.hasPicture;
  }

  /** The picture stands still for want of media, though it is meant to move. */
  get buffering(): boolean {
    const { paused, seeking, readyState } = this.#media;
    return this.state === 'live' && !paused && (seeking || readyState < HTMLMediaElement.HAVE_FUTURE_DATA);
  }

  /** The broadcast's title, where it has one. */
  get title(): string | null {
    return this.#title;
  }

  /** How many watch; null before the server told. */
  get viewers(): number | null {
    return this.#viewers;
  }

  /** How far the screen lies behind now; undefined while nothing is known or nothing is shown. */
  get delay(): Delay | undefined {
    if (!this.#state.hasPicture) return undefined;
    const frame = this.#frames.at(this.#environment.clock.now());
    return this.#meter.measure(frame.mediaTime, this.#connection.serverClock.at(frame.at));
  }

  /** How playing goes. */
  get stats(): PlayerStats {
    const now = this.#environment.clock.now();
    const delay = this.delay;
    const target = this.#edge.target(now);
    const position = this.#media.currentTime * 1000;
    const here = this.#buffer?.ranges.find(({ start, end }) => start <= position && position <= end);
    return {
      transport: 'websocket',
      state: this.state,
      delay: delay?.delay ?? null,
      delayFrom: delay?.from ?? null,
      targetDelay: target === undefined ? null : (this.#delayAt(target)?.delay ?? null),
      bufferAhead: milliseconds(here ? here.end - position : 0),
      playbackRate: this.#media.playbackRate,
      ...this.#counts,
      droppedFrames: this.#media.getVideoPlaybackQuality?.().droppedVideoFrames ?? 0,
      bitrate: this.#rate.rate(now),
      width: this.#media.videoWidth,
      height: this.#media.videoHeight,
      roundTrip: this.#connection.serverClock.roundTrip ?? null,
    };
  }

  /** The delay to keep where it is more than what is safe; undefined for as little as is safe. */
  set targetLatency(latency: Milliseconds | undefined) {
    this.#targetLatency = latency;
  }

  /** Plays, at the live edge. */
  seekToLive(): void {
    this.#edge.catchUp();
    this.intent.play();
    this.#follower.correct();
  }

  /** Lets go of the socket, the video element and every timer; idempotent. */
  close(): void {
    this.#scope.abort();
    this.#lossTimer?.cancel();
    this.#rebuildTimer?.cancel();
    this.#connection.close();
    this.#follower.close();
    this.#frames.close();
    this.intent.close();
    this.#buffer?.clear();
  }

  #listen(): void {
    const { signal } = this.#scope;
    const media = this.#media;
    for (const type of ['loadeddata', 'playing'])
      media.addEventListener(type, () => this.#pictured(), { signal });
    for (const type of ['seeked', 'waiting', 'canplay', 'resize']) {
      media.addEventListener(type, () => this.#onChange(), { signal });
    }
    media.addEventListener('play', () => this.#edge.catchUp(), { signal });
    media.addEventListener('error', () => this.#mediaFailed(), { signal });
    addEventListener('online', () => this.#connection.hurry(), { signal });
    addEventListener('pageshow', () => this.#connection.hurry(), { signal });
    document.addEventListener('visibilitychange', () => this.#visibilityChanged(), { signal });
  }

  #connectionEvents(): PlayConnectionEvents {
    return {
      open: () => this.#lossTimer?.cancel(),
      news: (message) => this.#told(message),
      epoch: (epoch) => this.#epochStarted(epoch),
      media: (message) => this.#received(message),
      lost: (loss) => this.#lost(loss),
    };
  }

  #bufferEvents(): MediaBufferEvents {
    return {
      changed: () => this.#follower.correct(),
      attached: () => this.#attached(),
      skipped: (chunks) => {
        this.#counts.skippedChunks += chunks;
      },
      failed: () => this.#mediaFailed(),
    };
  }

  #told(message: PlayNews): void {
    this.#state.told(message);
    if (message.type === 'live') this.#broadcastOn(message.broadcast, message.title);
    else if (message.type === 'resumed') this.#edge.reset(false);
    else if (message.type === 'skipped') this.#serverSkipped(message.chunks);
    else if (message.type === 'viewers') this.#viewers = message.count;
    else if (message.type === 'ended') this.#buffer?.end();
    else if (message.type === 'offline') this.#buffer?.clear();
    this.#follower.following = this.#state.isBroadcasting;
    this.#onChange();
  }

  #broadcastOn(broadcast: string, title: string | null): void {
    const isNew = this.#broadcast !== broadcast;
    this.#broadcast = broadcast;
    this.#title = title;
    this.#edge.reset(isNew);
    if (!isNew) return;
    this.#state.pictureLost();
    this.#meter.reset();
    this.#failures = 0;
  }

  #serverSkipped(chunks: number): void {
    this.#counts.skippedChunks += chunks;
    this.#edge.reset(false);
  }

  #epochStarted(epoch: PlayEpoch): void {
    this.#state.mediaChanged();
    try {
      this.#buffer?.startEpoch(this.#broadcast ?? '', epoch);
    } catch (error) {
      this.#buffer?.clear();
      this.#state.pictureLost();
      if (error instanceof UnsupportedCodecError) this.#fail({ code: error.code, message: error.message });
      else if (error instanceof ContainerError) this.#fail({ code: 'bad-media', message: error.message });
      else throw error;
    }
    this.#onChange();
  }

  #received(message: Uint8Array<ArrayBuffer>): void {
    const now = this.#environment.clock.now();
    this.#rate.add(now, bytes(message.length));
    if (!this.#buffer) return;
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
    if (loss.cause === 'closed' && loss.code === CLOSE.channelNotFound) {
      this.#fail({ code: 'not-found', message: 'There is no such channel.' });
    } else if (loss.cause === 'protocol') {
      this.#fail({ code: 'protocol', message: loss.message });
    }
    this.#lossTimer?.cancel();
    this.#lossTimer = this.#environment.clock.after(LOSS_SHOWN_AFTER, () => {
      this.#state.disconnected();
      this.#onChange();
    });
  }

  #attached(): void {
    this.#state.pictureLost();
    this.#edge.reset(true);
    this.intent.start();
    this.#onChange();
  }

  #pictured(): void {
    if (!this.#state.hasPicture) {
      this.#state.pictured();
      this.#onChange();
    }
    const { clock } = this.#environment;
    if (this.#failures > 0 && clock.now() - this.#rebuiltAt > SOUND_AFTER) this.#failures = 0;
  }

  #mediaFailed(): void {
    if (this.#rebuildTimer || !this.#media.hasAttribute('src')) return;
    const { clock } = this.#environment;
    this.#failures += 1;
    const late = this.#failures - FREE_FAILURES;
    const delay = late > 0 ? Math.min(LONGEST_REBUILD_DELAY, 500 * 2 ** late) : 0;
    if (late > 0) this.#fail({ code: 'bad-media', message: 'The picture is damaged. Trying again…' });
    this.#rebuildTimer = clock.after(milliseconds(delay), () => {
      this.#rebuildTimer = undefined;
      this.#counts.rebuilds += 1;
      this.#rebuiltAt = clock.now();
      this.#buffer?.rebuild();
    });
  }

  #stalled(): void {
    this.#counts.stalls += 1;
    this.#onChange();
  }

  #corrected(seek: SeekCause | undefined): void {
    if (seek && seek !== 'start') this.#counts.seeks += 1;
    const now = this.#environment.clock.now();
    const safe = this.#edge.safeTarget(now);
    const wanted = this.#targetLatency;
    if (safe === undefined || wanted === undefined) this.#edge.extraDelay = milliseconds(0);
    else this.#edge.extraDelay = milliseconds(wanted - (this.#delayAt(safe)?.delay ?? wanted));
    this.#onChange();
  }

  #delayAt(mediaTime: Milliseconds): Delay | undefined {
    const { clock } = this.#environment;
    return this.#meter.measure(mediaTime, this.#connection.serverClock.at(clock.now()));
  }

  #visibilityChanged(): void {
    if (document.visibilityState !== 'visible') return;
    this.#edge.catchUp();
    this.#connection.hurry();
    this.#follower.correct();
  }

  #fail(problem: PlayerProblem): void {
    this.#state.failed(problem);
    this.#onChange();
  }
}
