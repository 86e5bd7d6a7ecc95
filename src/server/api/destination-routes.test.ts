import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { readFixture } from '../../../test/contract/fixtures.ts';
import { TestRtmpServer } from '../../egress/rtmp/test-rtmp-server.ts';
import type { ApiError, DestinationList, DestinationResource, DestinationTest } from '../../wire/api.ts';
import { startTestServer, type TestServer } from '../test-server.ts';

const CANARY = 'canary-5f0c2b8e71';
const PATH = '/api/channels/main/destinations';
const TARGET = { name: 'Mine', url: 'rtmp://127.0.0.1:1/live', streamKey: CANARY };

let server: TestServer;
const answers: string[] = [];

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** Asks as the admin, and keeps the answer for the search for the key. */
async function ask<T>(method: string, path: string, body?: unknown): Promise<{ status: number; content: T }> {
  const answer = await server.request(method, path, body === undefined ? {} : { body });
  const text = await answer.text();
  answers.push(text);
  return { status: answer.status, content: (text === '' ? undefined : JSON.parse(text)) as T };
}

async function refusal(method: string, path: string, body?: unknown): Promise<string> {
  const { status, content } = await ask<ApiError>(method, path, body);
  expect(content.message).toMatch(/\.$/);
  return `${status} ${content.error}`;
}

const create = async (body: object = {}) =>
  (await ask<DestinationResource>('POST', PATH, { ...TARGET, ...body })).content;

test('a destination is added, listed, changed and deleted, and never shows its key', async () => {
  const { status, content: made } = await ask<DestinationResource>('POST', PATH, {
    ...TARGET,
    provider: 'youtube',
    maxDuration: 60_000,
  });
  expect(status).toBe(201);
  expect(made).toMatchObject({
    ...{ name: 'Mine', provider: 'youtube', url: TARGET.url, hasKey: true, playbackUrl: null, enabled: true },
    ...{ when: 'always', mode: 'copy', maxDuration: 60_000 },
    status: { state: 'idle', code: null, message: null, liveSince: null, bitrate: 0, remaining: null },
  });
  const path = `${PATH}/${made.id}`;
  expect((await ask<DestinationList>('GET', PATH)).content.items).toEqual([made]);
  const change = { name: 'Yours', enabled: false, when: 'on-demand', playbackUrl: 'https://example.org/x' };
  expect((await ask('PATCH', path, change)).content).toEqual({ ...made, ...change });
  expect((await ask('GET', path)).content).toMatchObject({ hasKey: true, name: 'Yours' });
  expect((await ask('DELETE', path)).status).toBe(204);
  expect(await refusal('GET', path)).toBe('404 destination-not-found');
  expect(await refusal('DELETE', path)).toBe('404 destination-not-found');
});

test('a key that stands in the address is taken out of it, and kept as a key', async () => {
  const whole = { url: `rtmp://a.example/live2/${CANARY}-whole?token=${CANARY}` };
  const { content: made } = await ask<DestinationResource>('POST', PATH, { name: 'Whole', ...whole });
  expect(made).toMatchObject({ url: 'rtmp://a.example/live2', hasKey: true });
  const path = `${PATH}/${made.id}`;
  const change = { url: `rtmp://b.example/app/${CANARY}`, streamKey: '' };
  expect((await ask('PATCH', path, change)).content).toMatchObject({
    ...{ url: 'rtmp://b.example/app', hasKey: true },
  });
  expect((await ask('DELETE', path)).status).toBe(204);
});

test('a key goes to the server only that it was entered for', async () => {
  const { id } = await create({ url: 'rtmps://a.example/live' });
  const path = `${PATH}/${id}`;
  for (const url of ['rtmps://evil.example/live', 'rtmps://a.example:444/live', 'rtmp://a.example:443/live'])
    expect(await refusal('PATCH', path, { url })).toBe('400 key-needed');
  expect((await ask('GET', path)).content).toMatchObject({ url: 'rtmps://a.example/live' });
  expect((await ask('PATCH', path, { url: 'rtmps://a.example/other' })).status).toBe(200);
  expect((await ask('PATCH', path, { url: 'rtmp://b.example/live', streamKey: CANARY })).status).toBe(200);
  expect((await ask('DELETE', path)).status).toBe(204);
});

test('what is wrong with one is said in words', async () => {
  expect(await refusal('POST', PATH, { ...TARGET, url: 'https://host/live' })).toMatch(/^400 /);
  expect(await refusal('POST', PATH, { ...TARGET, url: 'rtmp://user:pass@host/live' })).toBe(
    '400 url-invalid',
  );
  expect(await refusal('POST', PATH, { ...TARGET, url: 'rtmp://host' })).toBe('400 url-invalid');
  expect(await refusal('POST', PATH, { ...TARGET, streamKey: 'a b' })).toMatch(/^400 /);
  expect(await refusal('POST', PATH, { ...TARGET, playbackUrl: 'javascript:alert(1)' })).toMatch(/^400 /);
  expect(await refusal('POST', PATH, { ...TARGET, provider: 'other' })).toMatch(/^400 /);
  expect(await refusal('POST', '/api/channels/nothing/destinations', TARGET)).toBe('404 channel-not-found');
  expect(await refusal('GET', '/api/channels/nothing/destinations')).toBe('404 channel-not-found');
  const anonymous = await server.request('GET', PATH, { anonymous: true });
  expect(anonymous.status).toBe(401);
});

