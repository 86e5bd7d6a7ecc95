import { bytes, type Milliseconds, milliseconds } from '../../media/time.ts';
import type { MediaDate } from '../sync/delay-meter.ts';
import type { HlsEngine, HlsEngineEvents, HlsWindow } from './hls-engine.ts';

/** What some browsers know of their own player of HLS (HTML, `getStartDate`). */
interface DatedMedia extends HTMLMediaElement {
  getStartDate?(): Date;
}

/** What the browser's own player is made of. */
export interface NativeHlsEngineOptions {
  readonly media: DatedMedia;
  readonly url: string;
  readonly events: HlsEngineEvents;
}

const NETWORK = 2;
const NOT_SUPPORTED = 4;
/** Behind the end of what can be played: its own player keeps more where it wants to. */
const SHORT_OF_EDGE = 1000;

/** HLS by the browser itself, where it has no Media Source Extensions: older iPhones. */
export class NativeHlsEngine implements HlsEngine {
  readonly lateness = undefined;
  targetLatency: Milliseconds | undefined;
  readonly #options: NativeHlsEngineOptions;
  #scope: AbortController | undefined;

  constructor(options: NativeHlsEngineOptions) {
    this.#options = options;
  }

  get playingDate(): MediaDate | undefined {
    const { media } = this.#options;
    const start = media.getStartDate?.().getTime() ?? Number.NaN;
    if (!this.#scope || !Number.isFinite(start)) return undefined;
    return { at: milliseconds(start + media.currentTime * 1000), from: 'arrival' };
  }

  get window(): HlsWindow | undefined {
    const { seekable } = this.#options.media;
    if (!this.#scope || seekable.length === 0) return undefined;
    return { start: seekable.start(0), end: seekable.end(seekable.length - 1), endDate: undefined };
  }

  open(): void {
    this.#options.events.ready();
  }

  take(behind?: Milliseconds): void {
    const { media, url, events } = this.#options;
    this.#scope = new AbortController();
    const { signal } = this.#scope;
    // How much came only the browser knows; that it plays is the end of a row of failures.
    media.addEventListener('playing', () => events.received(bytes(0)), { signal });
    media.addEventListener('ended', () => events.complete(), { signal });
    media.addEventListener('error', () => this.#erred(), { signal });
    if (behind !== undefined) {
      media.addEventListener('loadedmetadata', () => this.#seek(behind), { signal, once: true });
    }
    media.src = url;
  }

  seekToLive(): void {
    this.#seek(milliseconds(SHORT_OF_EDGE));
  }

  close(): void {
    if (!this.#scope) return;
    this.#scope.abort();
    this.#scope = undefined;
    this.#options.media.removeAttribute('src');
    this.#options.media.load();
  }

  #seek(behind: Milliseconds): void {
    const { start, end } = this.window ?? {};
    if (start !== undefined && end !== undefined)
      this.#options.media.currentTime = Math.max(start, end - behind / 1000);
  }

  #erred(): void {
    const { media, events } = this.#options;
    const code = media.error?.code;
    this.close();
    events.failed(code === NETWORK ? 'network' : code === NOT_SUPPORTED ? 'codec' : 'media');
  }
}
