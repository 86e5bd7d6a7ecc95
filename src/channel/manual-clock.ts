import { type Milliseconds, milliseconds } from '../media/time.ts';
import type { Clock, Timer } from './clock.ts';

/** A clock that stands still until it is told to move. For tests and simulations. */
export class ManualClock implements Clock {
  #now = 0;
  #wall: number;
  #due: { at: number; call: () => void }[] = [];

  constructor(wall = Date.UTC(2026, 0, 1)) {
    this.#wall = wall;
  }

  now(): Milliseconds {
    return milliseconds(this.#now);
  }

  wall(): Milliseconds {
    return milliseconds(this.#wall + this.#now);
  }

  after(delay: Milliseconds, call: () => void): Timer {
    const entry = { at: this.#now + delay, call };
    this.#due.push(entry);
    return {
      cancel: () => {
        this.#due = this.#due.filter((other) => other !== entry);
      },
    };
  }

  /** Moves on, firing what falls due on the way, in order of time. */
  advance(by: number): void {
    const end = this.#now + by;
    for (;;) {
      const next = this.#due.filter((entry) => entry.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#due = this.#due.filter((entry) => entry !== next);
      this.#now = next.at;
      next.call();
    }
    this.#now = end;
  }

  /** The wall clock jumps (NTP, a user); the monotonic one does not. */
  jump(by: number): void {
    this.#wall += by;
  }

  /** How many timers are waiting: 0 when everything was closed. */
  get pending(): number {
    return this.#due.length;
  }
}
