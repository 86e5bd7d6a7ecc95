import type { Milliseconds } from '../../media/time.ts';
import { DestinationError } from './destination-error.ts';
import { retryDelay } from './retry-delay.ts';

/** How an attempt failed. */
export interface FailedAttempt {
  readonly error: DestinationError;
  /** Monotonic. */
  readonly now: Milliseconds;
  /** It was closed when it was published to: at once, or when it had media. */
  readonly refused: boolean;
  /** How long it was live; undefined when it was not. */
  readonly liveFor: number | undefined;
}

/** After so long the next failure is the first. */
const HEALTHY = 10_000;
/** So often is a server asked that closes the connection when it is published to. */
const MAX_REFUSALS = 3;
/** A key may be in use for as long as a platform does not notice that whoever used it is gone. */
const IN_USE_PATIENCE = 60_000;

/** When a push is tried again, and whether. One that was live once is never given up. */
export class RetryPolicy {
  #wasLive = false;
  #failures = 0;
  #refusals = 0;
  #inUseSince: number | undefined;

  /** The server takes it. */
  succeeded(): void {
    this.#wasLive = true;
  }

  /** How long to wait; or why trying again would not help. `random` is from 0 to 1. */
  next(failed: FailedAttempt, random: number): Milliseconds | DestinationError {
    const reason = this.#wasLive ? undefined : this.#reasonToEnd(failed);
    if (reason) return reason;
    if (failed.liveFor === undefined) this.#failures = Math.max(1, this.#failures);
    else if (failed.liveFor >= HEALTHY) this.#failures = 0;
    const delay = retryDelay(this.#failures, random);
    this.#failures += 1;
    return delay;
  }

  #reasonToEnd({ error, now, refused }: FailedAttempt): DestinationError | undefined {
    if (error.fatal) return error;
    // Refused as a name that somebody publishes under, which may pass.
    if (error.code === 'publish-refused') {
      this.#inUseSince ??= now;
      return now - this.#inUseSince >= IN_USE_PATIENCE ? error : undefined;
    }
    if (refused) this.#refusals += 1;
    if (this.#refusals < MAX_REFUSALS) return undefined;
    return error.code === 'closed' ? KEY_REFUSED : error;
  }
}

const KEY_REFUSED = new DestinationError(
  'publish-refused',
  'The server closes the connection whenever it is published to: the stream key is probably wrong, or in use.',
  true,
);
