/** In ms: less than a sample of sound, and more than what converting between timescales rounds. */
const ROUNDING = 0.01;

/** Whether a moment of the timeline lies before another one, both in ms, and not only by rounding. */
export function isBefore(a: number, b: number): boolean {
  return a < b - ROUNDING;
}
