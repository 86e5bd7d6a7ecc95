import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import { FallbackPolicy } from './fallback-policy.ts';

let clock: ManualClock;
let decided: string[];
let policy: FallbackPolicy;
beforeEach(() => {
  clock = new ManualClock();
  decided = [];
  policy = new FallbackPolicy(clock, {
    fallBack: () => decided.push('fall back'),
    climb: () => decided.push('climb'),
  });
  policy.start();
});

/** HLS shows a picture. */
const hlsPlays = () => {
  policy.otherPlays = true;
};
/** Media comes over the WebSocket for that long, while HLS plays. */
const bringMedia = (duration: number) => {
  policy.reached();
  for (let passed = 0; passed < duration; passed += 100) {
    policy.ready();
    clock.advance(100);
  }
};

describe('leaving the WebSocket', () => {
  it('is decided when nothing was heard for four seconds', () => {
    clock.advance(3999);
    expect(decided).toEqual([]);
    clock.advance(1);
    expect(decided).toEqual(['fall back']);
  });

  it('is decided at once at the second failure in a row', () => {
    policy.lost();
    expect(decided).toEqual([]);
    policy.lost();
    expect(decided).toEqual(['fall back']);
  });

  it('is not decided for a server that is heard, nor for a connection that lasted', () => {
    policy.reached();
    clock.advance(60_000);
    policy.lost();
    clock.advance(1000);
    policy.reached();
    clock.advance(60_000);
    policy.lost();
    expect(decided).toEqual([]);
  });

  it('is decided where connections come about and die young', () => {
    for (let round = 0; round < 2; round += 1) {
      policy.reached();
      clock.advance(2000);
      policy.lost();
    }
    expect(decided).toEqual(['fall back']);
  });
});

describe('climbing back', () => {
  beforeEach(() => {
    clock.advance(4000);
    decided = [];
  });

  it('is immediate while HLS shows nothing: the server was only away', () => {
    policy.reached();
    expect(decided).toEqual(['climb']);
  });

  it('waits for two seconds of media where HLS plays', () => {
    hlsPlays();
    bringMedia(1900);
    expect(decided).toEqual([]);
    bringMedia(200);
    expect(decided).toEqual(['climb']);
  });

  it('starts to wait anew where the WebSocket fails meanwhile', () => {
    hlsPlays();
    bringMedia(1500);
    policy.lost();
    bringMedia(1500);
    expect(decided).toEqual([]);
  });

  it('in vain falls back at once, and has to wait for longer the next time', () => {
    hlsPlays();
    bringMedia(2000);
    expect(decided).toEqual(['climb']);
    clock.advance(5000);
    policy.lost();
    expect(decided).toEqual(['climb', 'fall back']);
    bringMedia(3900);
    expect(decided).toHaveLength(2);
    bringMedia(200);
    expect(decided).toEqual(['climb', 'fall back', 'climb']);
  });

  it('is not decided any more when it is closed', () => {
    hlsPlays();
    bringMedia(500);
    policy.close();
    clock.advance(60_000);
    expect(decided).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});
