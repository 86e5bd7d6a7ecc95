import { milliseconds } from '../../media/time.ts';
import type { Timing } from '../publish/timing.ts';
import type { PosterAnswer } from './send-poster.ts';

/** How a poster is taken and sent. */
export interface PosterTaskOptions {
  readonly timing: Timing;
  /** Null where there is nothing to see yet. */
  take(): Promise<Blob | null>;
  send(jpeg: Blob, signal: AbortSignal): Promise<PosterAnswer>;
}

/** Cameras need a moment to find the light. */
const FIRST_DELAY = milliseconds(2000);
const NEXT_DELAY = milliseconds(5000);
const MAX_TRIES = 12;

/** Gives a broadcast its poster: soon after it is live, and again while that fails or there is nothing to see. */
export class PosterTask {
  readonly #options: PosterTaskOptions;
  readonly #end = new AbortController();
  #timer: { cancel(): void } | undefined;
  #tries = 0;

  constructor(options: PosterTaskOptions) {
    this.#options = options;
  }

  /** The broadcast is live. Once is enough. */
  start(): void {
    if (this.#timer || this.#end.signal.aborted) return;
    this.#wait(FIRST_DELAY);
  }

  /** Idempotent. */
  close(): void {
    this.#timer?.cancel();
    this.#end.abort();
  }

  #wait(delay: typeof NEXT_DELAY): void {
    this.#timer = this.#options.timing.after(delay, () => void this.#try());
  }

  async #try(): Promise<void> {
    this.#tries += 1;
    const answer = await this.#takeAndSend();
    if (answer === 'later' && this.#tries < MAX_TRIES && !this.#end.signal.aborted) this.#wait(NEXT_DELAY);
  }

  async #takeAndSend(): Promise<PosterAnswer> {
    try {
      const jpeg = await this.#options.take();
      const { signal } = this.#end;
      return jpeg && !signal.aborted ? await this.#options.send(jpeg, signal) : 'later';
    } catch {
      // A broadcast goes on without a picture of it.
      return 'refused';
    }
  }
}
