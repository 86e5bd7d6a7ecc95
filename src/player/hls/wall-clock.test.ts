import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import { WallClock } from './wall-clock.ts';

let clock: ManualClock;
let asked: number;
let answer: () => Response;
let wall: WallClock;
beforeEach(() => {
  clock = new ManualClock(Date.UTC(2026, 0, 1));
  asked = 0;
  answer = () => new Response(new Date(clock.wall()).toISOString());
  wall = new WallClock({
    url: 'https://tv.example/live/time',
    clock,
    fetch: async () => {
      asked += 1;
      const response = answer();
      clock.advance(20);
      return response;
    },
  });
});
const settle = () => new Promise((done) => setImmediate(done));

describe('the server’s clock over HTTP', () => {
  it('is known to within half a round trip, and asked for ever less often', async () => {
    expect(wall.at(clock.now())).toBeUndefined();
    wall.start();
    await settle();
    expect(wall.at(clock.now())).toBe(clock.wall() - 10);
    expect(wall.roundTrip).toBe(20);
    for (const wait of [300, 300, 30_000]) {
      clock.advance(wait);
      await settle();
    }
    expect(asked).toBe(4);
  });

  it('is asked for again where there was no answer, or one that is no time', async () => {
    answer = () => new Response('<h1>Sign in to this network</h1>');
    wall.start();
    await settle();
    expect(wall.at(clock.now())).toBeUndefined();
    answer = () => new Response(new Date(clock.wall()).toISOString());
    clock.advance(5000);
    await settle();
    expect(wall.at(clock.now())).toBeDefined();
  });

  it('is asked for no more when it is closed', async () => {
    wall.start();
    wall.close();
    await settle();
    expect(clock.pending).toBe(0);
  });
});
