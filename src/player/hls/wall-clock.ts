import { type Milliseconds, milliseconds } from '../../media/time.ts';
import type { Clock, Timer } from '../clock.ts';
import { ServerClock } from '../load/server-clock.ts';

/** What the clock is made of. */
export interface WallClockOptions {
  /** Answers with the server's time as an ISO 8601 date: `https://host/live/time`. */
  readonly url: string;
  readonly clock: Clock;
  readonly fetch: typeof fetch;
}

const QUICK = 3;
const QUICK_INTERVAL = milliseconds(300);
const INTERVAL = milliseconds(30_000);
const RETRY = milliseconds(5000);
const TIMEOUT = 5000;

/** The server's wall clock, asked for over HTTP where there is no socket to ask over. */
export class WallClock {
  readonly #options: WallClockOptions;
  readonly #estimate = new ServerClock();
  #timer: Timer | undefined;
  #request: AbortController | undefined;
  #answers = 0;

  constructor(options: WallClockOptions) {
    this.#options = options;
  }

  /** The server's time at that local one; undefined before the first answer. */
  at(local: Milliseconds): Milliseconds | undefined {
    return this.#estimate.at(local);
  }

  /** Round trip of the exchange that is believed; undefined before the first. */
  get roundTrip(): Milliseconds | undefined {
    return this.#estimate.roundTrip;
  }

  /** Begins to ask. */
  start(): void {
    if (!this.#request && !this.#timer) this.#ask();
  }

  /** Asks no more; idempotent. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#request?.abort();
    this.#request = undefined;
  }

  #ask(): void {
    const { clock } = this.#options;
    const request = new AbortController();
    this.#request = request;
    this.#timer = clock.after(milliseconds(TIMEOUT), () => request.abort());
    this.#exchange(request.signal).then(
      () => this.#again(request, this.#answers < QUICK ? QUICK_INTERVAL : INTERVAL),
      () => this.#again(request, RETRY),
    );
  }

  async #exchange(signal: AbortSignal): Promise<void> {
    const { url, clock, fetch } = this.#options;
    const sentAt = clock.now();
    const response = await fetch(url, { signal, cache: 'no-store', credentials: 'omit' });
    const receivedAt = clock.now();
    const time = Date.parse(await response.text());
    if (!response.ok || Number.isNaN(time)) throw new Error('The server does not tell its time.');
    this.#estimate.add(sentAt, receivedAt, milliseconds(time));
    this.#answers += 1;
  }

  #again(request: AbortController, delay: Milliseconds): void {
    if (this.#request !== request) return;
    this.close();
    this.#timer = this.#options.clock.after(delay, () => this.#ask());
  }
}
