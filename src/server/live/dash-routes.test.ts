import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readManifest } from '../../../test/contract/stream-rules/read-manifest.ts';
import { Hub } from '../../channel/hub.ts';
import { ManualClock } from '../../channel/manual-clock.ts';
import type { Publication } from '../../channel/publication.ts';
import { Presentations } from '../../egress/http/presentations.ts';
import { idrFrame, interFrame, OPUS, VIDEO } from '../../media/mp4/synthetic-mp4.ts';
import { bytes, milliseconds, millisecondsToTicks, ticks, timescale } from '../../media/time.ts';
import { Packager } from '../../package/packager.ts';
import type { Store } from '../../store/open-store.ts';
import { TrustedProxies } from '../auth/trusted-proxies.ts';
import { createHttp } from '../http/create-http.ts';
import type { Http } from '../http/http.ts';
import { listen } from '../listen.ts';
import { dashRoutes } from './dash-routes.ts';
import type { LiveSources } from './deliver.ts';
import { hlsRoutes } from './hls-routes.ts';
import { ViewerCounts } from './viewer-counts.ts';
import { ViewerTraffic } from './viewer-traffic.ts';

const TRACKS = [VIDEO, OPUS].map((track) => ({ ...track, timescale: timescale(1000) }));
const PACKET = Uint8Array.of(0xf8, 1, 2);

let clock: ManualClock;
let hub: Hub;
let presentations: Presentations;
let traffic: ViewerTraffic;
let viewers: ViewerCounts;
let http: Http;
let url: string;
let publication: Publication;
let packager: Packager;
let time: number;
/** Milliseconds without media that came before the next chunk. */
let hole: number;

beforeEach(async () => {
  clock = new ManualClock();
  let ids = 0;
  hub = new Hub({ clock, newBroadcastId: () => `b${ids++}` });
  const limits = {
    segment: milliseconds(2000),
    part: milliseconds(200),
    window: milliseconds(16_000),
    maxBytes: bytes(1_000_000),
  };
  presentations = new Presentations({ clock, limits, newPresentationId: () => `p${ids++}` });
  traffic = new ViewerTraffic();
  http = await createHttp(pino({ level: 'silent' }), new TrustedProxies([]));
  const store = { channels: { find: async () => undefined } } as unknown as Store;
  viewers = new ViewerCounts({ clock });
  const sources: LiveSources = { hub, store, presentations, traffic, viewers };
  await hlsRoutes(http, sources);
  await dashRoutes(http, sources);
  url = await listen(http, '127.0.0.1', 0);
  time = 0;
  hole = 0;
  publication = hub.open('main', { reconnectGrace: milliseconds(30_000) }).publish();
  packager = new Packager({
    sink: {
      epoch: (epoch) => publication.epoch(epoch),
      chunk: (chunk) => {
        const by = millisecondsToTicks(milliseconds(hole), chunk.timescale);
        publication.chunk({ ...chunk, dts: ticks(chunk.dts + by) });
      },
    },
    startAt: milliseconds(0),
    firstEpoch: 0,
    captureClock: { known: false, wallClock: () => clock.wall() },
  });
  packager.tracks(TRACKS);
});

afterEach(async () => {
  presentations.close();
  viewers.close();
  hub.close();
  await http.close();
  expect(clock.pending).toBe(0);
});

/** 25 frames a second with a keyframe each. */
function send(seconds: number): void {
  for (const end = time + seconds * 1000; time < end; time += 20) {
    clock.advance(20);
    sample(1, true, PACKET);
    if (time % 40 === 0) sample(0, time % 1000 === 0, time % 1000 === 0 ? idrFrame(40) : interFrame(20));
  }
}

function sample(track: number, keyframe: boolean, data: Uint8Array): void {
  const dts = ticks(time);
  packager.sample(track, { dts, pts: dts, duration: ticks(0), keyframe, data });
}

const get = (path: string, init?: RequestInit) => fetch(`${url}/live/main/${path}`, init);

/** The last segment that the manifest lists of a track: its address, and its number. */
async function newest(kind: 'video' | 'audio'): Promise<{ path: string; number: number; base: string }> {
  const text = await (await get('manifest.mpd')).text();
  const set = text.split('<AdaptationSet').find((part) => part.includes(`contentType="${kind}"`)) ?? '';
  const first = Number(/startNumber="(\d+)"/.exec(set)?.[1]);
  let count = 0;
  for (const [, repeat] of set.matchAll(/<S [^>]*?(?:r="(\d+)")?\/>/g)) count += 1 + Number(repeat ?? 0);
  const base = /media="([^"]+)\$Number\$\.m4s"/.exec(set)?.[1] ?? '';
  const number = first + count - 1;
  return { base, number, path: `${base}${number}.m4s` };
}

