import type { Milliseconds } from '../media/time.ts';

/** Tells when a moment of a publisher's media was in the real world. Asked once for every chunk, as its media comes. */
export interface CaptureClock {
  /** The publisher told its capture times; else what {@link wallClock} answers is the time of arrival: now. */
  readonly known: boolean;
  /** Wall clock, since 1970, of a moment on the publisher's own timeline. */
  wallClock(sourceTime: Milliseconds): Milliseconds;
}
