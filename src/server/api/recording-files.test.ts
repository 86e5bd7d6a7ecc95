import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openStore } from '../../store/open-store.ts';
import type { BroadcastResource, RecordingResource } from '../../wire/api.ts';
import { PUBLISH_PROTOCOL } from '../../wire/publish.ts';
import { Originals } from '../live/originals.ts';
import { startTestServer, type TestServer } from '../test-server.ts';

const bytes = readFileSync(join(import.meta.dirname, '../../../test/fixtures/chromium/webm-h264-opus.webm'));
const JPEG = Buffer.concat([Buffer.of(0xff, 0xd8, 0xff, 0xe0), Buffer.alloc(1000, 7)]);
const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(1000, 8)]);
const WEBP = Buffer.concat([Buffer.from('RIFF\x10\0\0\0WEBPVP8 '), Buffer.alloc(1000, 9)]);

let undo: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const step of undo.reverse()) await step();
  undo = [];
});

async function start(environment: Record<string, string> = {}): Promise<TestServer> {
  const server = await startTestServer(environment);
  undo.push(() => server.close());
  return server;
}

const read = async <T>(server: TestServer, path: string) =>
  (await (await server.request('GET', path)).json()) as T;

const errorOf = async (answer: Response) => [
  answer.status,
  ((await answer.json()) as { error: string }).error,
];

/** A broadcast on that channel that has begun to be recorded, where it is. Answers how to end it. */
async function goLive(server: TestServer, channel = 'main'): Promise<() => Promise<void>> {
  const authorization = `Bearer ${await server.streamKey(channel)}`;
  const address = `${server.url.replace('http', 'ws')}/live/${channel}/publish`;
  const socket = new WebSocket(address, [PUBLISH_PROTOCOL], { headers: { authorization } });
  undo.push(() => socket.terminate());
  await once(socket, 'open');
  const session = crypto.randomUUID();
  socket.send(JSON.stringify({ type: 'start', session, mimeType: 'video/webm' }));
  socket.send(bytes);
  while ((await server.request('GET', `/api/channels/${channel}/broadcast`)).status !== 200);
  return async () => {
    socket.send(JSON.stringify({ type: 'end', length: bytes.length }));
    await once(socket, 'close');
  };
}

const idOf = async (server: TestServer) => {
  for (;;) {
    const { recording } = await read<BroadcastResource>(server, '/api/channels/main/broadcast');
    if (recording) return recording;
  }
};

/** As a publisher sends it. */
async function put(server: TestServer, body: Buffer, type = 'image/jpeg', more: Record<string, string> = {}) {
  const authorization = `Bearer ${await server.streamKey('main')}`;
  return await fetch(new URL('/live/main/poster', server.url), {
    method: 'PUT',
    headers: { authorization, 'content-type': type, ...more },
    body: new Uint8Array(body),
  });
}

const live = (server: TestServer, headers = {}) =>
  server.request('GET', '/live/main/poster', { anonymous: true, headers });

