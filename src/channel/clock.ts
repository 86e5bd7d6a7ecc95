import type { Milliseconds } from '../media/time.ts';

/** A timer that can be given up. */
export interface Timer {
  cancel(): void;
}

/** The only source of time outside `server/`: the real one is made there, tests turn theirs by hand. */
export interface Clock {
  /** Monotonic, from an arbitrary start. */
  now(): Milliseconds;
  /** Wall clock, since 1970. May jump. */
  wall(): Milliseconds;
  /** Calls once, after that long. */
  after(delay: Milliseconds, call: () => void): Timer;
}
