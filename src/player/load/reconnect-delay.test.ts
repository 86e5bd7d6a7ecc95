import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { patientDelay, reconnectDelay } from './reconnect-delay.ts';

describe('reconnectDelay', () => {
  it('tries at once after the first loss', () => {
    expect(reconnectDelay(0, () => 0)).toBe(0);
    expect(reconnectDelay(0, () => 1)).toBeLessThanOrEqual(100);
  });

  it('doubles from half a second up to ten seconds', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map((failures) => reconnectDelay(failures, () => 1))).toEqual([
      500, 1000, 2000, 4000, 8000, 10_000, 10_000,
    ]);
  });

  it('is spread, and never beyond its bounds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e9 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (failures, random) => {
          const delay = reconnectDelay(failures, () => random);
          expect(delay).toBeGreaterThanOrEqual(250);
          expect(delay).toBeLessThanOrEqual(10_000);
        },
      ),
    );
  });
});

describe('patientDelay', () => {
  it('leaves far more time, for something else plays', () => {
    expect([0, 1, 2, 3, 1e9].map((failures) => patientDelay(failures, () => 1))).toEqual([
      15_000, 30_000, 60_000, 60_000, 60_000,
    ]);
    expect(patientDelay(0, () => 0)).toBe(7500);
  });
});