describe('the poster of a broadcast', () => {
  test('is shown to everybody while it is live, and stays with its recording', async () => {
    const server = await start();
    expect(await errorOf(await live(server))).toEqual([404, 'poster-not-found']);
    const end = await goLive(server);
    const id = await idOf(server);
    expect(await errorOf(await live(server))).toEqual([404, 'poster-not-found']);
    expect((await server.request('GET', '/live/main/poster?optional', { anonymous: true })).status).toBe(204);
    expect((await put(server, JPEG)).status).toBe(204);

    const shown = await live(server);
    expect(Buffer.from(await shown.arrayBuffer())).toEqual(JPEG);
    expect(shown.headers.get('content-type')).toBe('image/jpeg');
    expect(shown.headers.get('x-content-type-options')).toBe('nosniff');
    expect(shown.headers.get('cache-control')).toBe('public, max-age=10');
    const etag = shown.headers.get('etag') ?? '';
    expect((await live(server, { 'if-none-match': etag })).status).toBe(304);

    await end();
    expect((await live(server)).status).toBe(404);
    const recording = await read<RecordingResource>(server, `/api/recordings/${id}`);
    expect(recording.poster).toBe(`/api/recordings/${id}/poster`);
    const kept = await server.request('GET', `/api/recordings/${id}/poster`);
    expect(Buffer.from(await kept.arrayBuffer())).toEqual(JPEG);
    expect(kept.headers.get('content-type')).toBe('image/jpeg');
    const stranger = await server.request('GET', `/api/recordings/${id}/poster`, { anonymous: true });
    expect(stranger.status).toBe(401);
    await server.request('DELETE', `/api/recordings/${id}`);
    expect(await readdir(join(server.data, 'recordings'))).toEqual([]);
  });

  test('is replaced by the next one, also of another kind', async () => {
    const server = await start();
    await goLive(server);
    const id = await idOf(server);
    for (const [image, type] of [
      [JPEG, 'image/jpeg'],
      [PNG, 'image/png'],
      [WEBP, 'image/webp'],
    ] as const) {
      expect((await put(server, image, type)).status).toBe(204);
      expect(Buffer.from(await (await live(server)).arrayBuffer())).toEqual(image);
      const kept = await server.request('GET', `/api/recordings/${id}/poster`);
      expect(kept.headers.get('content-type')).toBe(type);
      expect(Buffer.from(await kept.arrayBuffer())).toEqual(image);
    }
    const files = await readdir(join(server.data, 'recordings', id));
    expect(files.filter((file) => file.startsWith('poster'))).toEqual(['poster.webp']);
  });

  test('is refused when there is no broadcast, no channel, or no picture', async () => {
    const server = await start();
    expect(await errorOf(await put(server, JPEG))).toEqual([409, 'not-live']);
    const lost = await server.request('PUT', '/live/nobody/poster', {
      headers: { 'content-type': 'image/png' },
    });
    expect(await errorOf(lost)).toEqual([404, 'channel-not-found']);
    await goLive(server);
    const script = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>');
    expect(await errorOf(await put(server, script))).toEqual([415, 'poster-malformed']);
    expect(await errorOf(await put(server, PNG, 'image/jpeg'))).toEqual([415, 'poster-malformed']);
    expect(await errorOf(await put(server, Buffer.alloc(0)))).toEqual([415, 'poster-malformed']);
    expect(await errorOf(await put(server, script, 'image/svg+xml'))).toEqual([
      415,
      'poster-type-unsupported',
    ]);
    const large = Buffer.concat([JPEG, Buffer.alloc(512 * 1024)]);
    expect(await errorOf(await put(server, large))).toEqual([413, 'poster-too-large']);
    expect((await live(server)).status).toBe(404);
  });

  test('is taken only from who may publish, and wrong keys are counted with those of publishers', async () => {
    const server = await start();
    await goLive(server);
    const from = (headers: Record<string, string>) => put(server, JPEG, 'image/jpeg', headers);
    expect(await errorOf(await from({ authorization: '' }))).toEqual([401, 'stream-key-missing']);
    expect(await errorOf(await from({ origin: 'https://evil.example' }))).toEqual([
      403,
      'origin-not-allowed',
    ]);
    for (let attempt = 0; attempt < 30; attempt += 1) {
      expect(await errorOf(await from({ authorization: 'Bearer wrong' }))).toEqual([401, 'stream-key-wrong']);
    }
    expect(await errorOf(await put(server, JPEG))).toEqual([429, 'too-many-attempts']);
    const socket = new WebSocket(
      `${server.url.replace('http', 'ws')}/live/main/publish`,
      [PUBLISH_PROTOCOL],
      {
        headers: { authorization: `Bearer ${await server.streamKey('main')}` },
      },
    );
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('429');
  });

  test('is taken from a studio that is signed in, without a key', async () => {
    const server = await start();
    await goLive(server);
    const signIn = await server.request('POST', '/api/session', {
      body: { token: server.token },
      anonymous: true,
    });
    const cookie = signIn.headers.get('set-cookie')?.split(';')[0] ?? '';
    const send = (origin: string) =>
      fetch(new URL('/live/main/poster', server.url), {
        method: 'PUT',
        headers: { cookie, origin, 'content-type': 'image/jpeg' },
        body: new Uint8Array(JPEG),
      });
    expect((await send('https://evil.example')).status).toBe(403);
    expect((await send(server.url)).status).toBe(204);
  });

  test('of a channel that only records is shown to nobody but the admin', async () => {
    const server = await start();
    await server.request('PATCH', '/api/channels/main', { body: { live: false } });
    await goLive(server);
    const id = await idOf(server);
    expect((await put(server, JPEG)).status).toBe(204);
    expect((await live(server)).status).toBe(404);
    expect((await server.request('GET', `/api/recordings/${id}/poster`)).status).toBe(200);
  });

  test('of a broadcast that is not recorded is shown while it is live', async () => {
    const server = await start();
    await server.request('PATCH', '/api/channels/main', { body: { record: false } });
    await goLive(server);
    expect((await put(server, JPEG)).status).toBe(204);
    expect((await live(server)).status).toBe(200);
  });
});

