import { type Milliseconds, milliseconds } from '../../media/time.ts';
import type { Clock } from '../clock.ts';
import type { ChannelNews, FollowChannel } from '../hls/channel-news.ts';
import { ChannelProbe, type ProbeResult } from '../hls/channel-probe.ts';
import type { HlsEngine, HlsEngineEvents, HlsFailure } from '../hls/hls-engine.ts';
import type { WallClock } from '../hls/wall-clock.ts';
import type { PlayNews } from '../load/play-connection.ts';
import { reconnectDelay } from '../load/reconnect-delay.ts';
import { RateMeter } from '../rate-meter.ts';
import type { Delay } from '../sync/delay-meter.ts';
import { StallCount } from '../sync/stall-count.ts';
import type { PlaySource, SourceEvents, SourceStats, Transport } from './play-source.ts';

/** Makes what plays one playlist. Rejects where the library cannot be loaded. */
export type OpenHlsEngine = (url: string, events: HlsEngineEvents) => Promise<HlsEngine>;

/** What the HLS way is made of. */
export interface HlsSourceOptions {
  readonly transport: Exclude<Transport, 'websocket'>;
  readonly media: HTMLVideoElement;
  /** `https://host/live/main/index.m3u8`. */
  readonly url: string;
  readonly clock: Clock;
  /** From 0 to 1, as Math.random. */
  readonly random: () => number;
  readonly fetch: typeof fetch;
  readonly openEngine: OpenHlsEngine;
  readonly followNews: FollowChannel;
  readonly wallClock: WallClock;
  readonly events: SourceEvents;
}

/** After the end of a broadcast it is looked for the next one so often. */
const NEXT_BROADCAST = milliseconds(3000);
/** So many refusals of a browser in a row are its last word. */
const CERTAIN_AFTER = 3;
/** Later than this it goes to the live edge when it is asked to, in milliseconds. */
const LATE = 500;

/** Plays a channel by HLS, low-latency where the engine can: for networks that let no WebSocket through. */
export class HlsSource implements PlaySource {
  readonly transport: Exclude<Transport, 'websocket'>;
  readonly #options: HlsSourceOptions;
  readonly #probe: ChannelProbe;
  readonly #rate = new RateMeter();
  readonly #counts = { seeks: 0, reconnects: 0, rebuilds: 0 };
  #stalls: StallCount | undefined;
  #news: ChannelNews | undefined;
  #engine: HlsEngine | undefined;
  /** Counts engines, so that one that comes late is not taken for the present one. */
  #opening = 0;
  #presentation: string | undefined;
  #complete = false;
  #live = false;
  #interrupted = false;
  #targetLatency: Milliseconds | undefined;
  #taken = false;
  #failures = 0;
  #closed = false;

  constructor(options: HlsSourceOptions) {
    this.#options = options;
    this.transport = options.transport;
    const { url, clock, random, fetch } = options;
    this.#probe = new ChannelProbe({ url, clock, random, fetch, onResult: (result) => this.#probed(result) });
  }

  get delay(): Delay | undefined {
    const { wallClock, clock } = this.#options;
    const now = wallClock.at(clock.now());
    const date = this.#engine?.playingDate;
    if (now === undefined || date === undefined) return undefined;
    return { delay: milliseconds(Math.max(0, now - date.at)), from: date.from };
  }

  get stats(): SourceStats {
    const { clock, wallClock } = this.#options;
    const lateness = this.#engine?.lateness;
    const delay = this.delay?.delay;
    return {
      targetDelay:
        delay === undefined || lateness === undefined ? null : milliseconds(Math.max(0, delay - lateness)),
      stalls: this.#stalls?.count ?? 0,
      ...this.#counts,
      skippedChunks: 0,
      bitrate: this.#rate.rate(clock.now()),
      roundTrip: wallClock.roundTrip ?? null,
    };
  }

