import { describe, expect, it } from 'vitest';
import { formatBitrate, formatBytes, formatCount } from './format-amount.ts';
import { durationToken, formatDuration } from './format-duration.ts';

describe('what people read', () => {
  it('shows a length of time as a clock does', () => {
    expect([0, 7999, 754_000, 3_723_000, 360_000_000, -5].map(formatDuration)).toEqual([
      '0:00',
      '0:07',
      '12:34',
      '1:02:03',
      '100:00:00',
      '0:00',
    ]);
    expect(durationToken(61_500)).toBe('PT61S');
  });

  it('shows bytes in the unit that keeps the number short', () => {
    expect([0, 999, 1000, 999_499, 999_500, 1_340_000_000].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '999 kB',
      '1.0 MB',
      '1.3 GB',
    ]);
  });

  it('shows bitrates as engineers write them', () => {
    expect([0, 850_400, 2_480_000, 120_000_000].map(formatBitrate)).toEqual([
      '0 kbit/s',
      '850 kbit/s',
      '2.5 Mbit/s',
      '120 Mbit/s',
    ]);
  });

  it('shows counts with their noun', () => {
    expect([0, 1, 1204].map((count) => formatCount(count, 'viewer'))).toEqual([
      'no viewers',
      '1 viewer',
      '1,204 viewers',
    ]);
  });
});
