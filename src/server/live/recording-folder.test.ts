import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { BroadcastResource, RecordingList } from '../../wire/api.ts';
import { PUBLISH_PROTOCOL } from '../../wire/publish.ts';
import { startTestServer, type TestServer } from '../test-server.ts';

const bytes = readFileSync(join(import.meta.dirname, '../../../test/fixtures/chromium/webm-h264-opus.webm'));

let undo: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const step of undo.reverse()) await step();
  undo = [];
});

async function start(): Promise<TestServer> {
  const server = await startTestServer();
  undo.push(() => server.close());
  return server;
}

/** Publishes all of the fixture, and answers the texts that the server said until it was ended. */
async function publish(server: TestServer): Promise<{ type: string; recording?: unknown }[]> {
  const headers = { authorization: `Bearer ${await server.streamKey('main')}` };
  const url = `${server.url.replace('http', 'ws')}/live/main/publish`;
  const socket = new WebSocket(url, [PUBLISH_PROTOCOL], { headers });
  undo.push(() => socket.terminate());
  const texts: { type: string; recording?: unknown }[] = [];
  socket.on('message', (data: Buffer) => texts.push(JSON.parse(data.toString())));
  const heard = async (type: string) => {
    while (!texts.some((text) => text.type === type)) await once(socket, 'message');
  };
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'start', session: randomUUID(), mimeType: 'video/webm' }));
  await heard('ready');
  socket.send(bytes);
  await heard('status');
  const broadcast = await server.request('GET', '/api/channels/main/broadcast');
  expect(((await broadcast.json()) as BroadcastResource).state).toBe('live');
  socket.send(JSON.stringify({ type: 'end', length: bytes.length }));
  await heard('ended');
  return texts;
}

const recordings = async (server: TestServer) =>
  ((await (await server.request('GET', '/api/recordings')).json()) as RecordingList).items;

describe('a folder of recordings', () => {
  test('that is missing is made again', async () => {
    const server = await start();
    rmSync(join(server.data, 'recordings'), { recursive: true });
    const texts = await publish(server);
    const id = texts.find(({ type }) => type === 'ended')?.recording;
    expect(await recordings(server)).toMatchObject([{ id, state: 'complete' }]);
    expect(existsSync(join(server.data, 'recordings', String(id), 'media.mp4'))).toBe(true);
  });

  test.each([
    ['that cannot be written to', makeReadOnly],
    ['that is a file', makeFile],
  ])('%s costs the recording, says so, and nothing else', async (_, spoil) => {
    const server = await start();
    undo.push(spoil(join(server.data, 'recordings')));
    const texts = await publish(server);
    const states = texts.filter(({ type }) => type === 'status').map(({ recording }) => recording);
    expect(states).toContain('damaged');
    expect(server.log()).toContain('a recording is damaged');
    expect(await recordings(server)).toMatchObject([{ state: 'damaged' }]);
    // Until there is a place for it.
    const journal = join(server.data, 'journal');
    expect(readdirSync(journal).map((name) => statSync(join(journal, name)).size)).toContain(bytes.length);
  });
});

/** Whoever runs this is allowed everything but to write where nobody may. */
function makeReadOnly(folder: string): () => void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', folder]);
  return () => void execFileSync('umount', [folder]);
}

function makeFile(folder: string): () => void {
  rmSync(folder, { recursive: true });
  writeFileSync(folder, '');
  return () => rmSync(folder, { force: true });
}
