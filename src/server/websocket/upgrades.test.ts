import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { BroadcastResource, RecordingList } from '../../wire/api.ts';
import { CLOSE } from '../../wire/close-codes.ts';
import { PLAY_PROTOCOL } from '../../wire/play.ts';
import { PUBLISH_PROTOCOL } from '../../wire/publish.ts';
import { startTestServer, type TestServer } from '../test-server.ts';

const FIXTURE = join(import.meta.dirname, '../../../test/fixtures/chromium/webm-vp9-opus.webm');
const SESSION = '6f2c1c0e-6f6f-4b7e-9a43-0d6b7f8f3c11';

let server: TestServer;
let key: string;

beforeAll(async () => {
  server = await startTestServer({ HEADWATER_ORIGINS: 'https://partner.example' });
  key = await server.streamKey('main');
});
afterAll(async () => {
  await server.close();
});

interface Asked {
  readonly path?: string;
  readonly protocol?: string;
  readonly headers?: Record<string, string>;
}

function open({ path = '/live/main/publish', protocol, headers = {} }: Asked): WebSocket {
  return new WebSocket(server.url.replace('http', 'ws') + path, protocol ? [protocol] : [], { headers });
}

/** `open`, or the status and the code that the upgrade was refused with. */
async function outcome(asked: Asked): Promise<string> {
  const socket = open(asked);
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.on('open', () => resolve('open'));
  socket.on('error', () => {});
  socket.on('unexpected-response', (_request: ClientRequest, response: IncomingMessage) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      body += text;
    });
    response.on('end', () => {
      expect(response.headers['content-type']).toMatch(/^application\/json/);
      const { error, message } = JSON.parse(body) as { error: string; message: string };
      expect(message).toMatch(/\.$/);
      resolve(`${response.statusCode} ${error}`);
    });
  });
  const answer = await promise;
  socket.terminate();
  return answer;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('before a WebSocket is accepted', () => {
  test.each([
    ['/live/nobody/publish', '404 channel-not-found'],
    ['/live/Main/ws', '404 channel-not-found'],
    [`/live/${'x'.repeat(65)}/ws`, '404 channel-not-found'],
    ['/live/..%2f/ws', '404 channel-not-found'],
    ['/live/main/other', '404 not-found'],
    ['/live/main', '404 not-found'],
    ['/elsewhere', '404 not-found'],
  ])('%s is refused with %s', async (path, expected) => {
    expect(await outcome({ path, headers: bearer(key) })).toBe(expected);
  });

  test('a viewer of a channel that is not there is told by the close code, which is all that a browser shows', async () => {
    const socket = open({ path: '/live/nobody/ws' });
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([4404, 'channel-not-found']);
  });

  test('a subprotocol that is not spoken here is refused', async () => {
    expect(await outcome({ path: '/live/main/ws', protocol: PUBLISH_PROTOCOL })).toBe(
      '400 subprotocol-unknown',
    );
    expect(await outcome({ protocol: 'something' })).toBe('400 subprotocol-unknown');
  });

  test('what is no WebSocket handshake is refused', async () => {
    const asked = request(new URL('/live/main/ws', server.url), {
      headers: { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '99' },
    });
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(400);
    response.resume();
  });

  test('a plain request is answered with what belongs there', async () => {
    const answer = await server.request('GET', '/live/main/ws');
    expect([answer.status, (await answer.json()).error]).toEqual([404, 'not-found']);
  });

  test('another protocol that a client would rather speak is not', async () => {
    const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABk' };
    const asked = request(new URL('/healthz', server.url), { headers });
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    response.resume();
  });

  test('a client that goes away in between disturbs nothing', async () => {
    const { port } = new URL(server.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      'GET /live/main/ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
    );
    socket.destroy();
    await once(socket, 'close');
    expect(await outcome({ path: '/live/main/ws', protocol: PLAY_PROTOCOL })).toBe('open');
  });
});

