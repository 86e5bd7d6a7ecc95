import { connect } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Channel } from '../../channel/channel.ts';
import { Hub } from '../../channel/hub.ts';
import { ManualClock } from '../../channel/manual-clock.ts';
import type { Publication } from '../../channel/publication.ts';
import { Presentations } from '../../egress/http/presentations.ts';
import { idrFrame, interFrame, OPUS, VIDEO } from '../../media/mp4/synthetic-mp4.ts';
import { bytes, milliseconds, ticks, timescale } from '../../media/time.ts';
import type { Track } from '../../media/track.ts';
import { Packager } from '../../package/packager.ts';
import type { Store } from '../../store/open-store.ts';
import { TrustedProxies } from '../auth/trusted-proxies.ts';
import { createHttp } from '../http/create-http.ts';
import type { Http } from '../http/http.ts';
import { listen } from '../listen.ts';
import { hlsRoutes } from './hls-routes.ts';
import { ViewerCounts } from './viewer-counts.ts';
import { ViewerTraffic } from './viewer-traffic.ts';

/** Ten thousand where nobody says another number: each is two files of this process. */
const MOST_WAITING = 400;
const MILLISECONDS = timescale(1000);
const PICTURE: Track = { ...VIDEO, timescale: MILLISECONDS };
const SOUND: Track = { ...OPUS, timescale: MILLISECONDS };
const KEY = idrFrame(40);
const DELTA = interFrame(20);
const PACKET = Uint8Array.of(0xf8, 1, 2);

/** A publisher of 25 frames a second with a keyframe each, that goes on as far as it is told. */
class Publisher {
  readonly publication: Publication;
  readonly #packager: Packager;
  readonly #sound: boolean;
  #time = 0;

