import type { Clock } from '../channel/clock.ts';
import { milliseconds } from '../media/time.ts';

/** The real clock. A timer of its does not keep the process alive. */
export const systemClock: Clock = {
  now: () => milliseconds(performance.now()),
  wall: () => milliseconds(Date.now()),
  after: (delay, call) => {
    const timer = setTimeout(call, delay).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** The real clock of a command, which goes on as long as it waits for something. */
export const commandClock: Clock = {
  ...systemClock,
  after: (delay, call) => {
    const timer = setTimeout(call, delay);
    return { cancel: () => clearTimeout(timer) };
  },
};
