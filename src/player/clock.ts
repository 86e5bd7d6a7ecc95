import { type Milliseconds, milliseconds } from '../media/time.ts';

/** A call that is still to come and can be given up. */
export interface Timer {
  cancel(): void;
}

/** Where the player gets time from; tests turn theirs by hand. Has the shape of the server's own clock. */
export interface Clock {
  /** Monotonic, from an arbitrary start. */
  now(): Milliseconds;
  /** Calls once, after that long. */
  after(delay: Milliseconds, call: () => void): Timer;
}

/** The page's clock: `performance.now` and `setTimeout`. */
export const browserClock: Clock = {
  now: () => milliseconds(performance.now()),
  after: (delay, call) => {
    const id = setTimeout(call, delay);
    return { cancel: () => clearTimeout(id) };
  },
};
