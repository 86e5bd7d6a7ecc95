import { type Ticks, ticks } from '../time.ts';

/** Milliseconds: what is further back is another clock. */
const LARGEST_STEP_BACK = 1000;

/** The time of a track's sample behind `last`: small steps back are taken for no step; a clock that was set anew is not. */
export function forwardTime(time: Ticks, last: Ticks | undefined): Ticks {
  const isStepBack = last !== undefined && time < last && time >= last - LARGEST_STEP_BACK;
  return isStepBack ? ticks(last) : time;
}
