import { describe, expect, it } from 'vitest';
import { bytes, milliseconds as ms } from '../media/time.ts';
import { RateMeter } from './rate-meter.ts';

describe('RateMeter', () => {
  it('measures a steady stream', () => {
    const meter = new RateMeter();
    for (let at = 0; at <= 10_000; at += 100) meter.add(ms(at), bytes(12_500));
    expect(meter.rate(ms(10_000))).toBeGreaterThan(950_000);
    expect(meter.rate(ms(10_000))).toBeLessThan(1_100_000);
  });

  it('falls to nothing when nothing comes', () => {
    const meter = new RateMeter();
    expect(meter.rate(ms(0))).toBe(0);
    meter.add(ms(0), bytes(1_000_000));
    expect(meter.rate(ms(2000))).toBe(4_000_000);
    expect(meter.rate(ms(4000))).toBe(0);
  });
});