test('one is pushed to only while the channel is live', async () => {
  const { id } = await create();
  expect(await refusal('POST', `${PATH}/${id}/start`)).toBe('409 not-live');
  expect((await ask('POST', `${PATH}/${id}/stop`)).content).toMatchObject({ status: { state: 'idle' } });
});

test('a channel has as many as anybody needs, and no more', async () => {
  const { items } = (await ask<DestinationList>('GET', PATH)).content;
  for (let count = items.length; count < 20; count += 1) await create({ enabled: false });
  expect(await refusal('POST', PATH, TARGET)).toBe('409 too-many-destinations');
});

test('a test of one says what is in its way', async () => {
  const { items } = (await ask<DestinationList>('GET', PATH)).content;
  const { id } = items[0] ?? {};
  const { content } = await ask<DestinationTest>('POST', `${PATH}/${id}/test`);
  expect(content).toMatchObject({ reached: false, code: 'address-refused' });
  expect(content.message).toContain('restream.allow');
});

test('a server that nobody may reach is never dialled', async () => {
  let dialled = 0;
  const listener = createServer((socket) => {
    dialled += 1;
    socket.destroy();
  });
  await new Promise<void>((settle) => listener.listen(0, '127.0.0.1', settle));
  const { port } = listener.address() as { port: number };
  const { items } = (await ask<DestinationList>('GET', PATH)).content;
  for (const host of ['127.0.0.1', 'localhost', '2130706433', '[::ffff:127.0.0.1]', '[::1]', '0.0.0.0']) {
    await ask('PATCH', `${PATH}/${items[0]?.id}`, { url: `rtmp://${host}:${port}/live`, streamKey: 'k' });
    const { content } = await ask<DestinationTest>('POST', `${PATH}/${items[0]?.id}/test`);
    expect(content.reached).toBe(false);
  }
  listener.close();
  expect(dialled).toBe(0);
});

test('whoever follows is told of every destination, and nobody who is not signed in', async () => {
  const { items } = (await ask<DestinationList>('GET', PATH)).content;
  const answer = await server.request('GET', `${PATH}/events`);
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
  expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  const reader = answer.body?.getReader();
  let text = '';
  while (text.split('data: ').length <= items.length) {
    text += new TextDecoder().decode((await reader?.read())?.value);
  }
  await reader?.cancel();
  answers.push(text);
  const events = [...text.matchAll(/^data: (.*)$/gm)].map(
    ([, data]) => JSON.parse(data ?? '') as { id: string },
  );
  expect(events.map(({ id }) => id)).toEqual(items.map(({ id }) => id));
  expect(await refusal('GET', '/api/channels/nothing/destinations/events')).toBe('404 channel-not-found');
  expect((await server.request('GET', `${PATH}/events`, { anonymous: true })).status).toBe(401);
});

test('whoever asks for the headers of what can be followed is answered, and follows nothing', async () => {
  for (let asked = 0; asked < 201; asked += 1) {
    const answer = await server.request('HEAD', `${PATH}/events`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  }
  expect((await server.request('HEAD', `${PATH}/events`, { anonymous: true })).status).toBe(401);
  const reader = (await server.request('GET', `${PATH}/events`)).body?.getReader();
  expect((await reader?.read())?.done).toBe(false);
  await reader?.cancel();
});

test('says before anybody goes live that there is no ffmpeg for the sound', async () => {
  const without = await startTestServer({ HEADWATER_TRANSCODE_FFMPEG: '/nowhere/ffmpeg' });
  await without.request('POST', PATH, { body: TARGET });
  await vi.waitFor(async () => {
    const { items } = (await (await without.request('GET', PATH)).json()) as DestinationList;
    expect(items[0]?.status).toMatchObject({ state: 'idle', code: 'codec-unavailable' });
    expect(items[0]?.status.message).toContain('/nowhere/ffmpeg');
  }, 60_000);
  await without.close();
});

test('what is sent ends with its destination, and with its channel', async () => {
  const own = await startTestServer({ HEADWATER_RESTREAM_ALLOW: '127.0.0.1' });
  const platforms = [await TestRtmpServer.start(), await TestRtmpServer.start()];
  const ids: string[] = [];
  for (const { url } of platforms) {
    const added = await own.request('POST', PATH, { body: { ...TARGET, url } });
    ids.push(((await added.json()) as DestinationResource).id);
  }
  const headers = { authorization: `Bearer ${await own.streamKey('main')}` };
  const publisher = new WebSocket(`${own.url.replace('http', 'ws')}/live/main/publish`, { headers });
  await once(publisher, 'open');
  publisher.send(readFixture('webm-h264-opus.webm'));
  for (const one of platforms) await one.until(() => one.connections.at(-1)?.started === true);
  expect((await own.request('DELETE', `${PATH}/${ids[0]}`)).status).toBe(204);
  await platforms[0]?.until(() => platforms[0]?.open === 0);
  expect(platforms[1]?.open).toBe(1);
  expect((await own.request('DELETE', '/api/channels/main')).status).toBe(204);
  await platforms[1]?.until(() => platforms[1]?.open === 0);
  publisher.terminate();
  await own.close();
  for (const one of platforms) await one.close();
});

test('the key is nowhere: not in answers, the log, the figures or the database', async () => {
  await create();
  const metrics = await (await server.request('GET', '/metrics', { anonymous: true })).text();
  expect(metrics).toContain('headwater_pushes{state="live"} 0');
  for (const text of [...answers, metrics, server.log()]) expect(text).not.toContain(CANARY);
  const files = ['headwater.db', 'headwater.db-wal'].map((name) => readFileSync(join(server.data, name)));
  for (const file of files) expect(file.includes(CANARY)).toBe(false);
});