  constructor(channel: Channel, clock: ManualClock, tracks: readonly Track[] = [PICTURE, SOUND]) {
    this.publication = channel.publish();
    this.#packager = new Packager({
      sink: this.publication,
      startAt: this.publication.position,
      firstEpoch: this.publication.nextEpoch,
      captureClock: { known: false, wallClock: () => clock.wall() },
    });
    this.#sound = tracks.length > 1;
    this.#packager.tracks(tracks);
  }

  send(seconds: number): this {
    const end = this.#time + seconds * 1000;
    for (; this.#time < end; this.#time += 20) {
      if (this.#sound) this.#sample(1, true, PACKET);
      if (this.#time % 40 === 0)
        this.#sample(0, this.#time % 1000 === 0, this.#time % 1000 === 0 ? KEY : DELTA);
    }
    return this;
  }

  #sample(track: number, keyframe: boolean, data: Uint8Array): void {
    const dts = ticks(this.#time);
    this.#packager.sample(track, { dts, pts: dts, duration: ticks(0), keyframe, data });
  }
}

let clock: ManualClock;
let hub: Hub;
let presentations: Presentations;
let http: Http;
let url: string;
let ids: number;
let viewers: ViewerCounts;

beforeEach(async () => {
  clock = new ManualClock();
  ids = 0;
  hub = new Hub({ clock, newBroadcastId: () => `b${ids++}` });
  presentations = new Presentations({
    clock,
    newPresentationId: () => `p${ids++}`,
    mostWaiting: MOST_WAITING,
    limits: {
      segment: milliseconds(2000),
      part: milliseconds(200),
      window: milliseconds(16_000),
      maxBytes: bytes(1_000_000),
    },
  });
  const stored = { find: async (name: string) => (name === 'idle' ? { name } : undefined) };
  http = await createHttp(pino({ level: 'silent' }), new TrustedProxies([]));
  viewers = new ViewerCounts({ clock });
  const store = { channels: stored } as unknown as Store;
  await hlsRoutes(http, { hub, store, presentations, traffic: new ViewerTraffic(), viewers });
  url = await listen(http, '127.0.0.1', 0);
});

afterEach(async () => {
  presentations.close();
  viewers.close();
  hub.close();
  await http.close();
  expect(clock.pending).toBe(0);
});

const open = (live = true) => hub.open('main', { reconnectGrace: milliseconds(30_000), live });

const get = (path: string, init?: RequestInit) => fetch(`${url}/live/main/${path}`, init);

/** Waits until so many requests wait: the server has them by then. */
async function untilWaiting(count: number): Promise<void> {
  while (presentations.waiting < count) await new Promise((settle) => setImmediate(settle));
}

/** The address of the media playlist that the multivariant one names, without its last piece. */
async function presentation(): Promise<string> {
  const text = await (await get('index.m3u8')).text();
  return /^(.+)\/video\.m3u8$/m.exec(text)?.[1] ?? '';
}

describe('a channel without media', () => {
  it('is a 404 that says what is the matter, and when to come back', async () => {
    const unknown = await fetch(`${url}/live/nowhere/index.m3u8`);
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({ error: 'channel-not-found' });
    expect(unknown.headers.get('access-control-allow-origin')).toBe('*');
    for (const name of ['idle', 'main']) {
      if (name === 'main') open();
      const idle = await fetch(`${url}/live/${name}/index.m3u8`);
      expect([idle.status, idle.headers.get('retry-after')]).toEqual([404, '5']);
      expect(await idle.json()).toMatchObject({ error: 'not-live' });
    }
  });

  it('is not live before there is a segment of each track', async () => {
    const publisher = new Publisher(open(), clock).send(1);
    const early = await get('index.m3u8');
    expect([early.status, early.headers.get('retry-after')]).toEqual([404, '1']);
    publisher.send(1.5);
    expect((await get('index.m3u8')).status).toBe(200);
  });

  it('serves nothing where it is not to be watched', async () => {
    new Publisher(open(false), clock).send(10);
    expect((await get('index.m3u8')).status).toBe(404);
  });
});

describe('playlists', () => {
  it('name what can be had', async () => {
    new Publisher(open(), clock).send(7);
    const index = await get('index.m3u8');
    expect(index.headers.get('content-type')).toBe('application/vnd.apple.mpegurl');
    expect(await index.text()).toMatch(
      /CODECS="avc1.42c01f,opus",RESOLUTION=640x360,FRAME-RATE=25.000,AUDIO="audio"/,
    );
    const base = await presentation();
    for (const kind of ['video', 'audio']) {
      const text = await (await get(`${base}/${kind}.m3u8`)).text();
      const uris = [...text.matchAll(/^(?:[^#].*)$|(?:MAP|PART).*URI="([^"]+)"/gm)].map(
        ([line, uri]) => uri ?? line,
      );
      expect(uris.length).toBeGreaterThan(30);
      const hint = /HINT.*URI="([^"]+)"/.exec(text)?.[1];
      for (const uri of uris) {
        if (uri === hint) continue;
        const media = await get(`${base}/${uri}`);
        expect([uri, media.status, media.headers.get('content-type')]).toEqual([uri, 200, `${kind}/mp4`]);
        expect((await media.arrayBuffer()).byteLength).toBeGreaterThan(20);
      }
    }
  });

  it('are the same bytes for all who wait for one, as soon as what they ask for is there', async () => {
    const publisher = new Publisher(open(), clock).send(5);
    const base = await presentation();
    const before = await (await get(`${base}/video.m3u8`)).text();
    const next = [...before.matchAll(/PART:/g)].length;
    const waiting = Array.from({ length: 20 }, () => get(`${base}/video.m3u8?_HLS_msn=2&_HLS_part=5`));
    await untilWaiting(20);
    publisher.send(0.28);
    const answers = await Promise.all(waiting);
    const texts = new Set(await Promise.all(answers.map((answer) => answer.text())));
    expect(texts.size).toBe(1);
    expect([...([...texts][0] ?? '').matchAll(/PART:/g)].length).toBeGreaterThan(next);
    expect(new Set(answers.map(({ headers }) => headers.get('etag'))).size).toBe(1);
    expect(answers[0]?.headers.get('cache-control')).toBe('public, max-age=0, s-maxage=1');
  });

  it('wait for a whole segment where no part is asked for', async () => {
    const publisher = new Publisher(open(), clock).send(5);
    const base = await presentation();
    const answer = get(`${base}/video.m3u8?_HLS_msn=2`).then((response) => response.text());
    await untilWaiting(1);
    publisher.send(0.5);
    expect(presentations.waiting).toBe(1);
    publisher.send(1);
    expect(await answer).toContain('\nvideo/2.m4s\n');
  });

  it.each([
    ['_HLS_part=1', 400],
    ['_HLS_msn=x', 400],
    ['_HLS_msn=1&_HLS_msn=2', 400],
    ['_HLS_msn=9', 400],
    ['_HLS_msn=2&_HLS_part=50', 400],
    ['_HLS_msn=0', 200],
    ['_HLS_skip=YES', 200],
  ])('are refused for what makes no sense: %s', async (query, status) => {
    new Publisher(open(), clock).send(5);
    const response = await get(`${await presentation()}/video.m3u8?${query}`);
    expect(response.status).toBe(status);
    if (status === 400) expect(await response.json()).toMatchObject({ error: 'invalid-request' });
  });

  it('are given up after three target durations', async () => {
    new Publisher(open(), clock).send(5);
    const waiting = get(`${await presentation()}/video.m3u8?_HLS_msn=3`);
    await untilWaiting(1);
    clock.advance(12_600);
    const response = await waiting;
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
  });

  it('are given up when the client goes away', async () => {
    new Publisher(open(), clock).send(5);
    const stop = new AbortController();
    const waiting = get(`${await presentation()}/video.m3u8?_HLS_msn=3`, { signal: stop.signal });
    await untilWaiting(1);
    stop.abort();
    await expect(waiting).rejects.toThrow();
    while (presentations.waiting > 0) await new Promise((settle) => setImmediate(settle));
  });

  it('are waited for by no more than may, over one connection each, and forgotten with these', async () => {
    new Publisher(open(), clock).send(5);
    const path = `/live/main/${await presentation()}/video.m3u8?_HLS_msn=3`;
    const sockets = Array.from({ length: MOST_WAITING }, () => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      return socket;
    });
    await untilWaiting(MOST_WAITING);
    const refused = await fetch(`${url}${path}`);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await refused.json()).toMatchObject({ error: 'too-many-waiting' });
    expect((await get('index.m3u8')).status).toBe(200);
    for (const socket of sockets) socket.destroy();
    while (presentations.waiting > 0) await new Promise((settle) => setImmediate(settle));
  });

  it('are waited for by four of one connection, whatever it sends ahead, and others have their places', async () => {
    new Publisher(open(), clock).send(5);
    const path = `/live/main/${await presentation()}/video.m3u8?_HLS_msn=3`;
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(MOST_WAITING));
    await untilWaiting(4);
    const stop = new AbortController();
    const waiting = fetch(`${url}${path}`, { signal: stop.signal }).catch(() => 'stopped');
    await untilWaiting(5);
    expect((await get('index.m3u8')).status).toBe(200);
    expect(presentations.waiting).toBe(5);
    stop.abort();
    expect(await waiting).toBe('stopped');
    socket.destroy();
    while (presentations.waiting > 0) await new Promise((settle) => setImmediate(settle));
  });

  it('can be asked about from any site', async () => {
    const response = await get('index.m3u8', {
      method: 'OPTIONS',
      headers: { origin: 'https://example.org' },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
  });
});

describe('the part that comes next', () => {
  it('is sent when all of it is there', async () => {
    const publisher = new Publisher(open(), clock).send(5);
    const base = await presentation();
    const text = await (await get(`${base}/video.m3u8`)).text();
    const hint = /HINT.*URI="([^"]+)"/.exec(text)?.[1] ?? '';
    const waiting = get(`${base}/${hint}`);
    await untilWaiting(1);
    publisher.send(0.04);
    expect(presentations.waiting).toBe(1);
    publisher.send(0.24);
    const part = await waiting;
    expect(part.status).toBe(200);
    expect((await part.arrayBuffer()).byteLength).toBe(Number(part.headers.get('content-length')));
  });

  it('is a 404 where it is not the next, or is none', async () => {
    new Publisher(open(), clock).send(5);
    const base = await presentation();
    for (const name of ['video/part-999.m4s', 'video/99.m4s', 'audio/init-7.mp4', 'text/0.m4s']) {
      const response = await get(`${base}/${name}`);
      expect([name, response.status, await response.json()]).toMatchObject([
        name,
        404,
        { error: 'media-not-found' },
      ]);
    }
    expect((await get('p99/video/0.m4s')).status).toBe(404);
    expect((await fetch(`${url}/live/other/${base}/video/0.m4s`)).status).toBe(404);
    expect((await get(`${base}/video/x.m4s`)).status).toBe(400);
  });

  it('is what there was of it where the broadcast ends, and no other comes', async () => {
    const publisher = new Publisher(open(), clock).send(5);
    const base = await presentation();
    const text = await (await get(`${base}/video.m3u8`)).text();
    const hint = Number(/HINT.*part-(\d+)/.exec(text)?.[1]);
    const waiting = get(`${base}/video/part-${hint}.m4s`);
    await untilWaiting(1);
    publisher.send(0.08).publication.end();
    expect((await waiting).status).toBe(200);
    expect((await get(`${base}/video/part-${hint + 2}.m4s`)).status).toBe(404);
  });
});

