import type { Clock } from '../../channel/clock.ts';
import { milliseconds } from '../../media/time.ts';

/** So long an encoder must be quiet until it may take over again: a person has switched it off and on. */
const QUIET = milliseconds(60_000);
const MOST_REMEMBERED = 1000;

/**
 * Encoders that were taken over and know it. They connect again by themselves, for as long as they run: without a memory two
 * that may take over would take the channel from each other for ever.
 */
export class DisplacedPublishers {
  readonly #clock: Clock;
  /** When each was last heard of, oldest first. */
  readonly #heardOf = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The one from that address was taken over on that channel. */
  add(channel: string, address: string): void {
    const name = `${channel} ${address}`;
    this.#heardOf.delete(name);
    this.#heardOf.set(name, this.#clock.now());
    const [oldest] = this.#heardOf.keys();
    if (this.#heardOf.size > MOST_REMEMBERED && oldest !== undefined) this.#heardOf.delete(oldest);
  }

  /** Whether one from that address, which asks to take over, is such a one. Asking counts as being heard of. */
  has(channel: string, address: string): boolean {
    const heardOf = this.#heardOf.get(`${channel} ${address}`);
    if (heardOf === undefined || this.#clock.now() - heardOf >= QUIET) return false;
    this.add(channel, address);
    return true;
  }
}