describe('what was sent of a recording', () => {
  async function startWithOriginals() {
    const data = await mkdtemp(join(tmpdir(), 'headwater-files-'));
    const folder = join(data, 'recordings');
    await mkdir(join(folder, 'r1'), { recursive: true });
    const store = await openStore(join(data, 'headwater.db'));
    const broadcast = { id: 'b1', channel: 'exam', title: null, startedAt: Date.UTC(2026, 0, 31, 12) };
    await store.broadcasts.start({ ...broadcast, namePrefix: 'Anna Müller' });
    await store.recordings.start({
      id: 'r1',
      broadcast: 'b1',
      startedAt: broadcast.startedAt,
      mime: 'video/mp4',
    });
    const gaps = [{ at: 192_000, duration: 25_000 }];
    await store.recordings.progress('r1', { state: 'complete', duration: 300_000, size: 5, gaps });
    await writeFile(join(folder, 'r1', 'media.mp4'), 'media');
    const originals = new Originals(store, folder);
    for (const content of [bytes, Buffer.from('....ftypiso5')]) {
      await writeFile(join(data, 'session'), content);
      await originals.adopt('r1', join(data, 'session'));
    }
    await store.close();
    return await start({ HEADWATER_DATA: data });
  }

  test('is listed beside it under its name, with what is missing', async () => {
    const server = await startWithOriginals();
    expect(await read<RecordingResource>(server, '/api/recordings/r1')).toMatchObject({
      gaps: [{ at: 192_000, duration: 25_000 }],
      poster: null,
      originals: [
        {
          url: '/api/recordings/r1/originals/1',
          fileName: 'Anna Müller-2026-01-31-1200.webm',
          size: bytes.length,
          mime: 'video/webm',
        },
        { url: '/api/recordings/r1/originals/2', fileName: 'Anna Müller-2026-01-31-1200-2.mp4' },
      ],
    });
  });

  test('is downloaded byte for byte, whole or in ranges, by the admin only', async () => {
    const server = await startWithOriginals();
    const path = '/api/recordings/r1/originals/1';
    const whole = await server.request('GET', path);
    expect(Buffer.from(await whole.arrayBuffer())).toEqual(bytes);
    expect(whole.headers.get('content-type')).toBe('video/webm');
    expect(whole.headers.get('content-disposition')).toBe(
      `attachment; filename="Anna Muller-2026-01-31-1200.webm"; filename*=UTF-8''Anna%20M%C3%BCller-2026-01-31-1200.webm`,
    );
    const part = await server.request('GET', path, { headers: { range: 'bytes=4-9' } });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(bytes.subarray(4, 10));
    expect((await server.request('GET', path, { anonymous: true })).status).toBe(401);
    for (const wrong of ['3', '99999999']) {
      const answer = await server.request('GET', `/api/recordings/r1/originals/${wrong}`);
      expect(await errorOf(answer)).toEqual([404, 'original-not-found']);
    }
    for (const wrong of ['0', '-1', '1.5', 'x', '..%2f1']) {
      const answer = await server.request('GET', `/api/recordings/r1/originals/${wrong}`);
      expect(answer.status).toBe(400);
    }
  });

  test('is deleted with it', async () => {
    const server = await startWithOriginals();
    expect((await server.request('DELETE', '/api/recordings/r1')).status).toBe(204);
    expect(await readdir(join(server.data, 'recordings'))).toEqual([]);
    expect((await server.request('GET', '/api/recordings/r1/originals/1')).status).toBe(404);
  });
});

test('channels keep what is sent when they are told to', async () => {
  const server = await start();
  expect(await read(server, '/api/channels/main')).toMatchObject({ keepOriginal: false });
  const changed = await server.request('PATCH', '/api/channels/main', { body: { keepOriginal: true } });
  expect(await changed.json()).toMatchObject({ keepOriginal: true });
  const body = { name: 'exam', keepOriginal: true };
  expect(await (await server.request('POST', '/api/channels', { body })).json()).toMatchObject({
    keepOriginal: true,
  });
  const wrong = await server.request('PATCH', '/api/channels/main', { body: { keepOriginal: 'yes' } });
  expect(await errorOf(wrong)).toEqual([400, 'invalid-request']);
});