describe('a broadcast that ended', () => {
  it('stays for a minute with its end, whatever is asked of it, and is gone then', async () => {
    const publisher = new Publisher(open(), clock).send(5);
    const base = await presentation();
    const waiting = get(`${base}/video.m3u8?_HLS_msn=3`);
    await untilWaiting(1);
    publisher.publication.end();
    const last = await waiting;
    expect([last.status, last.headers.get('cache-control')]).toEqual([200, 'public, max-age=60']);
    const text = await last.text();
    expect(text).toContain('#EXT-X-ENDLIST');
    const odd = await get(`${base}/video.m3u8?_HLS_part=7&_HLS_msn=zzz&_HLS_skip=YES`);
    expect([odd.status, await odd.text()]).toEqual([200, text]);
    expect(await presentation()).toBe(base);
    clock.advance(60_001);
    expect((await get('index.m3u8')).status).toBe(404);
    expect((await get(`${base}/video.m3u8`)).status).toBe(404);
  });

  it('gives its address to the next one, and keeps its own media', async () => {
    new Publisher(open(), clock).send(5).publication.end();
    // Nobody had asked for it: there is nothing to keep.
    expect((await get('index.m3u8')).status).toBe(404);
    const second = new Publisher(open(), clock).send(5);
    const old = await presentation();
    second.publication.end();
    new Publisher(open(), clock).send(5);
    const next = await presentation();
    expect(next).not.toBe(old);
    expect((await get(`${old}/video/0.m4s`)).status).toBe(200);
    expect((await get(`${next}/video/0.m4s`)).status).toBe(200);
  });
});

