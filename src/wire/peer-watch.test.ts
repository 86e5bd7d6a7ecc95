import { describe, expect, it } from 'vitest';
import { milliseconds } from '../media/time.ts';
import { PeerWatch } from './peer-watch.ts';

const at = (seconds: number) => milliseconds(seconds * 1000);

describe('a watched peer', () => {
  it('is pinged every ten seconds', () => {
    const watch = new PeerWatch(at(0));
    const pings: number[] = [];
    for (let second = 1; second <= 40; second += 1) {
      watch.heard(at(second));
      if (watch.check(at(second)) === 'ping') pings.push(second);
    }
    expect(pings).toEqual([10, 20, 30, 40]);
  });

  it('is gone when nothing was heard of it for twenty', () => {
    const watch = new PeerWatch(at(0));
    watch.heard(at(3));
    expect(watch.check(at(22))).toBe('ping');
    expect(watch.check(at(23))).toBe('gone');
  });

  it('may say fifty texts in a second', () => {
    const watch = new PeerWatch(at(0));
    const allowed = (now: number) =>
      Array.from({ length: 60 }, () => watch.allowText(at(now))).filter(Boolean);
    expect(allowed(0)).toHaveLength(50);
    expect(allowed(0.9)).toHaveLength(0);
    expect(allowed(1)).toHaveLength(50);
  });
});
