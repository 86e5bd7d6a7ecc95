import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import { DistinctCounter } from './distinct-counter.ts';
import { ViewerCounts } from './viewer-counts.ts';

const HOUR = 3_600_000;
let clock: ManualClock;
let counts: ViewerCounts;
let changed: string[];
beforeEach(() => {
  clock = new ManualClock();
  changed = [];
  counts = new ViewerCounts({ clock, mostSessions: 5, onChange: (channel) => changed.push(channel) });
});
const visitor = (address: string, userAgent = 'Firefox') => ({ address, userAgent });

describe('viewers over WebSocket', () => {
  it('count for as long as they are connected, and once as a person', () => {
    const close = counts.open('main', visitor('10.0.0.1'));
    const closeOther = counts.open('main', visitor('10.0.0.1'));
    counts.open('other', visitor('10.0.0.1'));
    expect(counts.of('main')).toEqual({
      sessions: { websocket: 2, hls: 0, dash: 0, dvr: 0 },
      viewers: 2,
      unique: 1,
      today: 1,
    });
    close();
    close();
    expect(counts.of('main').sessions.websocket).toBe(1);
    closeOther();
    expect(counts.of('main')).toMatchObject({ sessions: { websocket: 0 }, unique: 0, today: 1 });
    expect(counts.totals).toEqual({ websocket: 1, hls: 0, dash: 0, dvr: 0 });
  });
});

describe('viewers by segments', () => {
  it('count until they have asked for nothing for 15 s', () => {
    counts.seen('main', 'hls', visitor('10.0.0.1'));
    clock.advance(10_000);
    counts.seen('main', 'hls', visitor('10.0.0.2'));
    counts.seen('main', 'dash', visitor('10.0.0.3'));
    expect(counts.of('main')).toEqual({
      sessions: { websocket: 0, hls: 2, dash: 1, dvr: 0 },
      viewers: 3,
      unique: 3,
      today: 3,
    });
    clock.advance(6000);
    expect(counts.of('main').sessions).toMatchObject({ hls: 1, dash: 1 });
    counts.seen('main', 'hls', visitor('10.0.0.2'));
    clock.advance(12_000);
    expect(counts.of('main').sessions).toMatchObject({ hls: 1, dash: 0 });
    clock.advance(5000);
    expect(counts.of('main')).toMatchObject({ viewers: 0, unique: 0, today: 3 });
    expect(clock.pending).toBe(0);
  });

  it('are told apart by address and program', () => {
    counts.seen('main', 'hls', visitor('10.0.0.1', 'Firefox'));
    counts.seen('main', 'hls', visitor('10.0.0.1', 'Safari'));
    counts.seen('main', 'hls', visitor('10.0.0.1', 'Firefox'));
    expect(counts.of('main')).toMatchObject({ sessions: { hls: 2 }, unique: 2 });
  });

  it('are counted up to a bound, and newcomers again when others have gone', () => {
    for (let host = 0; host < 9; host += 1) counts.seen('main', 'hls', visitor(`10.0.0.${host}`));
    expect(counts.of('main').sessions.hls).toBe(5);
    clock.advance(17_000);
    counts.seen('main', 'hls', visitor('10.0.0.8'));
    expect(counts.of('main').sessions.hls).toBe(1);
  });
});

