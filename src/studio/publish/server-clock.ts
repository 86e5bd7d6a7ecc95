import { type Milliseconds, milliseconds } from '../../media/time.ts';

interface Sample {
  readonly roundTrip: number;
  readonly offset: number;
}

/** Samples kept: long enough for a quick one, short enough to follow a drifting clock. */
const WINDOW = 16;

/** Learns the server's wall clock from pings: the quickest of the newest answers is believed, as NTP does. */
export class ServerClock {
  #samples: Sample[] = [];

  /** An answer: asked and heard on the local monotonic clock, `serverTime` in ms since 1970. */
  add(asked: Milliseconds, heard: Milliseconds, serverTime: number): void {
    const roundTrip = heard - asked;
    if (roundTrip < 0 || !Number.isFinite(serverTime)) return;
    this.#samples.push({ roundTrip, offset: serverTime + roundTrip / 2 - heard });
    if (this.#samples.length > WINDOW) this.#samples.shift();
  }

  /** The shortest round trip of late; undefined before the first answer. */
  get roundTrip(): Milliseconds | undefined {
    const best = this.#best();
    return best && milliseconds(best.roundTrip);
  }

  /** A point on the local monotonic clock as the server's wall clock; undefined before the first answer. */
  toServerTime(local: Milliseconds): Milliseconds | undefined {
    const best = this.#best();
    return best && milliseconds(local + best.offset);
  }

  #best(): Sample | undefined {
    let best = this.#samples[0];
    for (const sample of this.#samples) if (best && sample.roundTrip < best.roundTrip) best = sample;
    return best;
  }
}
