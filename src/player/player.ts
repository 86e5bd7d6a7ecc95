import { type Milliseconds, milliseconds } from '../media/time.ts';
import type { Clock, Timer } from './clock.ts';
import type { ChannelNews } from './hls/channel-news.ts';
import { DvrWindow } from './hls/dvr-window.ts';
import type { ChannelUrls } from './load/channel-urls.ts';
import type { PlayNews } from './load/play-connection.ts';
import { PlayIntent } from './play-intent.ts';
import type { PlayerStats } from './player-stats.ts';
import { LiveSources, type TransportChoice } from './source/live-sources.ts';
import type { SourceEvents } from './source/play-source.ts';
import type { DvrPosition, RewindSource } from './source/rewind-source.ts';
import type { SourceFactory } from './source/source-factory.ts';
import type { Delay } from './sync/delay-meter.ts';
import { PresentedFrames } from './sync/presented-frame.ts';
import type { StillPicture } from './ui/still-picture.ts';
import { type PlayerProblem, type PlayerState, ViewerState } from './viewer-state.ts';

/** What a player is made of. */
export interface PlayerOptions {
  /** Must be its alone. */
  readonly media: HTMLVideoElement;
  readonly still: StillPicture;
  readonly urls: ChannelUrls;
  readonly choice: TransportChoice;
  readonly clock: Clock;
  readonly fetch: typeof fetch;
  readonly sources: SourceFactory;
  /** Called after anything that is told here changed, often. */
  readonly onChange: () => void;
}

/** A lost connection is told only after this long: most come back sooner, and the picture never stops. */
const LOSS_SHOWN_AFTER = milliseconds(1000);
/** Nearer to the live edge than this there is nothing to go back to. */
const NEAREST_REWIND = 4000;

/** Plays a channel in a video element, live or from an earlier moment on. It recovers by itself until it is closed. */
export class Player {
  readonly intent: PlayIntent;
  readonly #options: PlayerOptions;
  readonly #frames: PresentedFrames;
  readonly #state = new ViewerState();
  readonly #scope = new AbortController();
  readonly #dvr: DvrWindow;
  #live: LiveSources;
  #rewind: RewindSource | undefined;
  #viewersNews: ChannelNews | undefined;
  /** Of live ways that were closed for going back. */
  #switches = 0;
  #lossTimer: Timer | undefined;
  #targetLatency: Milliseconds | undefined;
  /** Where to go once it is known how far back that can be. */
  #pendingSeek: Milliseconds | undefined;
  #broadcast: string | undefined;
  /** The broadcast that was told of last can be played again when it is over, as far as is known here. */
  #isKept = true;
  #title: string | null = null;
  #viewers: number | null = null;

  constructor(options: PlayerOptions) {
    this.#options = options;
    const { media, clock, urls, fetch, onChange } = options;
    this.intent = new PlayIntent(media, onChange);
    this.#frames = new PresentedFrames(media, () => this.#pictured());
    this.#dvr = new DvrWindow({ url: urls.dvr, clock, fetch, onChange: () => this.#dvrKnown() });
    this.#live = this.#openLive();
    this.#listen();
  }

