import { type Milliseconds, milliseconds } from '../media/time.ts';

/** Tells when a moment of a publisher's media was in the real world. Asked for every sample, as it comes. */
export interface CaptureClock {
  /** The publisher has told its capture times; until then {@link wallClock} answers the time of arrival: now. */
  readonly known: boolean;
  /** Wall clock, since 1970, of a moment on the publisher's own timeline. */
  wallClock(sourceTime: Milliseconds): Milliseconds;
}

/** What a moment that comes so long before is to say, for the clock to tell the same of everything after it. */
export const earlier = ({ wallClock, captured }: CaptureMoment, by: Milliseconds): CaptureMoment => ({
  wallClock: milliseconds(wallClock - by),
  captured,
});

/** When a sample was in the real world. */
export interface CaptureMoment {
  /** Since 1970. */
  readonly wallClock: Milliseconds;
  /** It is the time of capture, not that of arrival. */
  readonly captured: boolean;
}
