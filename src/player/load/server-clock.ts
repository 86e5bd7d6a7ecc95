import { type Milliseconds, milliseconds } from '../../media/time.ts';

const KEPT = 20;

interface Estimate {
  readonly roundTrip: number;
  /** Server wall clock less local monotonic clock. */
  readonly offset: number;
}

/**
 * The server's wall clock as known here: each `pong` says it to within half a round trip, and the quickest of the
 * last {@link KEPT} is believed.
 */
export class ServerClock {
  #estimates: Estimate[] = [];

  /** Takes one exchange; local times are monotonic. */
  add(sentAt: Milliseconds, receivedAt: Milliseconds, serverTime: Milliseconds): void {
    const roundTrip = receivedAt - sentAt;
    this.#estimates.push({ roundTrip, offset: serverTime + roundTrip / 2 - receivedAt });
    if (this.#estimates.length > KEPT) this.#estimates.shift();
  }

  /** Forgets everything: the next exchange may be with another server. */
  reset(): void {
    this.#estimates = [];
  }

  /** Round trip of the exchange that is believed; undefined before the first. */
  get roundTrip(): Milliseconds | undefined {
    const best = this.#best();
    return best && milliseconds(best.roundTrip);
  }

  /** The server's wall clock at that local time; undefined before the first exchange. */
  at(local: Milliseconds): Milliseconds | undefined {
    const best = this.#best();
    return best && milliseconds(local + best.offset);
  }

  #best(): Estimate | undefined {
    let best: Estimate | undefined;
    for (const estimate of this.#estimates) {
      if (!best || estimate.roundTrip <= best.roundTrip) best = estimate;
    }
    return best;
  }
}
