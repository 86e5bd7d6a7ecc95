import type { Clock } from '../../channel/clock.ts';
import { type Milliseconds, milliseconds } from '../../media/time.ts';
import type { CaptureClock } from '../../package/capture-clock.ts';

/** When a publisher's media was captured: as it told with `clock` messages, until then as it arrives. */
export class CaptureTime implements CaptureClock {
  readonly #clock: Clock;
  /** Wall clock less the container's clock. */
  #distance: number | undefined;

  /** `distance`: what another process knew. */
  constructor(clock: Clock, distance?: number) {
    this.#clock = clock;
    this.#distance = distance;
  }

  /** Wall clock less the container's clock, in milliseconds; undefined before it was told. */
  get distance(): number | undefined {
    return this.#distance;
  }

  get known(): boolean {
    return this.#distance !== undefined;
  }

  /** What had that timestamp in the container was captured then; the newest word counts. */
  set(media: Milliseconds, wall: Milliseconds): void {
    this.#distance = wall - media;
  }

  wallClock(sourceTime: Milliseconds): Milliseconds {
    return this.#distance === undefined ? this.#clock.wall() : milliseconds(sourceTime + this.#distance);
  }
}
