import { readFileSync } from 'node:fs';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../store/open-store.ts';
import type {
  ApiError,
  ChannelList,
  ChannelResource,
  ChannelWithKey,
  RecordingList,
  RecordingResource,
} from '../../wire/api.ts';
import { startTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server.close();
});

const json = async <T>(answer: Response) => (await answer.json()) as T;

/** Asks, and answers the status with the error's code, if it is one. */
async function refusal(answer: Promise<Response>): Promise<string> {
  const response = await answer;
  const { error, message } = await json<ApiError>(response);
  expect(message).toMatch(/\.$/);
  return `${response.status} ${error}`;
}

describe('channels', () => {
  test('a first start makes main', async () => {
    const { items } = await json<ChannelList>(await server.request('GET', '/api/channels'));
    expect(items).toMatchObject([
      { name: 'main', title: 'main', record: true, state: 'offline', viewers: 0 },
    ]);
  });

  test('are made with a key, shown without it, changed, renamed and deleted', async () => {
    const created = await server.request('POST', '/api/channels', {
      body: { name: 'music', title: ' Music ' },
    });
    expect(created.status).toBe(201);
    expect(created.headers.get('location')).toBe('/api/channels/music');
    const { streamKey, ...channel } = await json<ChannelWithKey>(created);
    expect(streamKey).toMatch(/^[\w-]{32}$/);
    expect(channel).toMatchObject({ name: 'music', title: 'Music', record: true });
    expect(await json(await server.request('GET', '/api/channels/music'))).toEqual(channel);
    expect(await server.streamKey('music')).toBe(streamKey);

    const changed = await server.request('PATCH', '/api/channels/music', { body: { record: false } });
    expect(await json(changed)).toEqual({ ...channel, record: false });
    const renamed = await server.request('PATCH', '/api/channels/music', { body: { name: 'songs' } });
    expect(await json(renamed)).toMatchObject({ name: 'songs', title: 'Music', record: false });
    expect(await refusal(server.request('GET', '/api/channels/music'))).toBe('404 channel-not-found');
    expect(await server.streamKey('songs')).toBe(streamKey);

    const deleted = await server.request('DELETE', '/api/channels/songs');
    expect([deleted.status, await deleted.text()]).toEqual([204, '']);
    expect(await refusal(server.request('DELETE', '/api/channels/songs'))).toBe('404 channel-not-found');
  });

  test('can be set to record only, to wait longer and to end by themselves', async () => {
    const before = await json<ChannelResource>(await server.request('GET', '/api/channels/main'));
    expect(before).toMatchObject({ live: true, dvr: true, reconnectGrace: 30_000, maxDuration: null });
    const settings = { live: false, dvr: false, reconnectGrace: 1_800_000, maxDuration: 3_600_000 };
    const changed = await server.request('PATCH', '/api/channels/main', { body: settings });
    expect(await json(changed)).toMatchObject(settings);
    const back = await server.request('PATCH', '/api/channels/main', {
      body: { live: true, dvr: null, reconnectGrace: null, maxDuration: null },
    });
    expect(await json(back)).toEqual(before);
    const made = await server.request('POST', '/api/channels', {
      body: { name: 'exam', live: false, reconnectGrace: 0, maxDuration: 60_000 },
    });
    expect(await json(made)).toMatchObject({ live: false, reconnectGrace: 0, maxDuration: 60_000 });
    await server.request('DELETE', '/api/channels/exam');
  });

  test.each([
    { reconnectGrace: 1_800_001 },
    { reconnectGrace: -1 },
    { reconnectGrace: '1' },
    { maxDuration: 0 },
    { maxDuration: 604_800_001 },
    { maxDuration: 1000.5 },
    { live: null },
    { dvr: 'yes' },
  ])('refuse the setting %j', async (body) => {
    expect(await refusal(server.request('PATCH', '/api/channels/main', { body }))).toBe(
      '400 invalid-request',
    );
  });

  test('get a new key, and the old one is gone', async () => {
    const before = await server.streamKey('main');
    const answer = await server.request('POST', '/api/channels/main/key');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const { streamKey, name } = await json<ChannelWithKey>(answer);
    expect(name).toBe('main');
    expect(streamKey).not.toBe(before);
    expect(await server.streamKey('main')).toBe(streamKey);
  });

  test.each([
    ['POST', '/api/channels', { name: 'main' }, '409 channel-exists'],
    ['POST', '/api/channels', { name: 'Main Stage' }, '400 invalid-request'],
    ['POST', '/api/channels', { name: 'x'.repeat(65) }, '400 invalid-request'],
    ['POST', '/api/channels', { name: 'ok', colour: 'blue' }, '400 invalid-request'],
    ['POST', '/api/channels', { name: 'ok', title: 'x'.repeat(201) }, '400 invalid-request'],
    ['POST', '/api/channels', {}, '400 invalid-request'],
    ['POST', '/api/channels', '{"name"', '400 bad-request'],
    ['POST', '/api/channels', { name: 'x', title: 'x'.repeat(70_000) }, '413 body-too-large'],
    ['PATCH', '/api/channels/main', {}, '400 invalid-request'],
    ['PATCH', '/api/channels/nobody', { record: true }, '404 channel-not-found'],
    ['GET', '/api/channels/NOT%20A%20NAME', undefined, '400 invalid-request'],
    ['GET', '/api/channels/nobody/key', undefined, '404 channel-not-found'],
    ['POST', '/api/channels/nobody/key', undefined, '404 channel-not-found'],
    ['GET', '/api/channels/nobody/broadcast', undefined, '404 channel-not-found'],
    ['GET', '/api/channels/main/broadcast', undefined, '404 not-live'],
    ['GET', '/api/nothing', undefined, '404 not-found'],
  ])('refuses what is not right: %s %s', async (method, path, body, expected) => {
    expect(await refusal(server.request(method, path, { body }))).toBe(expected);
  });

  test('another type than JSON is refused', async () => {
    const options = { body: 'name=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } };
    expect(await refusal(server.request('POST', '/api/channels', options))).toBe(
      '415 media-type-unsupported',
    );
  });

  test.each([
    ['GET /%ff HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', '400 bad-request'],
    [`GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, '431 headers-too-large'],
    ['no HTTP\r\n\r\n', '400 bad-request'],
  ])('what is refused before it is a request is refused alike', async (text, expected) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.write(text);
    let answer = '';
    for await (const bytes of socket) answer += String(bytes);
    const [head = '', body = ''] = answer.split('\r\n\r\n', 2);
    const { error, message } = JSON.parse(body) as ApiError;
    expect(message).toMatch(/\.$/);
    expect(`${head.split(' ')[1]} ${error}`).toBe(expected);
  });

  test('a refusal says which field is wrong', async () => {
    const answer = await server.request('POST', '/api/channels', { body: { name: 'ok', colour: 'blue' } });
    expect((await json<ApiError>(answer)).message).toContain('colour');
  });
});

describe('the admin token', () => {
  test.each([
    ['GET', '/api/channels'],
    ['POST', '/api/channels'],
    ['GET', '/api/channels/main'],
    ['PATCH', '/api/channels/main'],
    ['DELETE', '/api/channels/main'],
    ['GET', '/api/channels/main/key'],
    ['POST', '/api/channels/main/key'],
    ['GET', '/api/channels/main/broadcast'],
    ['GET', '/api/recordings'],
    ['GET', '/api/recordings/x'],
    ['DELETE', '/api/recordings/x'],
    ['GET', '/api/recordings/x/media.mp4'],
  ])('is needed for %s %s', async (method, path) => {
    const answer = server.request(method, path, { anonymous: true });
    expect((await answer).headers.get('www-authenticate')).toBe('Bearer');
    expect(await refusal(answer)).toBe('401 unauthorized');
  });

  test('must be the right one', async () => {
    const headers = { authorization: `Bearer ${server.token}x` };
    expect(await refusal(server.request('GET', '/api/channels', { headers }))).toBe('401 unauthorized');
  });
});

describe('health', () => {
  test('is told to everyone', async () => {
    for (const path of ['/healthz', '/readyz']) {
      const answer = await server.request('GET', path, { anonymous: true });
      expect([answer.status, await answer.json()]).toEqual([200, { status: 'ok' }]);
    }
  });

  test('figures are in the Prometheus format, without a label for a channel or a viewer', async () => {
    const answer = await server.request('GET', '/metrics', { anonymous: true });
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
    const text = await answer.text();
    for (const name of [
      'headwater_publishers 0',
      'headwater_viewers{transport="websocket"} 0',
      'headwater_live_broadcasts 0',
      'headwater_broadcasts_total 0',
      'headwater_received_bytes_total 0',
      'headwater_sent_bytes_total 0',
      'headwater_segment_requests_total 0',
      'headwater_waiting_requests 0',
      'headwater_segments_held_bytes 0',
      'headwater_skipped_chunks_total 0',
      'headwater_recordings_bytes 0',
      'nodejs_eventloop_lag_seconds ',
      'process_cpu_seconds_total ',
      'process_resident_memory_bytes ',
    ]) {
      expect(text).toContain(`\n${name}`);
    }
    expect(text).not.toContain('main');
    const again = await server.request('GET', '/metrics', { anonymous: true });
    expect(await again.text()).toContain('headwater_publishers 0');
  });
});

describe('the description of the API', () => {
  test('is OpenAPI 3.1, and has every route of it', async () => {
    const answer = await server.request('GET', '/api/openapi.json', { anonymous: true });
    const description = await json<{
      openapi: string;
      paths: Record<string, Record<string, unknown>>;
      components: { schemas: Record<string, unknown> };
    }>(answer);
    expect(description.openapi).toBe('3.1.0');
    const routes = Object.entries(description.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(routes.filter((route) => !route.startsWith('HEAD')).sort()).toEqual([
      'DELETE /api/channels/{name}',
      'DELETE /api/channels/{name}/destinations/{id}',
      'DELETE /api/recordings/{id}',
      'DELETE /api/session',
      'GET /api/channels',
      'GET /api/channels/{name}',
      'GET /api/channels/{name}/broadcast',
      'GET /api/channels/{name}/destinations',
      'GET /api/channels/{name}/destinations/events',
      'GET /api/channels/{name}/destinations/{id}',
      'GET /api/channels/{name}/key',
      'GET /api/recordings',
      'GET /api/recordings/{id}',
      'GET /api/recordings/{id}/media.mp4',
      'GET /api/recordings/{id}/originals/{number}',
      'GET /api/recordings/{id}/poster',
      'GET /api/session',
      'GET /healthz',
      'GET /live/{channel}/poster',
      'GET /metrics',
      'GET /readyz',
      'PATCH /api/channels/{name}',
      'PATCH /api/channels/{name}/destinations/{id}',
      'POST /api/channels',
      'POST /api/channels/{name}/destinations',
      'POST /api/channels/{name}/destinations/{id}/start',
      'POST /api/channels/{name}/destinations/{id}/stop',
      'POST /api/channels/{name}/destinations/{id}/test',
      'POST /api/channels/{name}/key',
      'POST /api/session',
      'PUT /live/{channel}/poster',
    ]);
    expect(Object.keys(description.components.schemas)).toEqual(
      expect.arrayContaining(['Channel', 'ChannelWithKey', 'Broadcast', 'Recording', 'Error']),
    );
    const text = JSON.stringify(description);
    expect(text).not.toContain('$id');
    for (const [reference] of text.matchAll(/#\/components\/schemas\/\w+/g)) {
      expect(Object.keys(description.components.schemas)).toContain(reference.split('/').at(-1));
    }
  });

  test('can be read on a page that loads nothing from elsewhere', async () => {
    const page = await (await server.request('GET', '/api/docs', { anonymous: true })).text();
    const sources = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source ?? '');
    expect(sources.length).toBeGreaterThan(2);
    for (const source of sources) {
      expect(source).toMatch(/^\/api\/docs\//);
      const asset = await server.request('GET', source, { anonymous: true });
      expect(asset.status).toBe(200);
      await asset.body?.cancel();
    }
  });
});

describe('recordings', () => {
  let own: TestServer;
  const ids = ['r1', 'r2', 'r3'];
  const bytes = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));
  /** A fragmented MP4 without its last bytes. */
  const torn = readFileSync(
    join(import.meta.dirname, '../../../test/fixtures/chromium/mp4-avc1-opus.mp4'),
  ).subarray(0, -100);

  beforeAll(async () => {
    const first = await startTestServer();
    const data = first.data;
    await first.close();
    await mkdir(data, { recursive: true });
    const store = await openStore(join(data, 'headwater.db'));
    for (const [index, id] of ids.entries()) {
      const channel = id === 'r3' ? 'music' : 'main';
      await store.broadcasts.start({ id: `b-${id}`, channel, title: null, startedAt: 1000 + index });
      await store.recordings.start({ id, broadcast: `b-${id}`, startedAt: 1000 + index, mime: 'video/mp4' });
      if (id !== 'r1')
        await store.recordings.progress(id, { state: 'complete', duration: 5, size: bytes.length });
      await mkdir(join(data, 'recordings', id), { recursive: true });
      await writeFile(join(data, 'recordings', id, 'media.mp4'), id === 'r1' ? torn : bytes);
    }
    await store.close();
    own = await startTestServer({ HEADWATER_DATA: data });
  });
  afterAll(async () => {
    await own.close();
  });

  const media = (headers: Record<string, string> = {}, method = 'GET', query = '') =>
    own.request(method, `/api/recordings/r2/media.mp4${query}`, { headers });

  test('are listed newest first, by channel and by page', async () => {
    const list = async (query: string) =>
      await json<RecordingList>(await own.request('GET', `/api/recordings${query}`));
    expect((await list('')).items.map(({ id }) => id)).toEqual(['r3', 'r2', 'r1']);
    expect((await list('?channel=main')).items.map(({ id }) => id)).toEqual(['r2', 'r1']);
    const first = await list('?limit=2');
    expect(first.items.map(({ id }) => id)).toEqual(['r3', 'r2']);
    const second = await list(`?limit=2&after=${first.next}`);
    expect(second).toMatchObject({ items: [{ id: 'r1' }], next: null });
    for (const query of ['?limit=0', '?limit=x', '?after=x', '?channel=A']) {
      expect(await refusal(own.request('GET', `/api/recordings${query}`))).toBe('400 invalid-request');
    }
  });

  test('that a dead process left open are closed at the next start, up to their last whole chunk', async () => {
    const recording = await json<RecordingResource>(await own.request('GET', '/api/recordings/r1'));
    const kept = readFileSync(join(own.data, 'recordings', 'r1', 'media.mp4'));
    expect(recording).toMatchObject({ state: 'damaged', size: kept.length });
    expect(kept.length).toBeGreaterThan(torn.length / 2);
    expect(kept.length).toBeLessThan(torn.length);
  });

  test('are served whole, with what a player needs to seek', async () => {
    const answer = await media();
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'accept-ranges': 'bytes',
      'content-length': '1000',
      'content-type': 'video/mp4',
    });
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(bytes);
  });

  test.each([
    ['bytes=0-0', 0, 0],
    ['bytes=10-19', 10, 19],
    ['bytes=990-', 990, 999],
    ['bytes=-10', 990, 999],
    ['bytes=-5000', 0, 999],
    ['bytes=500-5000', 500, 999],
  ])('are served in part: %s', async (range, first, last) => {
    const answer = await media({ range });
    expect(answer.status).toBe(206);
    expect(answer.headers.get('content-range')).toBe(`bytes ${first}-${last}/1000`);
    expect(answer.headers.get('content-length')).toBe(String(last - first + 1));
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(bytes.subarray(first, last + 1));
  });

  test.each(['bytes=1000-', 'bytes=5000-6000', 'bytes=-0'])(
    'refuse a range beyond the end: %s',
    async (range) => {
      const answer = media({ range });
      expect((await answer).headers.get('content-range')).toBe('bytes */1000');
      expect(await refusal(answer)).toBe('416 range-not-satisfiable');
    },
  );

  test.each(['bytes=5-1', 'bytes=0-1,5-6', 'lines=1-2', 'bytes=-', 'bytes=a-b'])(
    'are served whole when the range is none that we serve: %s',
    async (range) => {
      const answer = await media({ range });
      expect([answer.status, (await answer.arrayBuffer()).byteLength]).toEqual([200, 1000]);
    },
  );

  test('a range of another version is answered with the whole file', async () => {
    const etag = (await media({}, 'HEAD')).headers.get('etag') ?? '';
    const range = 'bytes=0-9';
    expect((await media({ range, 'if-range': etag })).status).toBe(206);
    expect((await media({ range, 'if-range': '"other"' })).status).toBe(200);
  });

  test('that grow are served up to what is written, as another version each time', async () => {
    const file = join(own.data, 'recordings', 'r3', 'media.mp4');
    const first = await own.request('HEAD', '/api/recordings/r3/media.mp4');
    await appendFile(file, 'more');
    const headers = { range: 'bytes=996-', 'if-range': first.headers.get('etag') ?? '' };
    expect((await own.request('GET', '/api/recordings/r3/media.mp4', { headers })).status).toBe(200);
    const rest = await own.request('GET', '/api/recordings/r3/media.mp4', {
      headers: { range: 'bytes=1000-' },
    });
    expect([rest.headers.get('content-range'), await rest.text()]).toEqual(['bytes 1000-1003/1004', 'more']);
  });

  test('are not sent again to whom has them', async () => {
    const etag = (await media({}, 'HEAD')).headers.get('etag') ?? '';
    const answer = await media({ 'if-none-match': `"x", ${etag}` });
    expect([answer.status, await answer.text()]).toEqual([304, '']);
  });

  test('HEAD tells all but the bytes', async () => {
    const answer = await media({ range: 'bytes=0-9' }, 'HEAD');
    expect(answer.status).toBe(206);
    expect(answer.headers.get('content-length')).toBe('10');
    expect(await answer.text()).toBe('');
  });

  test('are saved under a name on request', async () => {
    const answer = await media({}, 'HEAD', '?download');
    expect(answer.headers.get('content-disposition')).toBe(
      `attachment; filename="main-1970-01-01-0000.mp4"; filename*=UTF-8''main-1970-01-01-0000.mp4`,
    );
    expect((await media({}, 'HEAD')).headers.has('content-disposition')).toBe(false);
  });

  test('whose file somebody took away say so', async () => {
    expect(await refusal(own.request('GET', '/api/recordings/nobody/media.mp4'))).toBe(
      '404 recording-not-found',
    );
    expect(await refusal(own.request('GET', '/api/recordings/..%2F..%2Fadmin-token/media.mp4'))).toBe(
      '400 invalid-request',
    );
  });

  test('are deleted with their file', async () => {
    expect((await own.request('DELETE', '/api/recordings/r3')).status).toBe(204);
    expect(await refusal(own.request('GET', '/api/recordings/r3'))).toBe('404 recording-not-found');
    expect(await refusal(own.request('DELETE', '/api/recordings/r3'))).toBe('404 recording-not-found');
  });
});