  /** Starts to connect. */
  start(): void {
    if (this.#live.start()) return;
    this.#fail({
      code: 'unsupported-browser',
      message: 'This browser cannot play live video (it has no Media Source Extensions).',
    });
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
    const { paused, seeking, readyState } = this.#options.media;
    const plays = this.state === 'live' || this.state === 'rewound';
    return plays && !paused && (seeking || readyState < HTMLMediaElement.HAVE_FUTURE_DATA);
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
    return this.#rewind ? this.#rewind.delay : this.#live.current?.delay;
  }

  /** How far back can be gone; undefined where that is not known, or nowhere. */
  get dvr(): DvrPosition | undefined {
    if (this.#rewind) {
      const { length = this.#dvr.length, behind, complete } = this.#rewind;
      return length === undefined ? undefined : { length, behind, complete };
    }
    const { length } = this.#dvr;
    if (length === undefined || !this.#state.isKnown) return undefined;
    return { length, behind: milliseconds(0), complete: !this.#state.isOn };
  }

  /** How media comes now; null before anything could. */
  get transport(): PlayerStats['transport'] {
    return this.#rewind?.transport ?? this.#live.current?.transport ?? null;
  }

  /** How playing goes. */
  get stats(): PlayerStats {
    const { media } = this.#options;
    const quality = media.getVideoPlaybackQuality?.();
    return {
      transport: this.transport,
      state: this.state,
      delay: this.delay?.delay ?? null,
      delayFrom: this.delay?.from ?? null,
      bufferAhead: bufferAhead(media),
      playbackRate: media.playbackRate,
      droppedFrames: quality?.droppedVideoFrames ?? 0,
      width: media.videoWidth,
      height: media.videoHeight,
      switches: this.#switches + this.#live.switches,
      ...NO_STATS,
      ...(this.#rewind
        ? { bitrate: this.#rewind.bitrate, stalls: this.#rewind.stalls }
        : this.#live.current?.stats),
    };
  }

  /** The delay to keep where it is more than what is safe; undefined for as little as is safe. */
  set targetLatency(latency: Milliseconds | undefined) {
    this.#targetLatency = latency;
    this.#live.targetLatency = latency;
  }

  /** Somebody may want to go back: it is found out how far that can be. True while an answer is waited for. */
  lookBack(): boolean {
    const { isKnown, isOn } = this.#state;
    if (!isKnown || !this.#options.sources.canRewind) return false;
    return (isOn || this.#isKept) && this.#dvr.look();
  }

  /** Plays a broadcast that is over, from its beginning. */
  replay(): void {
    const { dvr } = this;
    if (dvr?.complete && !this.#rewind) this.#goBack(dvr.length);
  }

  /** Goes to that distance before the end of the broadcast; too near to it, to the live edge. */
  seek(behind: Milliseconds): void {
    this.#pendingSeek = undefined;
    if (behind < NEAREST_REWIND && !this.#rewind?.complete) this.seekToLive();
    else if (this.#rewind) this.#rewind.seek(behind);
    else if (this.#options.sources.canRewind) this.#goBack(behind);
  }

  /** The same, also where it is not known yet how far back can be gone. */
  seekBehind(behind: Milliseconds): void {
    if (this.dvr || behind <= 0) this.seek(milliseconds(Math.min(behind, this.dvr?.length ?? 0)));
    // Where nothing is kept nothing happens, not when that changes later either.
    else this.#pendingSeek = this.lookBack() ? behind : undefined;
  }

  /** Goes forward by that much, or back where it is negative; past the live edge, to that. */
  seekBy(step: Milliseconds): void {
    const pending = this.#pendingSeek;
    if (!this.#rewind && pending === undefined && step >= 0) return;
    this.seekBehind(milliseconds((pending ?? this.dvr?.behind ?? 0) - step));
  }

  /** Plays: at the live edge, or on from where a viewer who went back paused. */
  play(): void {
    if (this.#rewind) this.intent.play();
    else this.seekToLive();
  }

  /** Plays, at the live edge. */
  seekToLive(): void {
    this.#pendingSeek = undefined;
    if (this.#rewind) this.#returnToLive();
    this.#live.current?.catchUp();
    this.intent.play();
    this.#live.current?.seekToLive();
  }

  /** Lets go of the socket, the video element and every timer; idempotent. */
  close(): void {
    this.#scope.abort();
    this.#lossTimer?.cancel();
    this.#live.close();
    this.#rewind?.close();
    this.#viewersNews?.close();
    this.#dvr.reset();
    this.#frames.close();
    this.intent.close();
    this.#options.still.drop();
    const { media } = this.#options;
    media.removeAttribute('src');
    media.load();
  }

  #dvrKnown(): void {
    const behind = this.#pendingSeek;
    this.#pendingSeek = undefined;
    if (behind !== undefined && this.dvr) this.seekBehind(behind);
    this.#options.onChange();
  }

  #openLive(): LiveSources {
    const { choice, clock, sources } = this.#options;
    return new LiveSources({
      clock,
      choice,
      openWebSocket: (events) => sources.openWebSocket(events),
      openHls: (events) => sources.openHls(events),
      events: this.#sourceEvents(),
    });
  }

  #listen(): void {
    const { signal } = this.#scope;
    const { media, onChange } = this.#options;
    for (const type of ['loadeddata', 'playing'])
      media.addEventListener(type, () => this.#pictured(), { signal });
    for (const type of ['seeked', 'waiting', 'canplay', 'resize', 'timeupdate']) {
      media.addEventListener(type, onChange, { signal });
    }
    media.addEventListener('play', () => this.#live.current?.catchUp(), { signal });
    addEventListener('online', () => this.#live.hurry(), { signal });
    addEventListener('pageshow', () => this.#live.hurry(), { signal });
    document.addEventListener('visibilitychange', () => this.#visibilityChanged(), { signal });
  }

  #sourceEvents(): SourceEvents {
    return {
      told: (news) => this.#told(news),
      reached: () => {
        this.#lossTimer?.cancel();
        this.#state.heard();
      },
      lost: () => this.#lost(),
      ready: () => {},
      mediaChanged: () => this.#state.mediaChanged(),
      attached: () => this.#attached(),
      leaving: () => this.#leaving(),
      failed: (problem) => this.#fail(problem),
      changed: () => this.#options.onChange(),
    };
  }

  #told(message: PlayNews): void {
    const wasOn = this.#state.isBroadcasting;
    this.#state.told(message);
    if (message.type === 'live') this.#broadcastOn(message, wasOn);
    else if (message.type === 'viewers') this.#viewers = message.count;
    else if (message.type === 'offline') {
      this.#pictureLost();
      // Who comes too late is offered what they missed.
      if (!this.#dvr.looked) this.lookBack();
    } else if (message.type === 'ended' && !this.#isKept) this.#dvr.reset();
    this.#options.onChange();
  }

  /** An empty id is one that is not known: it may be the broadcast that is on. */
  #broadcastOn({ broadcast, title, dvr }: Extract<PlayNews, { type: 'live' }>, wasOn: boolean): void {
    const known = broadcast !== '' && this.#broadcast !== undefined && this.#broadcast !== '';
    const isNew = known ? this.#broadcast !== broadcast : !wasOn;
    if (broadcast !== '' || isNew) {
      this.#broadcast = broadcast;
      this.#title = title;
      this.#isKept = dvr ?? true;
    }
    if (!isNew) return;
    this.#pictureLost();
    this.#pendingSeek = undefined;
    this.#dvr.reset();
  }

  #lost(): void {
    this.#lossTimer?.cancel();
    this.#lossTimer = this.#options.clock.after(LOSS_SHOWN_AFTER, () => {
      this.#state.disconnected();
      this.#options.onChange();
    });
  }

  /** The video element is to start over: what it shows stays on the screen meanwhile. */
  #leaving(): void {
    const { still, media } = this.#options;
    if (this.#state.hasPicture) still.take(media);
  }

  #attached(): void {
    const { still } = this.#options;
    if (still.shown) still.arm();
    else this.#state.pictureLost();
    this.intent.start();
    this.#options.onChange();
  }

  #pictureLost(): void {
    this.#state.pictureLost();
    this.#options.still.drop();
  }

  #pictured(): void {
    const { still, media } = this.#options;
    still.presented(media);
    if (!this.#rewind) this.#live.pictured = true;
    if (this.#state.hasPicture) return;
    this.#state.pictured();
    this.#options.onChange();
  }

  #goBack(behind: Milliseconds): void {
    const { sources } = this.#options;
    this.#leaving();
    this.#live.close();
    this.#lossTimer?.cancel();
    this.#state.rewound = true;
    this.#rewind = sources.openRewind(behind, {
      leaving: () => this.#leaving(),
      attached: () => this.#attached(),
      changed: () => this.#options.onChange(),
      ended: () => this.seekToLive(),
    });
    this.#rewind.start();
    // The live ways, which told of them, are closed meanwhile.
    this.#viewersNews = sources.followNews((news) => {
      if (news.type !== 'viewers') return;
      this.#viewers = news.count;
      this.#options.onChange();
    });
    this.intent.play();
    this.#options.onChange();
  }

  #returnToLive(): void {
    this.#leaving();
    this.#rewind?.close();
    this.#rewind = undefined;
    this.#viewersNews?.close();
    this.#state.rewound = false;
    this.#switches += this.#live.switches;
    this.#live = this.#openLive();
    this.#live.targetLatency = this.#targetLatency;
    this.start();
  }

  #visibilityChanged(): void {
    if (document.visibilityState !== 'visible') return;
    this.#live.hurry();
    if (!this.#rewind) this.#live.current?.seekToLive();
  }

  #fail(problem: PlayerProblem): void {
    if (problem.code === 'unsupported-codec' || problem.code === 'bad-media') this.#pictureLost();
    this.#state.failed(problem);
    this.#options.onChange();
  }
}

const NO_STATS = {
  targetDelay: null,
  stalls: 0,
  seeks: 0,
  skippedChunks: 0,
  bitrate: 0,
  roundTrip: null,
  reconnects: 0,
  rebuilds: 0,
} as const;

function bufferAhead({ buffered, currentTime }: HTMLMediaElement): Milliseconds {
  for (let index = 0; index < buffered.length; index += 1) {
    if (buffered.start(index) <= currentTime && currentTime <= buffered.end(index))
      return milliseconds((buffered.end(index) - currentTime) * 1000);
  }
  return milliseconds(0);
}
