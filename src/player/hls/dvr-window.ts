import { type Milliseconds, milliseconds } from '../../media/time.ts';
import type { Clock } from '../clock.ts';

/** What the window is learnt from. */
export interface DvrWindowOptions {
  /** `https://host/live/main/dvr.m3u8`. */
  readonly url: string;
  readonly clock: Clock;
  readonly fetch: typeof fetch;
  /** It is known, or known better. */
  readonly onChange: () => void;
}

/** So long it is believed; and that there is none. */
const BELIEVED = 30_000;
/** A day of segments has a tenth of it. */
const MAX_PLAYLIST = 32 * 1024 * 1024;

/** How far back a viewer can go. It is asked for when somebody looks, and grows by itself while the broadcast is on. */
export class DvrWindow {
  readonly #options: DvrWindowOptions;
  #request: AbortController | undefined;
  #lookedAt: number | undefined;
  #known: { readonly length: number; readonly at: number; readonly complete: boolean } | undefined;

  constructor(options: DvrWindowOptions) {
    this.#options = options;
  }

  /** Undefined while it is not known, or there is none. */
  get length(): Milliseconds | undefined {
    const known = this.#known;
    if (!known) return undefined;
    const grown = known.complete ? 0 : this.#options.clock.now() - known.at;
    return milliseconds(known.length + grown);
  }

  /** Somebody may want to go back. */
  look(): void {
    const now = this.#options.clock.now();
    if (this.#request || (this.#lookedAt !== undefined && now - this.#lookedAt < BELIEVED)) return;
    this.#lookedAt = now;
    const request = new AbortController();
    this.#request = request;
    this.#read(this.#options.url, request.signal).then(
      (known) => this.#learn(request, known),
      () => this.#learn(request, undefined),
    );
  }

  /** Forgets everything: another broadcast begins. */
  reset(): void {
    this.#request?.abort();
    this.#request = undefined;
    this.#lookedAt = undefined;
    this.#known = undefined;
  }

  #learn(request: AbortController, known: DvrPlaylist | undefined): void {
    if (this.#request !== request) return;
    this.#request = undefined;
    this.#known = known && { ...known, at: this.#options.clock.now() };
    this.#options.onChange();
  }

  async #read(url: string, signal: AbortSignal): Promise<DvrPlaylist | undefined> {
    // Where there is none that is no error, which browsers would show to whoever looks.
    const optional = `${url}${url.includes('?') ? '&' : '?'}optional`;
    const response = await this.#options.fetch(optional, { signal, credentials: 'omit' });
    const text = response.ok ? await response.text() : '';
    if (text.length > MAX_PLAYLIST) return undefined;
    const [, variant] = /^#EXT-X-STREAM-INF:.*\r?\n(.+)$/m.exec(text) ?? [];
    if (!variant) return readDvrPlaylist(text);
    const media = await this.#options.fetch(new URL(variant, response.url), { signal, credentials: 'omit' });
    return media.ok ? readDvrPlaylist(await media.text()) : undefined;
  }
}

/** What a media playlist says of its length, in milliseconds. */
interface DvrPlaylist {
  readonly length: number;
  /** Nothing is added any more. */
  readonly complete: boolean;
}

/** Reads a media playlist as far as its length goes; undefined where there is nothing in it. */
export function readDvrPlaylist(text: string): DvrPlaylist | undefined {
  let length = 0;
  for (const [, seconds = ''] of text.matchAll(/^#EXTINF:([\d.]+)/gm)) length += Number(seconds) * 1000;
  return length > 0 ? { length, complete: /^#EXT-X-ENDLIST/m.test(text) } : undefined;
}
