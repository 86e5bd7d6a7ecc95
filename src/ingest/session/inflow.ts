import type { Clock, Timer } from '../../channel/clock.ts';
import { type Milliseconds, milliseconds } from '../../media/time.ts';
import { PublishError } from './publish-error.ts';
import type { PublisherSession } from './publisher-session.ts';

/** A connection that can be read later. */
export interface Readable {
  pause(): void;
  resume(): void;
}

/** How an {@link Inflow} is kept. */
export interface InflowOptions {
  readonly clock: Clock;
  /** How long a connected publisher may go without media. */
  readonly noMediaTimeout: Milliseconds;
}

/**
 * What comes over a publisher's connection: held back while more waits for the disk than may, and where it is sent faster
 * than may be; refused when it is no media for too long.
 */
export class Inflow {
  readonly #connection: Readable;
  readonly #options: InflowOptions;
  #session: PublisherSession | undefined;
  #held = false;
  #timer: Timer | undefined;
  #chunks = 0;
  #mediaAt: Milliseconds;

  constructor(connection: Readable, options: InflowOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#mediaAt = options.clock.now();
  }

  /** The connection is not read now: its other side cannot be heard. */
  get held(): boolean {
    return this.#held;
  }

  /** From here on it feeds that session. */
  begin(session: PublisherSession): void {
    this.#session = session;
    this.#chunks = session.chunks;
    this.#mediaAt = this.#options.clock.now();
  }

  /** The session took bytes. */
  pushed(): void {
    const session = this.#session;
    if (!session) return;
    if (session.congested) this.#hold();
    const wait = session.holdFor;
    if (wait === 0) return;
    this.#hold();
    this.#timer ??= this.#options.clock.after(milliseconds(wait), this.#onPaced);
  }

  /** Bytes of the session are on disk. */
  stored(): void {
    if (this.#held && !this.#timer && this.#session?.congested === false) this.#release();
  }

  /** About once a second. Throws PublishError `no-media`. */
  check(now: Milliseconds): void {
    const chunks = this.#session?.chunks ?? 0;
    if (chunks !== this.#chunks || this.#held) {
      this.#chunks = chunks;
      this.#mediaAt = now;
    }
    const { noMediaTimeout } = this.#options;
    if (now - this.#mediaAt < noMediaTimeout) return;
    throw new PublishError('no-media', `No media came for ${noMediaTimeout / 1000} seconds.`);
  }

  /** Nothing is taken any more, but the other side's close must be read. Idempotent. */
  close(): void {
    this.#timer?.cancel();
    this.#session = undefined;
    if (this.#held) this.#release();
  }

  readonly #onPaced = (): void => {
    this.#timer = undefined;
    if (!this.#session?.congested) this.#release();
  };

  #hold(): void {
    if (this.#held) return;
    this.#held = true;
    this.#connection.pause();
  }

  #release(): void {
    this.#held = false;
    this.#connection.resume();
  }
}
