import { describe, expect, it } from 'vitest';
import { milliseconds } from '../../media/time.ts';
import { EpochLimit } from './epoch-limit.ts';

describe('a publisher', () => {
  it('may change its configuration thirty times in any minute, and no more', () => {
    const limit = new EpochLimit();
    for (let second = 0; second < 30; second += 1) limit.add(milliseconds(second * 1000));
    expect(() => limit.add(milliseconds(59_999))).toThrow(
      expect.objectContaining({ code: 'too-many-changes' }),
    );
    expect(() => limit.add(milliseconds(60_000))).not.toThrow();
    expect(() => limit.add(milliseconds(60_500))).toThrow(/30 times/);
  });
});
