/** Units of time as distinct types: a tick, a millisecond and a timescale are never mistaken for each other. */

declare const unit: unique symbol;

/** A point or a length on a track's clock; one second is the track's {@link Timescale}. */
export type Ticks = number & { readonly [unit]: 'ticks' };

/** Ticks in a second (ISO/IEC 14496-12 §8.4.2). */
export type Timescale = number & { readonly [unit]: 'timescale' };

/** A length of time, or a point on a clock that the context names, in milliseconds. */
export type Milliseconds = number & { readonly [unit]: 'milliseconds' };

/** A count of bytes. */
export type Bytes = number & { readonly [unit]: 'bytes' };

/** Names a number of ticks. */
export const ticks = (value: number): Ticks => value as Ticks;
/** Names a number of ticks in a second. */
export const timescale = (value: number): Timescale => value as Timescale;
/** Names a number of milliseconds. */
export const milliseconds = (value: number): Milliseconds => value as Milliseconds;
/** Names a number of bytes. */
export const bytes = (value: number): Bytes => value as Bytes;

/** One tick is one millisecond: the clock of broadcasts and of most WebM files. */
export const MILLISECOND_TIMESCALE = timescale(1000);

/**
 * Converts ticks from one timescale to another, to the nearest tick, exact for every time that a broadcast
 * can reach: whole seconds and the rest are converted apart, so no product leaves the safe integers.
 */
export function rescale(value: Ticks, from: Timescale, to: Timescale): Ticks {
  if (from === to) return value;
  const seconds = Math.floor(value / from);
  const rest = value - seconds * from;
  return ticks(seconds * to + Math.round((rest * to) / from));
}

/** Ticks as milliseconds, unrounded. */
export function ticksToMilliseconds(value: Ticks, from: Timescale): Milliseconds {
  return milliseconds((value / from) * 1000);
}

/** Milliseconds as ticks, to the nearest tick. */
export function millisecondsToTicks(value: Milliseconds, to: Timescale): Ticks {
  return ticks(Math.round((value / 1000) * to));
}
