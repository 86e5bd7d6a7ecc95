import { type Milliseconds, milliseconds } from '../../media/time.ts';

/** Monotonic time and timers, injected so that a test turns them by hand. */
export interface Timing {
  /** Monotonic, from an arbitrary start. */
  now(): Milliseconds;
  /** Calls once, after that long. */
  after(delay: Milliseconds, call: () => void): { cancel(): void };
}

/** The browser's own: `performance.now` and `setTimeout`. */
export const browserTiming: Timing = {
  now: () => milliseconds(performance.now()),
  after: (delay, call) => {
    const timer = setTimeout(call, delay);
    return { cancel: () => clearTimeout(timer) };
  },
};
