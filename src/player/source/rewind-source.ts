import { type Milliseconds, milliseconds } from '../../media/time.ts';
import type { Clock } from '../clock.ts';
import type { HlsEngine, HlsWindow } from '../hls/hls-engine.ts';
import type { WallClock } from '../hls/wall-clock.ts';
import { RateMeter } from '../rate-meter.ts';
import type { Delay } from '../sync/delay-meter.ts';
import { StallCount } from '../sync/stall-count.ts';
import type { OpenHlsEngine } from './hls-source.ts';
import type { Transport } from './play-source.ts';

/** What going back in a broadcast is made of. */
export interface RewindSourceOptions {
  readonly transport: Exclude<Transport, 'websocket'>;
  readonly media: HTMLVideoElement;
  /** `https://host/live/main/dvr.m3u8`. */
  readonly url: string;
  /** Where to begin, in milliseconds before the end of what there is. */
  readonly behind: Milliseconds;
  readonly clock: Clock;
  readonly openEngine: OpenHlsEngine;
  readonly wallClock: WallClock;
  readonly events: RewindEvents;
}

/** Older than this the end of a playlist is of a broadcast that is interrupted. */
const MOST_EDGE_AGE = 20_000;
/** So far before the end of what is kept there is something to begin with. */
const SHORT_OF_END = 2000;

/** How far back a viewer can go, and has gone. */
export interface DvrPosition {
  readonly length: Milliseconds;
  /** Before live; 0 at the live edge. */
  readonly behind: Milliseconds;
  /** The broadcast is over: what was before live is before its end. */
  readonly complete: boolean;
}

/** What a viewer who went back is told. */
export interface RewindEvents {
  leaving(): void;
  attached(): void;
  changed(): void;
  /** It came to the end of a broadcast that is over, or cannot be gone back in: live is all there is. */
  ended(): void;
}

/** Plays a broadcast from an earlier moment on, out of what is recorded of it. */
export class RewindSource {
  readonly transport: Exclude<Transport, 'websocket'>;
  readonly #options: RewindSourceOptions;
  readonly #scope = new AbortController();
  readonly #rate = new RateMeter();
  readonly #stalls: StallCount;
  #engine: HlsEngine | undefined;
  /** Where the viewer wants to be, in milliseconds before the end, and where playing was begun. */
  #wanted: Milliseconds;
  #begunAt: Milliseconds | undefined;
  #shown = false;
  #complete = false;
  #closed = false;

  constructor(options: RewindSourceOptions) {
    this.#options = options;
    this.transport = options.transport;
    this.#wanted = options.behind;
    this.#stalls = new StallCount(options.media);
    const { signal } = this.#scope;
    const show = () => {
      this.#shown = this.#engine !== undefined;
      // Somebody went on seeking while there was nothing to seek in yet.
      if (this.#shown && this.#begunAt !== this.#wanted) this.seek(this.#wanted);
    };
    const end = () => {
      if (this.#complete) options.events.ended();
    };
    options.media.addEventListener('loadeddata', show, { signal });
    options.media.addEventListener('ended', end, { signal });
  }

  /** Begins to load. */
  start(): void {
    this.#options.wallClock.start();
    void this.#open();
  }

  /** Nothing is added any more: the broadcast is over. */
  get complete(): boolean {
    return this.#complete;
  }

  /** How far what is shown lies before live, or before the end of a broadcast that is over. */
  get behind(): Milliseconds {
    const { media } = this.#options;
    const window = this.#engine?.window;
    if (!window || !this.#shown) return this.#wanted;
    return milliseconds(Math.max(0, window.end - media.currentTime) * 1000 + this.#edgeAge(window));
  }

  /** How far back can be gone; undefined before it is known. */
  get length(): Milliseconds | undefined {
    const window = this.#engine?.window;
    return window && milliseconds((window.end - window.start) * 1000 + this.#edgeAge(window));
  }

  /** The time from the capture to the screen. */
  get delay(): Delay | undefined {
    const { clock, wallClock } = this.#options;
    const now = wallClock.at(clock.now());
    const date = this.#engine?.playingDate;
    if (now === undefined || date === undefined) return undefined;
    return { delay: milliseconds(Math.max(0, now - date.at)), from: date.from };
  }

  /** Bits a second, over the last seconds. */
  get bitrate(): number {
    return this.#rate.rate(this.#options.clock.now());
  }

  /** How often the picture stood still for want of media. */
  get stalls(): number {
    return this.#stalls.count;
  }

  /** Goes to that distance before live, or before the end. */
  seek(behind: Milliseconds): void {
    const window = this.#engine?.window;
    this.#wanted = behind;
    if (window && this.#shown) {
      const to = window.end - this.#behindEnd(behind, window) / 1000;
      this.#options.media.currentTime = Math.max(window.start, to);
      this.#begunAt = behind;
    }
    this.#options.events.changed();
  }

  /** Lets go of the video element; idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#scope.abort();
    this.#stalls.close();
    this.#options.wallClock.close();
    this.#engine?.close();
  }

  async #open(): Promise<void> {
    const { openEngine, url, events, clock } = this.#options;
    let engine: HlsEngine;
    try {
      engine = await openEngine(url, {
        ready: () => this.#ready(),
        received: (bytes) => this.#rate.add(clock.now(), bytes),
        complete: () => {
          this.#complete = true;
          events.changed();
        },
        failed: () => events.ended(),
      });
    } catch {
      if (!this.#closed) events.ended();
      return;
    }
    if (this.#closed) {
      engine.close();
      return;
    }
    this.#engine = engine;
    engine.open();
  }

  #ready(): void {
    const engine = this.#engine;
    if (!engine || this.#closed) return;
    const { events } = this.#options;
    const wanted = this.#wanted;
    this.#begunAt = wanted;
    events.leaving();
    engine.take(engine.window ? this.#behindEnd(wanted, engine.window) : wanted);
    events.attached();
  }

  /** How far the end of the playlist is behind live: what is kept comes in whole segments. */
  #edgeAge({ endDate }: HlsWindow): number {
    const { clock, wallClock } = this.#options;
    const now = wallClock.at(clock.now());
    if (this.#complete || now === undefined || endDate === undefined) return 0;
    return Math.min(MOST_EDGE_AGE, Math.max(0, now - endDate));
  }

  #behindEnd(behind: Milliseconds, window: HlsWindow): Milliseconds {
    const least = this.#complete ? 0 : SHORT_OF_END;
    return milliseconds(Math.max(least, behind - this.#edgeAge(window)));
  }
}
