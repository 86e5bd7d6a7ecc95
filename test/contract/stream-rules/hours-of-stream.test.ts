import { describe, expect, it } from 'vitest';
import { milliseconds } from '../../../src/media/time.ts';
import { judgeStream } from './judged-stream.ts';
import type { Behaviour } from './simulated-stream.ts';

const HOUR = 3600;
/** `HEADWATER_SIMULATED_HOURS=24 npm test -- hours-of-stream`: more of the same, and every version read by all parsers. */
const asked = Number(process.env.HEADWATER_SIMULATED_HOURS ?? 0);
const hours = asked || 1;
const otherParsersEvery = asked ? 1 : 97;

const rate = (fps: number, jitter: number) => (random: () => number) =>
  1000 / fps + (random() - 0.5) * 2 * jitter;

const DAY: readonly Behaviour[] = [
  { name: 'a camera', seconds: 300, frame: rate(30, 1) },
  { name: 'a camera in bad light', seconds: 200, frame: rate(30, 14), newSession: true },
  { name: '25 frames', seconds: 120, frame: rate(25, 3), keyframes: 2 },
  { name: 'cinema', seconds: 120, frame: rate(24, 0.5), keyframes: 4, packet: 20, newSession: true },
  { name: '15 frames', seconds: 120, frame: rate(15, 2), away: 3, newSession: true },
  { name: '8 frames, which fit no part', seconds: 120, frame: rate(8, 5) },
  { name: 'a screen on which little moves', seconds: 300, frame: (random) => (random() < 0.1 ? 700 : 33) },
  {
    name: 'a screen on which nothing moves',
    seconds: 300,
    frame: rate(1, 20),
    keyframes: 5,
    newSession: true,
  },
  { name: 'any rate', seconds: 300, frame: (random) => 10 + random() ** 4 * 1500, keyframes: 3 },
  {
    name: 'hiccups',
    seconds: 200,
    frame: (random) => (random() < 0.01 ? 450 : 33),
    packet: 20,
    newSession: true,
  },
  { name: 'rare keyframes', seconds: 200, frame: rate(30, 2), keyframes: 30 },
  {
    name: 'keyframes at any time',
    seconds: 200,
    frame: rate(30, 2),
    keyframes: (random) => random() ** 3 * 9,
  },
  { name: 'freezes', seconds: 200, frame: (random) => (random() < 0.002 ? 9000 : 33), packet: 20 },
  { name: 'lost sound', seconds: 60, frame: rate(30, 2), silence: 7000 },
  { name: 'a tab that slept', seconds: 60, frame: rate(30, 2), away: 8 },
  { name: 'a tab that slept for long', seconds: 60, frame: rate(30, 2), away: 25 },
  { name: 'a long way round', seconds: 60, frame: rate(30, 2), away: 25, newSession: true },
  { name: 'sound only', seconds: 120, frame: rate(30, 2), only: 'audio', newSession: true },
  { name: 'sound only, again', seconds: 60, frame: rate(30, 2), only: 'audio', newSession: true, away: 5 },
  { name: 'picture only', seconds: 120, frame: rate(30, 8), only: 'video', newSession: true },
  {
    name: 'picture only, again',
    seconds: 60,
    frame: rate(20, 8),
    only: 'video',
    newSession: true,
    packet: 20,
  },
  { name: 'high rate', seconds: 120, frame: rate(60, 4), newSession: true },
  { name: 'short sessions', seconds: 3, frame: rate(30, 2), newSession: true },
  { name: 'shorter than a segment', seconds: 1, frame: rate(30, 2), newSession: true },
  { name: 'shorter than a part', seconds: 0.1, frame: rate(30, 2), newSession: true },
  { name: 'a camera again', seconds: 300, frame: rate(30, 1), newSession: true },
];

/** Days, one after another, until they are as long as that. */
function* days(length: number): Generator<Behaviour> {
  for (let left = length * HOUR; left > 0; ) {
    for (const behaviour of DAY) {
      yield { ...behaviour, newSession: behaviour.newSession ?? behaviour === DAY[0] };
      left -= behaviour.seconds + (behaviour.away ?? 0);
      if (left <= 0) return;
    }
  }
}

describe('a stream of hours, as players are told of it', () => {
  const timeout = 240_000 * (1 + asked);

  it('keeps every rule of HLS, CMAF and DASH in every version', { timeout }, async () => {
    const judged = await judgeStream({ behaviours: days(hours), otherParsersEvery });
    expect(judged.presentations).toBeGreaterThan(3 * hours - 1);
    expect(judged.playlists).toBeGreaterThan(30_000 * hours);
    expect(judged.segments).toBeGreaterThan(2500 * hours);
    expect(judged.manifests).toBeGreaterThan(2500 * hours);
    expect(judged.readTwice).toBeGreaterThan(judged.playlists / (2 * otherParsersEvery));
  });

  it('keeps them where much is listed, and leaves out what players have', { timeout }, async () => {
    const window = milliseconds(60_000);
    const judged = await judgeStream({ behaviours: days(hours / 6), window, seed: 2, otherParsersEvery });
    expect(judged.deltas).toBeGreaterThan(10 * hours);
  });

  it('keeps them where ticks do not fit into 32 bits any more', async () => {
    const position = milliseconds((2 ** 32 / 90_000) * 1000 - 60_000);
    const behaviours = DAY.slice(0, 2).map((day) => ({ ...day, seconds: 60 }));
    const judged = await judgeStream({ behaviours, position, otherParsersEvery });
    expect(judged.segments).toBeGreaterThan(90);
  });
});
