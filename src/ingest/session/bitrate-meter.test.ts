import { describe, expect, it } from 'vitest';
import { milliseconds } from '../../media/time.ts';
import { BitrateMeter } from './bitrate-meter.ts';

/** 125 bytes a millisecond: 1 Mbit/s. */
function fill(meter: BitrateMeter, from: number, to: number, bytesEach100 = 12_500) {
  for (let now = from; now < to; now += 100) meter.add(bytesEach100, milliseconds(now));
}

describe('the measured bitrate', () => {
  it('is that of the last five seconds', () => {
    const meter = new BitrateMeter(milliseconds(0));
    fill(meter, 0, 20_000);
    expect(meter.measure(milliseconds(20_000))).toBeCloseTo(1_000_000, -4);
    fill(meter, 20_000, 30_000, 25_000);
    expect(meter.measure(milliseconds(30_000))).toBeCloseTo(2_000_000, -4);
  });

  it('is right from the first second on', () => {
    const meter = new BitrateMeter(milliseconds(700));
    fill(meter, 700, 2700);
    expect(meter.measure(milliseconds(2700))).toBeCloseTo(1_000_000, -4);
  });

  it('falls to nothing when nothing comes', () => {
    const meter = new BitrateMeter(milliseconds(0));
    fill(meter, 0, 10_000);
    expect(meter.measure(milliseconds(13_000))).toBeLessThan(500_000);
    expect(meter.measure(milliseconds(60_000))).toBe(0);
  });
});
