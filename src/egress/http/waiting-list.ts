import type { Clock, Timer } from '../../channel/clock.ts';
import { type Milliseconds, milliseconds } from '../../media/time.ts';
import { DeliveryError } from './delivery-error.ts';

interface Waiting {
  readonly ready: () => boolean;
  readonly until: Milliseconds;
  readonly resolve: (ready: boolean) => void;
  readonly reject: (error: DeliveryError) => void;
}

/** Who waits: a `ServerResponse`. */
export interface Client {
  readonly destroyed: boolean;
  /** Its connection, on which others of it may wait. */
  readonly req?: { readonly socket: object };
  once(event: 'close', call: () => void): unknown;
  off(event: 'close', call: () => void): unknown;
}

/** How often it is looked for who has waited too long. */
const SWEEP = milliseconds(500);

/** On one connection: no player and no proxy sends the next request before it is answered. */
const MOST_OF_ONE = 4;

/** How many requests may wait, on a whole server; four on one connection. */
export class WaitingPlaces {
  readonly #most: number;
  readonly #ofConnections = new WeakMap<object, number>();
  #taken = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** How many wait now. */
  get taken(): number {
    return this.#taken;
  }

  /** Takes one; answers how to give it back. Throws DeliveryError `too-many-waiting`. */
  take({ req }: Client): () => void {
    const socket = req?.socket ?? {};
    const ofOne = this.#ofConnections.get(socket) ?? 0;
    if (this.#taken >= this.#most || ofOne >= MOST_OF_ONE) {
      throw new DeliveryError('too-many-waiting', 'Too many requests wait. Try again in a moment.', {
        'retry-after': '1',
      });
    }
    this.#taken += 1;
    this.#ofConnections.set(socket, ofOne + 1);
    return () => {
      this.#taken -= 1;
      this.#ofConnections.set(socket, (this.#ofConnections.get(socket) ?? 1) - 1);
    };
  }
}

/** Requests that wait for something of one broadcast; all of them are released when it ends. */
export class WaitingList {
  readonly #clock: Clock;
  readonly #places: WaitingPlaces;
  readonly #waiting = new Set<Waiting>();
  #timer: Timer | undefined;

  constructor(clock: Clock, places: WaitingPlaces) {
    this.#clock = clock;
    this.#places = places;
  }

  /**
   * Answers true as soon as `ready` does at a {@link wake}, false when the client goes away. Throws DeliveryError
   * `not-in-time` after `timeout`, and `too-many-waiting` at once.
   */
  async wait(ready: () => boolean, timeout: Milliseconds, client: Client): Promise<boolean> {
    if (ready()) return true;
    if (client.destroyed) return false;
    const release = this.#places.take(client);
    let gone = (): void => {};
    let waiting: Waiting | undefined;
    try {
      return await new Promise<boolean>((resolve, reject) => {
        gone = () => resolve(false);
        waiting = { ready, until: milliseconds(this.#clock.now() + timeout), resolve, reject };
        this.#waiting.add(waiting);
        client.once('close', gone);
        this.#timer ??= this.#clock.after(SWEEP, this.#sweep);
      });
    } finally {
      if (waiting) this.#waiting.delete(waiting);
      client.off('close', gone);
      release();
      if (this.#waiting.size === 0) this.#rest();
    }
  }

  /** Something has come: lets those go on that waited for it. */
  wake(): void {
    for (const waiting of this.#waiting) {
      if (!waiting.ready()) continue;
      this.#waiting.delete(waiting);
      waiting.resolve(true);
    }
  }

  readonly #sweep = (): void => {
    const now = this.#clock.now();
    for (const waiting of this.#waiting) {
      if (waiting.until > now) continue;
      this.#waiting.delete(waiting);
      waiting.reject(
        new DeliveryError('not-in-time', 'It did not come in time. Try again.', { 'retry-after': '1' }),
      );
    }
    this.#timer = this.#waiting.size > 0 ? this.#clock.after(SWEEP, this.#sweep) : undefined;
  };

  #rest(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
