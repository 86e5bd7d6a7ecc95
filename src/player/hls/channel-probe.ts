import { type Milliseconds, milliseconds } from '../../media/time.ts';
import type { Clock, Timer } from '../clock.ts';
import { reconnectDelay } from '../load/reconnect-delay.ts';

/** What a channel's multivariant playlist says. */
export type ProbeResult =
  /** There is something to play; `presentation` is another one whenever another playlist must be loaded. */
  | { readonly type: 'playable'; readonly presentation: string }
  | { readonly type: 'offline' }
  | { readonly type: 'not-found' }
  | { readonly type: 'unreachable' };

/** What a probe is made of. */
export interface ChannelProbeOptions {
  /** `https://host/live/main/index.m3u8`. */
  readonly url: string;
  readonly clock: Clock;
  /** From 0 to 1, as Math.random. */
  readonly random: () => number;
  readonly fetch: typeof fetch;
  /** Told of each answer. True: enough is known; else it asks again after a while. */
  readonly onResult: (result: ProbeResult) => boolean;
}

const TIMEOUT = 10_000;
const MAX_PLAYLIST = 65_536;
const LEAST_WAIT = 1;
const LONGEST_WAIT = 30;

/** Asks whether there is something to play on a channel, until there is: as often as the server says. */
export class ChannelProbe {
  readonly #options: ChannelProbeOptions;
  #request: AbortController | undefined;
  #timer: Timer | undefined;
  #failures = 0;

  constructor(options: ChannelProbeOptions) {
    this.#options = options;
  }

  /** Asks now, whatever is under way. */
  ask(): void {
    this.close();
    const request = new AbortController();
    this.#request = request;
    this.#timer = this.#options.clock.after(milliseconds(TIMEOUT), () => request.abort());
    this.#read(request.signal).then(
      ({ result, wait }) => {
        if (this.#request === request) this.#answered(result, wait);
      },
      () => {
        if (this.#request === request) this.#answered({ type: 'unreachable' }, undefined);
      },
    );
  }

  /** Asks again after that long. */
  askAfter(delay: Milliseconds): void {
    this.close();
    this.#timer = this.#options.clock.after(delay, () => this.ask());
  }

  /** Asks now what would have been asked later. */
  hurry(): void {
    if (this.#timer && !this.#request) this.ask();
  }

  /** Asks no more, until it is told to; idempotent. */
  close(): void {
    this.#request?.abort();
    this.#request = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #answered(result: ProbeResult, wait: number | undefined): void {
    this.close();
    this.#failures = result.type === 'unreachable' ? this.#failures + 1 : 0;
    if (this.#options.onResult(result) || this.#timer || this.#request) return;
    const delay = wait === undefined ? reconnectDelay(this.#failures, this.#options.random) : wait * 1000;
    this.askAfter(milliseconds(delay));
  }

  async #read(signal: AbortSignal): Promise<{ result: ProbeResult; wait: number | undefined }> {
    const response = await this.#options.fetch(this.#options.url, {
      signal,
      cache: 'no-store',
      credentials: 'omit',
    });
    if (response.ok)
      return { result: readPlayable((await response.text()).slice(0, MAX_PLAYLIST)), wait: LEAST_WAIT };
    const wait = clamp(Number(response.headers.get('retry-after') ?? Number.NaN));
    if (response.status !== 404) return { result: { type: 'unreachable' }, wait };
    const code = errorOf(await response.text());
    if (code === 'not-live') return { result: { type: 'offline' }, wait: wait ?? LEAST_WAIT };
    if (code === 'channel-not-found') return { result: { type: 'not-found' }, wait: wait ?? LONGEST_WAIT };
    return { result: { type: 'unreachable' }, wait };
  }
}

const clamp = (seconds: number): number | undefined =>
  Number.isNaN(seconds) ? undefined : Math.min(LONGEST_WAIT, Math.max(LEAST_WAIT, seconds));

function readPlayable(playlist: string): ProbeResult {
  const [first] = /^[^#\s].*$/m.exec(playlist) ?? [];
  return first === undefined ? { type: 'unreachable' } : { type: 'playable', presentation: first };
}

function errorOf(body: string): unknown {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && 'error' in value ? value.error : undefined;
  } catch {
    return undefined;
  }
}
