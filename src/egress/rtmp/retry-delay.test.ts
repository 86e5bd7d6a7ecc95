import { expect, it } from 'vitest';
import { retryDelay } from './retry-delay.ts';

it('tries at once, then after 1 s to 30 s, never in step with others', () => {
  expect(retryDelay(0, 0.5)).toBe(0);
  expect([1, 2, 3, 4, 5, 6, 7, 20].map((failures) => retryDelay(failures, 0.5))).toEqual([
    1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000,
  ]);
  for (let failures = 1; failures < 12; failures += 1) {
    for (const random of [0, 0.999]) {
      expect(retryDelay(failures, random)).toBeGreaterThanOrEqual(1000);
      expect(retryDelay(failures, random)).toBeLessThanOrEqual(30_000);
    }
  }
  expect(retryDelay(3, 0)).not.toBe(retryDelay(3, 0.9));
});
