import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { PUBLISH_PROTOCOL } from '../../wire/publish.ts';
import { startTestServer, type TestServer } from '../test-server.ts';

const FIXTURE = join(import.meta.dirname, '../../../test/fixtures/chromium/webm-h264-opus.webm');

let server: TestServer;
afterEach(() => server.close());

/** Publishes until something is acknowledged. */
async function publish(): Promise<void> {
  const headers = { authorization: `Bearer ${await server.streamKey('main')}` };
  const address = `${server.url.replace('http', 'ws')}/live/main/publish`;
  const socket = new WebSocket(address, [PUBLISH_PROTOCOL], { headers });
  const acknowledged = new Promise<void>((settle) => {
    socket.on('message', (data: Buffer) => {
      const { type, offset } = JSON.parse(data.toString()) as { type: string; offset: number };
      if (type === 'ack' && offset > 0) settle();
    });
  });
  await once(socket, 'open');
  socket.send(
    JSON.stringify({ type: 'start', session: crypto.randomUUID(), mimeType: 'video/webm;codecs=h264,opus' }),
  );
  socket.send(readFileSync(FIXTURE));
  await acknowledged;
  socket.terminate();
}

const metric = async (name: string) => {
  const text = await (await server.request('GET', '/metrics')).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
};

test('what is acknowledged was synced by a batch, and its time is a metric', async () => {
  server = await startTestServer({ HEADWATER_RECORDING_SYNC_INTERVAL: '50' });
  expect(await metric('headwater_sync_seconds_count')).toBe(0);
  await publish();
  expect(await metric('headwater_sync_seconds_count')).toBeGreaterThan(0);
  expect(await metric('headwater_durable_age_seconds_sum')).toBeGreaterThan(0);
  expect(await metric('headwater_sync_failures_total')).toBe(0);
});

test('nothing is synced for an acknowledgement that is to survive the process only', async () => {
  server = await startTestServer({ HEADWATER_RECORDING_DURABILITY: 'process' });
  await publish();
  expect(await metric('headwater_sync_seconds_count')).toBe(0);
});