describe('another publisher session', () => {
  it('goes on in the same playlists, after a discontinuity', async () => {
    const first = new Publisher(open(), clock).send(5);
    const base = await presentation();
    first.publication.markLost();
    new Publisher(open(), clock).send(5);
    expect(await presentation()).toBe(base);
    for (const kind of ['video', 'audio']) {
      const text = await (await get(`${base}/${kind}.m3u8`)).text();
      expect(text.match(/#EXT-X-DISCONTINUITY$/gm)?.length).toBe(1);
      expect(text.match(/#EXT-X-MAP/g)?.length).toBe(2);
    }
  });

  it('ends them where it has other kinds of tracks, and begins others', async () => {
    const first = new Publisher(open(), clock).send(5);
    const base = await presentation();
    first.publication.markLost();
    new Publisher(open(), clock, [PICTURE]).send(5);
    expect(await (await get(`${base}/audio.m3u8`)).text()).toContain('#EXT-X-ENDLIST');
    const next = await presentation();
    expect(next).not.toBe(base);
    expect(await (await get('index.m3u8')).text()).not.toContain('TYPE=AUDIO');
  });
});

it('serves what the group buffer held before anybody asked', async () => {
  new Publisher(open(), clock).send(60);
  const text = await (await get(`${await presentation()}/video.m3u8`)).text();
  expect(text.match(/#EXTINF/g)?.length).toBeGreaterThanOrEqual(4);
  expect(text).toContain('#EXT-X-MEDIA-SEQUENCE:0');
});