describe('the manifest', () => {
  it('is a 404 that says when to come back, where nothing is live', async () => {
    for (const [path, error, retry] of [
      ['other', 'channel-not-found', null],
      ['main', 'not-live', '1'],
    ] as const) {
      const answer = await fetch(`${url}/live/${path}/manifest.mpd`);
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([404, retry]);
      expect(await answer.json()).toMatchObject({ error });
      expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    }
  });

  it('is the same for all, is not sent twice, and is open to every page', async () => {
    send(7);
    const first = await get('manifest.mpd');
    expect(first.status).toBe(200);
    expect(Object.fromEntries(first.headers)).toMatchObject({
      'content-type': 'application/dash+xml',
      'content-encoding': 'gzip',
      'access-control-allow-origin': '*',
      'cache-control': 'public, max-age=0, s-maxage=1',
      vary: 'accept-encoding',
    });
    expect(first.headers.has('set-cookie')).toBe(false);
    const etag = first.headers.get('etag') ?? '';
    send(0.4);
    const again = await get('manifest.mpd', { headers: { 'if-none-match': etag } });
    expect(again.status).toBe(304);
    send(2);
    expect((await get('manifest.mpd', { headers: { 'if-none-match': etag } })).status).toBe(200);
    const head = await get('manifest.mpd', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect((await get('manifest.mpd', { method: 'OPTIONS' })).status).toBe(204);
  });

  it('names what HLS does, and every segment of it can be had', async () => {
    send(9);
    for (const kind of ['video', 'audio'] as const) {
      const { base, number } = await newest(kind);
      const playlist = await (await get(`${base.split('/')[0]}/${kind}.m3u8`)).text();
      expect(playlist).toContain(`${kind}/${number - 1}.m4s`);
      expect((await get(`${base}init-0.mp4`)).status).toBe(200);
      expect((await get(`${base}${number - 1}.m4s`)).status).toBe(200);
    }
  });

  it('is static when the broadcast is over', async () => {
    send(7);
    await get('manifest.mpd');
    packager.flush();
    publication.end();
    const answer = await get('manifest.mpd');
    expect(await answer.text()).toMatch(/type="static" mediaPresentationDuration="PT\d/);
    // The next broadcast is at this address, and no cache may hide it.
    expect(answer.headers.get('cache-control')).toBe('public, max-age=0, s-maxage=1');
  });

  it.each([
    { first: 60, start: 'PT0S' },
    { first: 900, start: 'PT0.9S' },
  ])(
    'begins with the broadcast where the first of it came at once: after $first ms it is $start',
    async ({ first, start }) => {
      clock.advance(first);
      send(7);
      const text = await (await get('manifest.mpd')).text();
      expect(/<Period id="[^"]+" start="([^"]+)"/.exec(text)?.[1]).toBe(start);
    },
  );

  it('names where the time is', async () => {
    const answer = await fetch(`${url}/live/time`);
    expect(await answer.text()).toBe(new Date(clock.wall()).toISOString());
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect((await fetch(`${url}/live/time`, { method: 'HEAD' })).status).toBe(200);
  });
});

describe('what is listed', () => {
  /** From the end of what is listed to now, and how many periods there are, as a player reads both. */
  async function behind(): Promise<{ seconds: number; periods: number }> {
    const { availabilityStart, periods } = readManifest(await (await get('manifest.mpd')).text());
    const ends = periods.flatMap(({ start, sets }) =>
      sets.map(({ entries, offset, timescale }) => {
        // The last one is said to be longer than it is yet.
        const last = entries.at(-2) ?? entries.at(-1);
        return start + ((last?.start ?? 0) + (last?.duration ?? 0) - offset) / timescale;
      }),
    );
    return { seconds: clock.wall() / 1000 - availabilityStart - Math.max(...ends), periods: periods.length };
  }
  const isLive = (seconds: number) => seconds > -0.5 && seconds < 4.5;

  /** A minute of watching. */
  async function watch(): Promise<Awaited<ReturnType<typeof behind>>> {
    for (let second = 0; second < 60; second += 1) {
      send(1);
      await behind();
    }
    return await behind();
  }

  it('ends where it is live again after a publisher slept within a session: another period says so', async () => {
    send(7);
    expect((await behind()).periods).toBe(1);
    // Longer than any hole in a track: the timeline goes on without it.
    clock.advance(25_000);
    time += 25_000;
    send(4);
    const text = await (await get('manifest.mpd')).text();
    expect([...text.matchAll(/<Period id="([^"]+)"/g)].map(([, id]) => id)).toEqual(['p1-0', 'p1-0.5']);
    const { seconds } = await watch();
    expect(isLive(seconds)).toBe(true);
  });

  it('is not late for ever where it was asked for first while nothing came', async () => {
    send(7);
    await get('index.m3u8');
    clock.advance(20_000);
    expect((await behind()).periods).toBe(1);
    // All of it comes at once then.
    const before = clock.wall();
    for (const end = time + 20_000; time < end; time += 20) {
      sample(1, true, PACKET);
      if (time % 40 === 0) sample(0, time % 1000 === 0, time % 1000 === 0 ? idrFrame(40) : interFrame(20));
    }
    expect(clock.wall()).toBe(before);
    const { seconds, periods } = await watch();
    expect([isLive(seconds), periods]).toEqual([true, 1]);
  });

  it('follows the clock where that is set forward', async () => {
    send(7);
    await behind();
    clock.jump(3_600_000);
    const { seconds } = await watch();
    expect(isLive(seconds)).toBe(true);
  });

  it('stays one period where a publisher was late and catches up', async () => {
    send(7);
    await behind();
    clock.advance(9000);
    for (let late = 9000; late > 0; late -= 20) {
      // Twice as fast as it lasts.
      clock.advance(20);
      for (let step = 0; step < 2; step += 1, time += 20) {
        sample(1, true, PACKET);
        if (time % 40 === 0) sample(0, time % 1000 === 0, time % 1000 === 0 ? idrFrame(40) : interFrame(20));
      }
    }
    const { seconds, periods } = await watch();
    expect([isLive(seconds), periods]).toEqual([true, 1]);
  });
});

describe('a segment that is being made', () => {
  it('is sent chunk by chunk, and is in the end what it is for all others', async () => {
    send(6.5);
    const { path } = await newest('video');
    const answer = await get(path);
    expect(answer.headers.has('content-length')).toBe(false);
    const reader = answer.body?.getReader();
    const first = await reader?.read();
    expect(first?.value?.byteLength).toBeGreaterThan(100);
    send(0.2);
    const second = await reader?.read();
    expect(second?.value?.byteLength).toBeGreaterThan(100);
    send(3);
    const pieces = [first?.value, second?.value];
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read())
      pieces.push(next.value);
    const whole = await get(path);
    expect(Buffer.concat(pieces.flatMap((piece) => piece ?? []))).toEqual(
      Buffer.from(await whole.arrayBuffer()),
    );
    expect(whole.headers.get('etag')).toBe(answer.headers.get('etag'));
    expect(traffic.bytes).toBeGreaterThan(2 * Number(whole.headers.get('content-length')));
  });

  it('is waited for where it is the next one, and is a 404 beyond it', async () => {
    send(6.5);
    const { base, number } = await newest('video');
    const next = get(`${base}${number + 1}.m4s`);
    while (presentations.waiting < 1) await new Promise((settle) => setImmediate(settle));
    send(2);
    const answer = await next;
    expect(answer.status).toBe(200);
    await answer.body?.cancel();
    expect((await get(`${base}${number + 9}.m4s`)).status).toBe(404);
    expect((await get(`${base}-1.m4s`)).status).toBe(400);
  });

  it('is not waited for without end', async () => {
    send(6.5);
    const { base, number } = await newest('video');
    const next = get(`${base}${number + 1}.m4s`);
    while (presentations.waiting < 1) await new Promise((settle) => setImmediate(settle));
    clock.advance(13_000);
    const answer = await next;
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
  });

  it('ends with the broadcast, and lets go of who goes away', async () => {
    send(6.5);
    const { path } = await newest('audio');
    const leaving = await get(path);
    await leaving.body?.cancel();
    const staying = await get(path);
    packager.flush();
    publication.end();
    expect((await staying.arrayBuffer()).byteLength).toBeGreaterThan(100);
  });

  it('is not sent to who has it, and has a head', async () => {
    send(6.5);
    const { path } = await newest('video');
    const head = await get(path, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    const etag = head.headers.get('etag') ?? '';
    expect((await get(path, { headers: { 'if-none-match': etag } })).status).toBe(304);
  });

  it('is nothing where there is a gap', async () => {
    send(6.5);
    const { base, number } = await newest('video');
    hole = 3000;
    send(2.5);
    const answer = await get(`${base}${number + 1}.m4s`);
    const body = Buffer.from(await answer.arrayBuffer()).toString('latin1');
    expect([answer.status, body]).toEqual([200, '\0\0\0\x08free']);
  });
});
