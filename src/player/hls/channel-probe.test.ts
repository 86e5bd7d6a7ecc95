import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import { ChannelProbe, type ProbeResult } from './channel-probe.ts';

const PLAYLIST = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\np3/video.m3u8\n';

let clock: ManualClock;
let results: ProbeResult[];
let answers: (() => Response | Promise<Response>)[];
let asked: number;
let enough: boolean;
let probe: ChannelProbe;
beforeEach(() => {
  clock = new ManualClock();
  results = [];
  answers = [];
  asked = 0;
  enough = false;
  probe = new ChannelProbe({
    url: 'https://tv.example/live/main/index.m3u8',
    clock,
    random: () => 1,
    fetch: async (_url, init) => {
      asked += 1;
      const answer = answers.shift();
      if (answer) return answer();
      // Nothing comes, until it is given up.
      return new Promise<Response>((_, reject) => {
        init?.signal?.addEventListener('abort', () => reject(init.signal?.reason), { once: true });
      });
    },
    onResult: (result) => {
      results.push(result);
      return enough;
    },
  });
});

const json = (status: number, error: string, headers = {}) =>
  new Response(JSON.stringify({ error }), { status, headers });
const settle = () => new Promise((done) => setImmediate(done));
const ask = async (answer: Response) => {
  answers.push(() => answer);
  probe.ask();
  await settle();
};

describe('asking whether there is something to play', () => {
  it('finds the presentation that the playlist names', async () => {
    enough = true;
    await ask(new Response(PLAYLIST));
    expect(results).toEqual([{ type: 'playable', presentation: 'p3/video.m3u8' }]);
    expect(clock.pending).toBe(0);
  });

  it('comes back when the server says, while nobody is live', async () => {
    await ask(json(404, 'not-live', { 'retry-after': '5' }));
    expect(results).toEqual([{ type: 'offline' }]);
    clock.advance(4999);
    expect(asked).toBe(1);
    answers.push(() => new Response(PLAYLIST));
    clock.advance(1);
    await settle();
    expect(results.at(-1)).toMatchObject({ type: 'playable' });
  });

  it('tells a channel that is none from a server that is not understood', async () => {
    await ask(json(404, 'channel-not-found'));
    await ask(new Response('<h1>Not found</h1>', { status: 404 }));
    await ask(json(503, 'too-many-waiting'));
    await ask(new Response('#EXTM3U\n'));
    const types = results.map(({ type }) => type);
    expect(types).toEqual(['not-found', 'unreachable', 'unreachable', 'unreachable']);
  });

  it('asks ever later where nobody answers, and at once when it is hurried', async () => {
    answers.push(() => Promise.reject(new TypeError('no network')));
    probe.ask();
    await settle();
    expect(results).toEqual([{ type: 'unreachable' }]);
    probe.hurry();
    expect(asked).toBe(2);
    clock.advance(10_000);
    await settle();
    expect(results).toHaveLength(2);
    clock.advance(999);
    expect(asked).toBe(2);
    clock.advance(1);
    expect(asked).toBe(3);
  });

  it('tells nothing any more when it is closed', async () => {
    answers.push(() => new Response(PLAYLIST));
    probe.ask();
    probe.close();
    await settle();
    expect(results).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});
