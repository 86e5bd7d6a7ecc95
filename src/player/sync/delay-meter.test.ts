import { describe, expect, it } from 'vitest';
import { milliseconds as ms } from '../../media/time.ts';
import { DelayMeter } from './delay-meter.ts';

const reference = (mediaTime: number, wallClock: number, captured = true) => ({
  mediaTime: ms(mediaTime),
  wallClock: ms(wallClock),
  captured,
});

describe('DelayMeter', () => {
  it('knows nothing before any media', () => {
    expect(new DelayMeter().measure(ms(0), ms(1000))).toBeUndefined();
  });

  it('counts from the capture of the moment that is shown', () => {
    const meter = new DelayMeter();
    meter.add(ms(33), reference(0, 10_000));
    meter.add(ms(1033), reference(1000, 11_040));
    expect(meter.measure(ms(900), ms(11_300))).toEqual({ delay: 400, from: 'capture' });
    expect(meter.measure(ms(1100), ms(11_500))).toEqual({ delay: 360, from: 'capture' });
  });

  it('says so when it only knows when media arrived at the server', () => {
    const meter = new DelayMeter();
    meter.add(ms(33), reference(0, 10_000, false));
    expect(meter.measure(ms(0), ms(10_200))).toEqual({ delay: 200, from: 'arrival' });
  });

  it('falls back to the newest media while there is no reference or no server clock', () => {
    const meter = new DelayMeter();
    meter.add(ms(1000), undefined);
    expect(meter.measure(ms(700), ms(5000))).toEqual({ delay: 300, from: 'buffer' });
    meter.add(ms(2000), reference(1900, 10_000));
    expect(meter.measure(ms(1700), undefined)).toEqual({ delay: 300, from: 'buffer' });
  });

  it('believes the newer of two references to one moment, and is never negative', () => {
    const meter = new DelayMeter();
    meter.add(ms(1000), reference(900, 10_000));
    meter.add(ms(1000), reference(900, 20_000));
    expect(meter.measure(ms(900), ms(20_100))?.delay).toBe(100);
    expect(meter.measure(ms(900), ms(19_000))?.delay).toBe(0);
  });

  it('forgets at another broadcast', () => {
    const meter = new DelayMeter();
    meter.add(ms(1000), reference(900, 10_000));
    meter.reset();
    expect(meter.measure(ms(900), ms(10_100))).toBeUndefined();
  });
});