describe('a publisher', () => {
  test('is let in by the stream key, in a header or, as a last resort, in the address', async () => {
    expect(await outcome({ headers: bearer(key) })).toBe('open');
    expect(await outcome({ path: `/live/main/publish?key=${key}` })).toBe('open');
    expect(await outcome({ headers: bearer(key), protocol: PUBLISH_PROTOCOL })).toBe('open');
  });

  test('is refused with a wrong key, with none, and with the admin token', async () => {
    expect(await outcome({ headers: bearer(`${key}x`) })).toBe('401 stream-key-wrong');
    expect(await outcome({ path: '/live/main/publish?key=x', protocol: PUBLISH_PROTOCOL })).toBe(
      '401 stream-key-wrong',
    );
    expect(await outcome({})).toBe('401 stream-key-missing');
    expect(await outcome({ headers: bearer(server.token) })).toBe('401 stream-key-wrong');
  });

  test('in a browser is refused from pages of other sites, even with the key', async () => {
    const headers = (origin: string) => ({ ...bearer(key), origin });
    for (const origin of [
      'https://evil.test',
      'null',
      'https://partner.example.evil.test',
      'http://partner.example',
    ]) {
      expect(await outcome({ headers: headers(origin) })).toBe('403 origin-not-allowed');
    }
    expect(await outcome({ headers: headers(server.url) })).toBe('open');
    expect(await outcome({ headers: headers('https://partner.example') })).toBe('open');
  });

  test('on our own pages is let in by the admin’s session, and by nothing else of another site', async () => {
    const signedIn = await server.request('GET', `/?token=${server.token}`, { anonymous: true });
    const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
    expect(await outcome({ headers: { cookie, origin: server.url } })).toBe('open');
    expect(await outcome({ headers: { cookie } })).toBe('401 stream-key-missing');
    expect(await outcome({ headers: { cookie, origin: 'https://partner.example' } })).toBe(
      '401 stream-key-missing',
    );
  });

  test('may say the key in its first message', async () => {
    const say = async (given: string | undefined) => {
      const socket = open({ protocol: PUBLISH_PROTOCOL });
      await once(socket, 'open');
      const start = { type: 'start', session: SESSION, mimeType: 'video/webm', ...(given && { key: given }) };
      const closed = once(socket, 'close') as Promise<[number]>;
      socket.send(JSON.stringify(start));
      const [data] = (await once(socket, 'message')) as [Buffer];
      const message = JSON.parse(data.toString()) as { type: string; code?: string };
      socket.close();
      const [code] = await closed;
      return [message.type, message.code, message.type === 'error' ? code : 'open'];
    };
    expect(await say('wrong')).toEqual(['error', 'unauthorized', CLOSE.unauthorized]);
    expect(await say(undefined)).toEqual(['error', 'unauthorized', CLOSE.unauthorized]);
    expect(await say(key)).toEqual(['ready', undefined, 'open']);
  });

  test('is refused for a while after thirty wrong keys, on that channel only', async () => {
    await server.request('POST', '/api/channels', { body: { name: 'guessed' } });
    const path = '/live/guessed/publish';
    for (let i = 0; i < 30; i += 1) {
      expect(await outcome({ path, headers: bearer('wrong') })).toBe('401 stream-key-wrong');
    }
    const right = await server.streamKey('guessed');
    expect(await outcome({ path, headers: bearer(right) })).toBe('429 too-many-attempts');
    expect(await outcome({ headers: bearer(key) })).toBe('open');
  });

  test('with an old key is not let in again after the key was replaced', async () => {
    const created = await server.request('POST', '/api/channels', { body: { name: 'rotated' } });
    const { streamKey } = (await created.json()) as { streamKey: string };
    const path = '/live/rotated/publish';
    expect(await outcome({ path, headers: bearer(streamKey) })).toBe('open');
    await server.request('POST', '/api/channels/rotated/key');
    expect(await outcome({ path, headers: bearer(streamKey) })).toBe('401 stream-key-wrong');
  });
});

describe('a viewer', () => {
  test('is let in from everywhere, without a credential', async () => {
    for (const headers of [{}, { origin: 'https://elsewhere.test' }, { origin: 'null' }]) {
      expect(await outcome({ path: '/live/main/ws', protocol: PLAY_PROTOCOL, headers })).toBe('open');
      expect(await outcome({ path: '/live/main/ws', headers })).toBe('open');
    }
  });

  test('is let go when its channel is deleted', async () => {
    await server.request('POST', '/api/channels', { body: { name: 'gone' } });
    const socket = open({ path: '/live/gone/ws', protocol: PLAY_PROTOCOL });
    await once(socket, 'open');
    const closed = once(socket, 'close') as Promise<[number]>;
    await server.request('DELETE', '/api/channels/gone');
    expect((await closed)[0]).toBe(CLOSE.normal);
  });
});

