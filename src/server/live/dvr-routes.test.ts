import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { PUBLISH_PROTOCOL } from '../../wire/publish.ts';
import { startTestServer, type TestServer } from '../test-server.ts';

// Whole servers, recordings and their finalising: on a busy machine that is not done in the usual time.
vi.setConfig({ testTimeout: 120_000 });

const bytes = readFileSync(join(import.meta.dirname, '../../../test/fixtures/chromium/webm-h264-opus.webm'));

let undo: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const step of undo.reverse()) await step();
  undo = [];
});

async function start(environment: Record<string, string> = {}): Promise<TestServer> {
  const server = await startTestServer({ HEADWATER_DVR_ENABLED: 'true', ...environment });
  undo.push(() => server.close());
  return server;
}

/** Ten seconds of a broadcast, at once. Answers how to end it. */
async function goLive(server: TestServer): Promise<() => Promise<void>> {
  const authorization = `Bearer ${await server.streamKey('main')}`;
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/live/main/publish`, [PUBLISH_PROTOCOL], {
    headers: { authorization },
  });
  undo.push(() => socket.terminate());
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'start', session: crypto.randomUUID(), mimeType: 'video/webm' }));
  socket.send(bytes);
  while ((await server.request('GET', '/api/channels/main/broadcast')).status !== 200);
  return async () => {
    socket.send(JSON.stringify({ type: 'end', length: bytes.length }));
    await once(socket, 'close');
  };
}

const anonymous = (server: TestServer, path: string, init: RequestInit = {}) =>
  fetch(new URL(path, server.url), init);

/** Asks as anybody until there is an answer; where everything is below. */
async function replayOf(server: TestServer, query = ''): Promise<{ base: string; video: string }> {
  for (;;) {
    const answer = await anonymous(server, `/live/main/dvr.m3u8${query}`);
    const text = await answer.text();
    const base = /vod\/[^/]+\//.exec(text)?.[0];
    if (!answer.ok || !base) continue;
    return { base: `/${base}`, video: await (await anonymous(server, `/${base}video.m3u8${query}`)).text() };
  }
}

async function untilVod(server: TestServer): Promise<Awaited<ReturnType<typeof replayOf>>> {
  for (;;) {
    const replay = await replayOf(server);
    if (replay.video.includes('#EXT-X-ENDLIST')) return replay;
  }
}

async function untilOver(server: TestServer): Promise<void> {
  for (;;) {
    const answer = await server.request('GET', '/api/recordings');
    // Whoever asks too often is told to wait.
    const { items = [] } = (await answer.json()) as { items?: { finalisation: string }[] };
    if (items.length > 0 && items.every(({ finalisation }) => finalisation === 'done')) return;
  }
}

const errorOf = async (answer: Response) => [
  answer.status,
  ((await answer.json()) as { error: string }).error,
];

describe('going back in a broadcast that is on', () => {
  test('is open to anybody, in HLS and DASH, with the same segments', async () => {
    const server = await start();
    await goLive(server);
    const { base, video } = await replayOf(server);
    expect(video).toContain('#EXT-X-PLAYLIST-TYPE:EVENT');
    expect(video).toContain('#EXT-X-TARGETDURATION:10');
    const segments = video.split('\n').filter((line) => line.endsWith('.m4s'));
    expect(segments.length).toBeGreaterThan(0);
    const map = /URI="([^"]+)"/.exec(video)?.[1] ?? '';
    for (const name of [map, ...segments]) {
      const answer = await anonymous(server, base + name);
      const body = await answer.arrayBuffer();
      expect([name, answer.status]).toEqual([name, 200]);
      expect(body.byteLength).toBe(Number(answer.headers.get('content-length')));
      expect(answer.headers.get('access-control-allow-origin')).toBe('*');
      expect(answer.headers.get('cache-control')).toContain('public');
      expect(answer.headers.has('set-cookie')).toBe(false);
      const etag = answer.headers.get('etag') ?? '';
      const again = await anonymous(server, base + name, { headers: { 'if-none-match': etag } });
      expect(again.status).toBe(304);
      expect((await anonymous(server, base + name, { method: 'HEAD' })).status).toBe(200);
    }
    const mpd = await (await anonymous(server, '/live/main/dvr.mpd')).text();
    expect(mpd).toContain('type="dynamic"');
    expect(mpd).toContain(
      `media="../../${base.slice(1)}${(segments[0] ?? '').replace('0.m4s', '$Number$.m4s')}"`,
    );
  });

  test('is asked for what is not there: 404 and 400 in words', async () => {
    const server = await start();
    expect(await errorOf(await anonymous(server, '/live/nowhere/dvr.m3u8'))).toEqual([
      404,
      'channel-not-found',
    ]);
    const idle = await anonymous(server, '/live/main/dvr.mpd');
    expect(idle.headers.get('retry-after')).toBe('5');
    expect(await errorOf(idle)).toEqual([404, 'not-live']);
    expect((await anonymous(server, '/live/main/dvr.m3u8?optional')).status).toBe(204);
    expect((await anonymous(server, '/live/nobody/dvr.m3u8?optional')).status).toBe(404);
    await goLive(server);
    const { base, video } = await replayOf(server);
    const recording = /^(.+)\/video\/0\.m4s$/m.exec(video)?.[1];
    for (const [name, status] of [
      [`${recording}/video/999.m4s`, 404],
      [`${recording}/video/-1.m4s`, 400],
      [`${recording}/video/9999999999.m4s`, 400],
      [`${recording}/text/0.m4s`, 404],
      ['other/video/0.m4s', 404],
      ['text.m3u8', 404],
      ['video.txt', 404],
    ] as const)
      expect([name, (await anonymous(server, base + name)).status]).toEqual([name, status]);
    expect((await anonymous(server, '/vod/..%2f..%2fetc/index.m3u8')).status).toBe(404);
    expect((await anonymous(server, '/vod/nothing/manifest.mpd')).status).toBe(404);
  });

  test('is compressed, and not sent twice', async () => {
    const server = await start();
    await goLive(server);
    const { base } = await replayOf(server);
    const { default: http } = await import('node:http');
    const [answer] = (await once(
      http.get(new URL(`${base}video.m3u8`, server.url), { headers: { 'accept-encoding': 'gzip' } }),
      'response',
    )) as [import('node:http').IncomingMessage];
    const body = Buffer.concat(await answer.toArray());
    expect(gunzipSync(body).toString()).toContain('#EXTM3U');
  });
});

describe('a broadcast that is over', () => {
  test('is VOD at the same addresses, from the finalised file', async () => {
    const server = await start();
    const end = await goLive(server);
    const { base, video } = await replayOf(server);
    await end();
    await untilOver(server);
    const after = await untilVod(server);
    expect(after.base).toBe(base);
    expect(after.video).toContain('#EXT-X-PLAYLIST-TYPE:VOD');
    expect(after.video.split('\n').filter((line) => line.endsWith('.m4s')).length).toBeGreaterThan(1);
    for (const name of video.split('\n').filter((line) => line.endsWith('.m4s')))
      expect((await anonymous(server, base + name)).status).toBe(200);
    const mpd = await (await anonymous(server, '/live/main/dvr.mpd')).text();
    expect(mpd).toContain('type="static"');
    expect((await anonymous(server, `${base}manifest.mpd`)).status).toBe(200);
  });

  test('is no more when its recording was deleted', async () => {
    const server = await start();
    const end = await goLive(server);
    const { base } = await replayOf(server);
    await end();
    await untilOver(server);
    const { items } = (await (await server.request('GET', '/api/recordings')).json()) as {
      items: { id: string }[];
    };
    expect((await server.request('DELETE', `/api/recordings/${items[0]?.id}`)).status).toBe(204);
    while ((await anonymous(server, `${base}index.m3u8`)).status !== 404);
    expect((await anonymous(server, '/live/main/dvr.m3u8')).status).toBe(404);
  });
});

describe('a broadcast that is on and not kept', () => {
  test.each([
    ['the channel is not recorded', {}, { record: false }],
    ['nothing is recorded', { HEADWATER_RECORDING_ENABLED: 'false' }, {}],
    ['the channel lets nobody go back', {}, { dvr: false }],
  ])('can be gone back in as far as the live window holds, where %s', async (_, environment, change) => {
    const server = await start(environment);
    await server.request('PATCH', '/api/channels/main', { body: { title: 'Main', ...change } });
    const end = await goLive(server);
    const broadcast = await server.request('GET', '/api/channels/main/broadcast');
    expect(await broadcast.json()).toMatchObject({ dvr: false });
    for (const [dvr, live] of [
      ['dvr.m3u8', 'index.m3u8'],
      ['dvr.mpd', 'manifest.mpd'],
    ]) {
      while ((await anonymous(server, `/live/main/${dvr}?optional`)).status === 204);
      const answer = await anonymous(server, `/live/main/${dvr}?optional`);
      expect([answer.status, answer.url]).toEqual([200, `${server.url}/live/main/${live}?optional`]);
      expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    }
    const index = await (await anonymous(server, '/live/main/dvr.m3u8')).text();
    const [variant = ''] = /^[^#].*video\.m3u8$/m.exec(index) ?? [];
    const video = await (await anonymous(server, `/live/main/${variant}?optional`)).text();
    const held = [...video.matchAll(/#EXTINF:([\d.]+)/g)].reduce((sum, [, text]) => sum + Number(text), 0);
    // All that came, and that the hub keeps by itself.
    expect(held).toBeGreaterThan(6);
    const [first = ''] = /^[^#].*\.m4s$/m.exec(video) ?? [];
    const folder = variant.replace(/[^/]*$/, '');
    expect((await anonymous(server, `/live/main/${folder}${first}`)).status).toBe(200);
    await end();
    while ((await anonymous(server, '/live/main/dvr.m3u8')).status !== 404);
  });
});

test('a broadcast that is on, of which nothing that was recorded can be read, leads to the live window', async () => {
  const server = await start();
  await goLive(server);
  await replayOf(server);
  rmSync(join(server.data, 'recordings'), { recursive: true });
  for (const [dvr, live] of [
    ['dvr.m3u8', 'index.m3u8'],
    ['dvr.mpd', 'manifest.mpd'],
  ]) {
    const ask = () => anonymous(server, `/live/main/${dvr}`, { redirect: 'manual' });
    let answer = await ask();
    while (answer.status !== 307) answer = await ask();
    expect(answer.headers.get('location')).toBe(live);
  }
});

test('a channel that takes the name of one that was deleted shows nothing of that', async () => {
  const server = await start();
  const end = await goLive(server);
  const { base } = await replayOf(server);
  await end();
  await untilOver(server);
  expect((await server.request('DELETE', '/api/channels/main')).status).toBe(204);
  const created = await server.request('POST', '/api/channels', { body: { name: 'main' } });
  expect(created.status).toBe(201);
  while ((await anonymous(server, `${base}index.m3u8`)).status !== 401);
  expect((await anonymous(server, '/live/main/dvr.m3u8')).status).toBe(404);
});

describe('who went back', () => {
  test('is a viewer of the channel, and who only looks how far that can be is none', async () => {
    const server = await start();
    const end = await goLive(server);
    const { base, video } = await replayOf(server, '?optional');
    const audience = async () => {
      const channel = await (await server.request('GET', '/api/channels/main')).json();
      return channel as { viewers: number; audience: Record<string, number> };
    };
    expect(await audience()).toMatchObject({ viewers: 0, audience: { dvr: 0, unique: 0 } });
    const [first = ''] = /^.*\.m4s$/m.exec(video) ?? [];
    await (await anonymous(server, base + first)).arrayBuffer();
    expect(await audience()).toMatchObject({ audience: { dvr: 1, hls: 0, unique: 1, today: 1 } });
    const metrics = await (await server.request('GET', '/metrics')).text();
    expect(metrics).toContain('headwater_viewers{transport="dvr"} 1');
    const events = await anonymous(server, '/live/main/events');
    const reader = events.body?.pipeThrough(new TextDecoderStream()).getReader();
    let told = '';
    while (!told.includes('"unique"')) told += (await reader?.read())?.value;
    await reader?.cancel();
    expect(told).toMatch(/"type":"live".*"dvr":true/);
    expect(told).toMatch(/"count":1,"sessions":\{"websocket":0,"hls":0,"dash":0,"dvr":1\},"unique":1/);
    await end();
    await untilOver(server);
    // The admin, who looks after a recording, is no audience.
    await server.request('PATCH', '/api/channels/main', { body: { live: false } });
    while ((await anonymous(server, `${base}index.m3u8`)).status !== 401);
    await (await server.request('GET', base + first, { headers: { 'user-agent': 'admin' } })).arrayBuffer();
    expect(await audience()).toMatchObject({ audience: { today: 1 } });
  });
});

describe('what is not for everybody', () => {
  test('stays the admin’s where the setting is off', async () => {
    const server = await start({ HEADWATER_DVR_ENABLED: 'false' });
    const end = await goLive(server);
    while ((await anonymous(server, '/live/main/dvr.m3u8', { redirect: 'manual' })).status !== 307);
    await end();
    await untilOver(server);
    expect((await anonymous(server, '/live/main/dvr.m3u8')).status).toBe(404);
    const { items } = (await (await server.request('GET', '/api/recordings')).json()) as {
      items: { id: string }[];
    };
    const path = `/vod/${items[0]?.id}/index.m3u8`;
    expect(await errorOf(await anonymous(server, path))).toEqual([401, 'unauthorized']);
    const own = await server.request('GET', path);
    expect([own.status, own.headers.get('cache-control')]).toEqual([200, 'private, no-cache']);
    const video = await (await server.request('GET', `/vod/${items[0]?.id}/video.m3u8`)).text();
    const segment = `/vod/${items[0]?.id}/${/^.+\/video\/0\.m4s$/m.exec(video)?.[0]}`;
    expect((await anonymous(server, segment)).status).toBe(401);
    expect((await server.request('GET', segment)).headers.get('cache-control')).toBe('private, no-cache');
  });

  test('stays so when a channel that only recorded is opened later, and when one that was open is closed', async () => {
    const server = await start();
    await server.request('PATCH', '/api/channels/main', { body: { live: false } });
    const end = await goLive(server);
    await end();
    await untilOver(server);
    await server.request('PATCH', '/api/channels/main', { body: { live: true } });
    expect((await anonymous(server, '/live/main/dvr.m3u8')).status).toBe(404);

    const endOpen = await goLive(server);
    const { base } = await replayOf(server);
    await endOpen();
    await server.request('PATCH', '/api/channels/main', { body: { live: false } });
    while ((await anonymous(server, `${base}index.m3u8`)).status !== 401);
    expect((await anonymous(server, '/live/main/dvr.m3u8')).status).toBe(404);
  });
});