describe('a viewer who is served in another way', () => {
  const sessions = () => counts.of('main').sessions;
  const one = visitor('10.0.0.1');

  it('counts once, and where they are now: back in the broadcast, live again, by HLS', () => {
    const close = counts.open('main', one);
    close();
    counts.seen('main', 'dvr', one);
    expect([sessions(), counts.of('main').viewers]).toEqual([{ websocket: 0, hls: 0, dash: 0, dvr: 1 }, 1]);
    const closeAgain = counts.open('main', one);
    expect([sessions(), counts.of('main').viewers]).toEqual([{ websocket: 1, hls: 0, dash: 0, dvr: 0 }, 1]);
    closeAgain();
    counts.seen('main', 'hls', one);
    expect(sessions()).toEqual({ websocket: 0, hls: 1, dash: 0, dvr: 0 });
    counts.seen('main', 'dvr', one);
    expect(sessions()).toEqual({ websocket: 0, hls: 0, dash: 0, dvr: 1 });
    expect(counts.of('main')).toMatchObject({ viewers: 1, unique: 1, today: 1 });
    expect(counts.totals).toEqual({ websocket: 0, hls: 0, dash: 0, dvr: 1 });
  });

  it('is one viewer also while a WebSocket is tried beside what plays', () => {
    counts.seen('main', 'hls', one);
    counts.open('main', one);
    counts.seen('main', 'hls', one);
    expect(counts.of('main')).toMatchObject({ sessions: { websocket: 1, hls: 1 }, viewers: 1, unique: 1 });
    clock.advance(17_000);
    expect(sessions()).toMatchObject({ websocket: 1, hls: 0 });
  });

  it('is not taken for another one behind the same address, who goes on as before', () => {
    counts.seen('main', 'hls', one);
    counts.seen('main', 'dvr', one);
    for (let second = 0; second < 20; second += 1) {
      counts.seen('main', 'hls', one);
      counts.seen('main', 'dvr', one);
      expect(sessions()).toMatchObject({ hls: 1, dvr: 1 });
      clock.advance(1000);
    }
    expect(counts.of('main')).toMatchObject({ viewers: 1, unique: 1 });
  });

  it('leaves the bound of sessions as it was', () => {
    for (let round = 0; round < 10; round += 1) {
      counts.seen('main', 'hls', one);
      counts.seen('main', 'dvr', one);
      clock.advance(17_000);
    }
    for (let host = 0; host < 9; host += 1) counts.seen('main', 'dvr', visitor(`10.0.1.${host}`));
    expect(sessions().dvr).toBe(5);
  });
});

describe('counting', () => {
  it('starts anew each day, under another salt', () => {
    counts.open('main', visitor('10.0.0.1'));
    clock.advance(23 * HOUR);
    counts.seen('main', 'hls', visitor('10.0.0.1'));
    expect(counts.of('main')).toMatchObject({ unique: 1, today: 1 });
    clock.advance(2 * HOUR);
    expect(counts.of('main').today).toBe(1);
    counts.seen('main', 'hls', visitor('10.0.0.2'));
    expect(counts.of('main').today).toBe(2);
  });

  it('counts who is connected at midnight in the new day, too, once, and lets go of them', () => {
    const closes = Array.from({ length: 10 }, (_, host) => counts.open('main', visitor(`10.0.0.${host}`)));
    counts.open('main', visitor('10.0.0.0'));
    clock.advance(25 * HOUR);
    expect(counts.of('main')).toMatchObject({ viewers: 11, unique: 10, today: 10 });
    counts.open('main', visitor('10.0.0.3'));
    counts.open('main', visitor('10.0.1.1'));
    expect(counts.of('main')).toMatchObject({ viewers: 13, unique: 11, today: 11 });
    for (const close of closes) close();
    expect(counts.of('main')).toMatchObject({ viewers: 3, unique: 3, today: 11 });
  });

  it('begins no day twice where the clock goes back and forth over midnight', () => {
    clock.advance(23 * HOUR + HOUR / 2);
    for (const jump of [0, HOUR, -HOUR, HOUR]) {
      clock.jump(jump);
      counts.seen('main', 'hls', visitor('10.0.0.1'));
    }
    // Once under each day's salt.
    expect(counts.of('main')).toMatchObject({ unique: 2, today: 1 });
    clock.jump(-30 * 24 * HOUR);
    expect(counts.of('main').today).toBe(0);
  });

  it('tells of changes once a second, and of none where nothing changes', () => {
    for (let host = 0; host < 4; host += 1) counts.seen('main', 'hls', visitor(`10.0.0.${host}`));
    counts.open('other', visitor('10.0.0.1'));
    expect(changed).toEqual([]);
    clock.advance(5000);
    expect(changed).toEqual(['main', 'other']);
    clock.advance(15_000);
    expect(changed).toEqual(['main', 'other', 'main']);
  });

  it('leaves no timer behind', () => {
    counts.seen('main', 'hls', visitor('10.0.0.1'));
    counts.close();
    counts.seen('main', 'hls', visitor('10.0.0.1'));
    expect(clock.pending).toBe(0);
  });
});

describe('a distinct counter', () => {
  const hashOf = (value: number) => createHash('sha256').update(String(value)).digest().toString('latin1');

  it.each([
    [0, 0],
    [1, 0],
    [40, 1],
    [1000, 30],
    [50_000, 2500],
  ])('counts %i to within %i, each only once', (number, tolerance) => {
    const counter = new DistinctCounter();
    for (let round = 0; round < 2; round += 1) {
      for (let value = 0; value < number; value += 1) counter.add(hashOf(value));
    }
    expect(Math.abs(counter.count - number)).toBeLessThanOrEqual(tolerance);
  });
});