describe('a message', () => {
  test('over 4 MiB closes its socket, and nothing else', async () => {
    const socket = open({ headers: bearer(key) });
    await once(socket, 'open');
    const closed = once(socket, 'close') as Promise<[number]>;
    socket.send(Buffer.alloc(4 * 1024 * 1024 + 1));
    expect((await closed)[0]).toBe(1009);
    expect(await outcome({ headers: bearer(key) })).toBe('open');
  });

  test('of a viewer is short, or closes its socket before it is all there', async () => {
    const socket = open({ path: '/live/main/ws', protocol: PLAY_PROTOCOL });
    await once(socket, 'open');
    const closed = once(socket, 'close') as Promise<[number]>;
    socket.send(Buffer.alloc(4097), { fin: false });
    expect((await closed)[0]).toBe(1009);
  });

  test('in too many fragments closes its socket', async () => {
    const socket = open({ headers: bearer(key) });
    await once(socket, 'open');
    const closed = once(socket, 'close') as Promise<[number]>;
    for (let i = 0; i < 100; i += 1) socket.send(Buffer.alloc(1), { fin: false });
    expect((await closed)[0]).toBe(1008);
  });
});

test('a broadcast is live while it is published, is recorded, and its channel keeps its name meanwhile', async () => {
  await server.request('POST', '/api/channels', { body: { name: 'stage' } });
  const stageKey = await server.streamKey('stage');
  const viewer = open({ path: '/live/stage/ws', protocol: PLAY_PROTOCOL });
  const heard: string[] = [];
  const media = Promise.withResolvers<void>();
  viewer.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary) media.resolve();
    else heard.push((JSON.parse(data.toString()) as { type: string }).type);
  });
  const publisher = open({
    path: '/live/stage/publish',
    protocol: PUBLISH_PROTOCOL,
    headers: bearer(stageKey),
  });
  const said: Record<string, unknown>[] = [];
  const ended = Promise.withResolvers<string>();
  publisher.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as { type: string; recording?: string };
    said.push(message);
    if (message.type === 'ended') ended.resolve(message.recording ?? 'none');
  });
  await once(publisher, 'open');
  const start = { type: 'start', session: crypto.randomUUID(), mimeType: 'video/webm', name: 'A title' };
  publisher.send(JSON.stringify(start));
  const bytes = await readFile(FIXTURE);
  publisher.send(bytes);
  await media.promise;

  const live = await server.request('GET', '/api/channels/stage/broadcast');
  const broadcast = (await live.json()) as BroadcastResource;
  expect(broadcast).toMatchObject({ channel: 'stage', title: 'A title', state: 'live', viewers: 1 });
  expect(broadcast.tracks.map(({ kind }) => kind)).toEqual(['video', 'audio']);
  const renamed = await server.request('PATCH', '/api/channels/stage', { body: { name: 'other' } });
  expect([renamed.status, (await renamed.json()).error]).toEqual([409, 'channel-live']);
  const deletion = await server.request('DELETE', `/api/recordings/${broadcast.recording}`);
  expect([deletion.status, (await deletion.json()).error]).toEqual([409, 'recording-in-progress']);

  publisher.send(JSON.stringify({ type: 'end', length: bytes.byteLength }));
  const recording = await ended.promise;
  expect(recording).toBe(broadcast.recording);
  const list = (await (await server.request('GET', '/api/recordings?channel=stage')).json()) as RecordingList;
  expect(list.items).toMatchObject([{ id: recording, title: 'A title', state: 'complete' }]);
  expect(list.items[0]?.duration).toBeGreaterThan(5000);
  const file = await server.request('GET', `/api/recordings/${recording}/media.mp4`);
  expect((await file.arrayBuffer()).byteLength).toBe(list.items[0]?.size);
  const offline = await server.request('GET', '/api/channels/stage/broadcast');
  expect([offline.status, (await offline.json()).error]).toEqual([404, 'not-live']);
  expect(heard.filter((type) => type !== 'viewers').slice(0, 3)).toEqual(['offline', 'live', 'tracks']);
  const metrics = await (await server.request('GET', '/metrics')).text();
  expect(metrics).toMatch(/\nheadwater_broadcasts_total 1\n/);
  expect(Number(/\nheadwater_received_bytes_total (\d+)/.exec(metrics)?.[1])).toBeGreaterThan(
    bytes.length / 2,
  );
  expect(Number(/\nheadwater_sent_bytes_total (\d+)/.exec(metrics)?.[1])).toBeGreaterThan(bytes.length / 2);
  viewer.terminate();
  publisher.terminate();
});