  get targetLatency(): Milliseconds | undefined {
    return this.#targetLatency;
  }
  set targetLatency(latency: Milliseconds | undefined) {
    this.#targetLatency = latency;
    if (this.#engine) this.#engine.targetLatency = latency;
  }

  start(): void {
    this.#options.wallClock.start();
    this.#news = this.#options.followNews((news) => this.#told(news));
    this.#probe.ask();
  }

  take(): void {
    if (this.#taken) return;
    this.#taken = true;
    this.#stalls = new StallCount(this.#options.media);
    if (this.#engine) this.#attach(this.#engine);
  }

  release(): void {
    this.#taken = false;
    this.#stalls?.close();
    this.#closeEngine();
  }

  catchUp(): void {
    if (!this.#taken || !this.#live || (this.#engine?.lateness ?? 0) < LATE) return;
    this.#counts.seeks += 1;
    this.#engine?.seekToLive();
  }

  seekToLive(): void {
    this.catchUp();
  }

  hurry(): void {
    this.#probe.hurry();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#probe.close();
    this.#news?.close();
    this.#options.wallClock.close();
    this.release();
  }

  /** News that the playlists do not tell: who waits for a broadcaster, the title, how many watch. */
  #told(news: PlayNews): void {
    if (news.type === 'interrupted') this.#interrupted = true;
    else if (news.type !== 'viewers' && news.type !== 'skipped') this.#interrupted = false;
    this.#options.events.told(news);
    if (news.type === 'live' && !this.#engine) this.#probe.ask();
  }

  #probed(result: ProbeResult): boolean {
    const { events } = this.#options;
    switch (result.type) {
      case 'playable':
        events.reached();
        return this.#playable(result.presentation);
      case 'offline':
        events.reached();
        if (!this.#complete) events.told({ type: 'offline' });
        return false;
      case 'not-found':
        events.reached();
        events.failed({ code: 'not-found', message: 'There is no such channel.' });
        return false;
      case 'unreachable':
        this.#counts.reconnects += 1;
        events.lost();
        return false;
    }
  }

  /** False while it is the broadcast that has ended. */
  #playable(presentation: string): boolean {
    if (this.#complete && presentation === this.#presentation) {
      this.#endTold();
      this.#probe.askAfter(NEXT_BROADCAST);
      return true;
    }
    const continues = this.#live && this.#complete;
    this.#presentation = presentation;
    this.#complete = false;
    this.#live = true;
    if (!continues && !this.#interrupted)
      this.#options.events.told({ type: 'live', broadcast: '', startedAt: 0, title: null });
    void this.#open();
    return true;
  }

  #endTold(): void {
    if (!this.#live) return;
    this.#live = false;
    this.#options.events.told({ type: 'ended' });
  }

  async #open(): Promise<void> {
    this.#opening += 1;
    const opening = this.#opening;
    const isPresent = () => opening === this.#opening && !this.#closed;
    let engine: HlsEngine;
    try {
      engine = await this.#options.openEngine(this.#options.url, this.#engineEvents(isPresent));
    } catch {
      if (isPresent()) this.#failed('network');
      return;
    }
    if (!isPresent()) {
      engine.close();
      return;
    }
    this.#leave();
    this.#engine = engine;
    engine.targetLatency = this.#targetLatency;
    engine.open();
  }

  #engineEvents(isPresent: () => boolean): HlsEngineEvents {
    const { events, clock } = this.#options;
    return {
      ready: () => {
        if (!isPresent() || !this.#engine) return;
        events.mediaChanged();
        if (this.#taken) this.#attach(this.#engine);
        events.ready();
      },
      received: (bytes) => {
        this.#failures = 0;
        this.#rate.add(clock.now(), bytes);
      },
      complete: () => {
        this.#complete = true;
        // Another stretch of the same broadcast may follow, or it is over.
        if (isPresent()) this.#probe.ask();
      },
      failed: (failure) => {
        if (isPresent()) this.#failed(failure);
      },
    };
  }

  #attach(engine: HlsEngine): void {
    engine.take();
    this.#options.events.attached();
  }

  #failed(failure: HlsFailure): void {
    const { events, random } = this.#options;
    this.#closeEngine();
    // A browser's own player calls everything that it cannot begin with unsupported, also a playlist that is too short yet.
    const isCertain = this.transport === 'hls' || this.#failures >= CERTAIN_AFTER;
    if (failure === 'codec' && isCertain) {
      events.failed({
        code: 'unsupported-codec',
        message: 'This browser cannot play this broadcast. Another browser may.',
      });
    } else if (failure !== 'network') {
      this.#counts.rebuilds += 1;
    } else {
      this.#counts.reconnects += 1;
      events.lost();
    }
    this.#failures += 1;
    this.#probe.askAfter(reconnectDelay(this.#failures, random));
  }

  #leave(): void {
    if (!this.#engine) return;
    if (this.#taken) this.#options.events.leaving();
    this.#engine.close();
    this.#engine = undefined;
  }

  #closeEngine(): void {
    this.#opening += 1;
    this.#leave();
  }
}
