import { describe, expect, it } from 'vitest';
import { milliseconds } from '../../media/time.ts';
import { BitrateLimit } from './bitrate-limit.ts';

const LIMIT = 1_000_000;

/** Sends `rate` bits for each second of media, `speed` seconds of media a second; answers when it was refused. */
function refusedAfter(options: { rate: number; speed?: number; seconds?: number }): number | undefined {
  const { rate, speed = 1, seconds = 600 } = options;
  const limit = new BitrateLimit(LIMIT, milliseconds(0));
  for (let tenth = 1; tenth <= seconds * 10; tenth += 1) {
    const media = milliseconds(tenth * 100);
    const now = milliseconds(speed === 0 ? 0 : (tenth * 100) / speed);
    if (!limit.add(rate / 80, now, media)) return tenth / 10;
  }
  return undefined;
}

describe('the bitrate limit', () => {
  it('lets pass what is within it, for ever', () => {
    expect(refusedAfter({ rate: LIMIT })).toBeUndefined();
  });

  it('lets a burst pass that the next seconds make up for', () => {
    const limit = new BitrateLimit(LIMIT, milliseconds(0));
    expect(limit.add(LIMIT, milliseconds(0), milliseconds(0))).toBe(true);
    expect(limit.add(LIMIT / 8, milliseconds(10_000), milliseconds(10_000))).toBe(true);
  });

  it('refuses twice as much after ten seconds', () => {
    expect(refusedAfter({ rate: 2 * LIMIT })).toBeCloseTo(10, 0);
  });

  it('does not refuse a backlog, however fast it is sent', () => {
    expect(refusedAfter({ rate: LIMIT, speed: 20 })).toBeUndefined();
  });

  it('does not refuse many bits for each second of media that come slowly', () => {
    expect(refusedAfter({ rate: 2 * LIMIT, speed: 0.5 })).toBeUndefined();
  });

  it('holds a fast backlog back to four times the limit', () => {
    const limit = new BitrateLimit(LIMIT, milliseconds(0));
    let now = 0;
    for (let sent = 0; sent < 100; sent += 1) {
      limit.add(LIMIT / 8, milliseconds(now), milliseconds(sent * 1000));
      now += limit.holdFor;
    }
    // Ten seconds' worth at once, the other ninety in four at a time.
    expect(now).toBeCloseTo(22_500, -3);
  });
});
