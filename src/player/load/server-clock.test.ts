import { describe, expect, it } from 'vitest';
import { milliseconds as ms } from '../../media/time.ts';
import { ServerClock } from './server-clock.ts';

describe('ServerClock', () => {
  it('knows nothing before the first exchange, nor after a reset', () => {
    const clock = new ServerClock();
    expect(clock.at(ms(0))).toBeUndefined();
    clock.add(ms(0), ms(10), ms(1000));
    clock.reset();
    expect(clock.at(ms(0))).toBeUndefined();
    expect(clock.roundTrip).toBeUndefined();
  });

  it('believes the quickest exchange', () => {
    const clock = new ServerClock();
    clock.add(ms(0), ms(200), ms(5_050));
    clock.add(ms(300), ms(310), ms(5_305));
    clock.add(ms(400), ms(900), ms(5_410));
    expect(clock.roundTrip).toBe(10);
    expect(clock.at(ms(1000))).toBe(6000);
  });

  it('forgets an exchange that is twenty exchanges old', () => {
    const clock = new ServerClock();
    clock.add(ms(0), ms(1), ms(1_000_000));
    for (let at = 10; at <= 200; at += 10) clock.add(ms(at), ms(at + 4), ms(at + 2));
    expect(clock.at(ms(500))).toBe(500);
  });
});
