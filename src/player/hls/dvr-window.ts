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

/** So long it is believed; less long where it may be more in a moment. */
const BELIEVED = 30_000;
const BELIEVED_SMALL = 5000;
/** A day of segments has a tenth of it. */
const MAX_PLAYLIST = 32 * 1024 * 1024;

/** How far back a viewer can go. It is asked for when somebody looks, and grows by itself while the broadcast is on. */
export class DvrWindow {
  readonly #options: DvrWindowOptions;
  #request: AbortController | undefined;
  #lookedAt: number | undefined;
  #known: (DvrPlaylist & { readonly at: number }) | undefined;

  constructor(options: DvrWindowOptions) {
    this.#options = options;
  }

  /** Undefined while it is not known, or there is none. */
  get length(): Milliseconds | undefined {
    const known = this.#known;
    if (!known) return undefined;
    const grown = known.grows ? this.#options.clock.now() - known.at : 0;
    return milliseconds(known.length + grown);
  }

  /** It was asked for, since the broadcast began. */
  get looked(): boolean {
    return this.#lookedAt !== undefined;
  }

  /** Somebody may want to go back. True while an answer is waited for. */
  look(): boolean {
    const now = this.#options.clock.now();
    if (this.#request) return true;
    const believed = this.#known?.grows || this.#known?.complete ? BELIEVED : BELIEVED_SMALL;
    if (this.#lookedAt !== undefined && now - this.#lookedAt < believed) return false;
    this.#lookedAt = now;
    const request = new AbortController();
    this.#request = request;
    this.#read(this.#options.url, request.signal).then(
      (known) => this.#learn(request, known),
      () => this.#learn(request, undefined),
    );
    return true;
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
    const response = await this.#options.fetch(asLook(url), { signal, credentials: 'omit' });
    const text = response.ok ? await response.text() : '';
    if (text.length > MAX_PLAYLIST) return undefined;
    const [, variant] = /^#EXT-X-STREAM-INF:.*\r?\n(.+)$/m.exec(text) ?? [];
    if (!variant) return readDvrPlaylist(text);
    const address = asLook(new URL(variant, response.url).href);
    const media = await this.#options.fetch(address, { signal, credentials: 'omit' });
    return media.ok ? readDvrPlaylist(await media.text()) : undefined;
  }
}

/** Where there is none that is no error then, which browsers would show to whoever looks; and who looks is not counted. */
const asLook = (url: string) => `${url}${url.includes('?') ? '&' : '?'}optional`;

/** What a media playlist says of its length, in milliseconds. */
interface DvrPlaylist {
  readonly length: number;
  /** Nothing is added any more. */
  readonly complete: boolean;
  /** What is added stays; else what is old goes. */
  readonly grows: boolean;
}

/** Reads a media playlist as far as its length goes; undefined where there is nothing in it. */
export function readDvrPlaylist(text: string): DvrPlaylist | undefined {
  let length = 0;
  for (const [, seconds = ''] of text.matchAll(/^#EXTINF:([\d.]+)/gm)) length += Number(seconds) * 1000;
  if (length === 0) return undefined;
  const complete = /^#EXT-X-ENDLIST/m.test(text);
  return { length, complete, grows: !complete && /^#EXT-X-PLAYLIST-TYPE:EVENT/m.test(text) };
}
