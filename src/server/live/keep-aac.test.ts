import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { startTestServer, type TestServer } from '../test-server.ts';

const FIXTURE = join(import.meta.dirname, '../../../test/fixtures/chromium/webm-h264-opus.webm');

let server: TestServer;
afterEach(() => server.close());

const figure = async (name: string) => {
  const text = await (await server.request('GET', '/metrics', { anonymous: true })).text();
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
};

async function publish(): Promise<WebSocket> {
  const headers = { authorization: `Bearer ${await server.streamKey('main')}` };
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/live/main/publish`, { headers });
  await once(socket, 'open');
  socket.send(readFileSync(FIXTURE));
  return socket;
}

test('makes AAC of a broadcast that nobody watches where it is always wanted, until that is over', async () => {
  server = await startTestServer({ HEADWATER_TRANSCODE_AAC: 'always' });
  const socket = await publish();
  await vi.waitFor(async () => expect(await figure('headwater_transcodes_started_total')).toBe(1), 60_000);
  socket.close();
  await server.close();
  expect(server.log()).toContain('a transcode started');
});

test('starts no child for a broadcast that nobody wants it of', async () => {
  server = await startTestServer();
  const socket = await publish();
  await vi.waitFor(async () => expect(await figure('headwater_broadcasts_total')).toBe(1), 60_000);
  expect(await figure('headwater_transcodes_started_total')).toBe(0);
  socket.close();
});
