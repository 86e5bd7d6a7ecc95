import { describe, expect, it } from 'vitest';
import { WebmClock } from './webm-clock.ts';

describe('WebmClock', () => {
  it.each([
    [1_000_000, 1000, 7],
    [100_000, 10_000, 7],
    [1, 1_000_000_000, 7],
    [1_000_000_000, 1, 7],
    // A 44,100 Hz sample, as near as nanoseconds come: 4 ns is the largest tick that both fit.
    [22_676, 250_000_000, 7 * 5669],
    [3_000_000_000, 1, 21],
  ])('%i ns a unit are exact at %i ticks a second', (scale, ticksPerSecond, seven) => {
    const clock = new WebmClock(scale);
    expect(clock.timescale).toBe(ticksPerSecond);
    expect(clock.fromUnits(7)).toBe(seven);
  });

  it('refuses a scale of 0 and times beyond a hundred years', () => {
    expect(() => new WebmClock(0)).toThrow('TimestampScale is 0');
    expect(() => new WebmClock(1_000_000).fromUnits(2 ** 53)).toThrow('hundred years');
  });
});
