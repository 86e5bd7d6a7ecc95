import { describe, expect, it } from 'vitest';
import { milliseconds } from '../../media/time.ts';
import { CatchUp } from './catch-up.ts';

const at = milliseconds;

describe('the upload of a backlog', () => {
  it('is not worth showing for what is on its way at any time', () => {
    expect(CatchUp.begin(1000, 1_000_999, at(0))).toBeUndefined();
  });

  it('grows with what is captured meanwhile, and is over when next to nothing is left', () => {
    const catchUp = CatchUp.begin(1_000_000, 11_000_000, at(0));
    expect(catchUp?.progress(6_000_000, 12_000_000, at(1000))).toEqual({
      done: 5_000_000,
      size: 11_000_000,
      rate: 40_000_000,
    });
    expect(catchUp?.progress(12_500_000, 12_700_000, at(2000))).toBeUndefined();
  });

  it('has the rate of the last five seconds', () => {
    const catchUp = CatchUp.begin(0, 100_000_000, at(0));
    catchUp?.progress(50_000_000, 100_000_000, at(1000));
    for (let second = 2; second <= 8; second += 1)
      catchUp?.progress(50_000_000 + second * 1000, 100_000_000, at(second * 1000));
    expect(catchUp?.progress(50_009_000, 100_000_000, at(9000))?.rate).toBe(8000);
  });
});
