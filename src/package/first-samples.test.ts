import { describe, expect, it } from 'vitest';
import { milliseconds, ticks } from '../media/time.ts';
import { FirstSamples } from './first-samples.ts';

/** Adds samples of the first of two tracks, until they are enough; answers how many that took. */
function waitedFor(size: number, step: number): number {
  const first = new FirstSamples();
  const data = new Uint8Array(size);
  const moment = { wallClock: milliseconds(0), captured: false };
  for (let count = 1; count <= 100_000; count += 1) {
    const time = milliseconds(count * step);
    const sample = { dts: ticks(time), pts: ticks(time), duration: ticks(step), keyframe: true, data };
    first.add({ track: 0, sample, moment }, time);
    if (first.isComplete(2)) return count;
  }
  return Number.POSITIVE_INFINITY;
}

describe('a track that does not begin', () => {
  it('is waited for two seconds of the other one', () => {
    expect(waitedFor(100, 20)).toBe(101);
  });

  it('is not waited for over many bytes', () => {
    expect(waitedFor(1024 * 1024, 0)).toBe(8);
  });

  it('is not waited for over any number of tiny samples', () => {
    expect(waitedFor(1, 0)).toBeLessThan(40_000);
  });
});
