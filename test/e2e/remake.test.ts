import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PUBLISH_PROTOCOL } from '../../src/wire/publish.ts';
import { writeLoopedRecording } from '../contract/looped-recording.ts';
import { TestSocket } from '../contract/test-socket.ts';
import { KillableServer } from './chaos/killable-server.ts';
import { probeDuration, probeFrames } from './support/ffprobe.ts';
import { newStreamKey } from './support/publish-file.ts';
import { listRecordings } from './support/same-media.ts';

const SECONDS = 30;
const PIECE = 64 * 1024;

let server: KillableServer;

beforeAll(async () => {
  server = await KillableServer.start({
    HEADWATER_BROADCAST_RECONNECT_GRACE: '0',
    HEADWATER_LIMITS_BITRATE: '10000000000',
  });
});
afterAll(async () => expect(await server?.close()).toBe(0));

/** Publishes that part of a stream; `late` brings it to its end. */
async function publish(session: string, stream: Buffer, end: number, late: boolean): Promise<TestSocket> {
  const key = await newStreamKey(server.now);
  const url = `${server.now.url.replace('http', 'ws')}/live/main/publish?key=${key}`;
  const socket = await TestSocket.open(url, PUBLISH_PROTOCOL);
  socket.say({ type: 'start', session, mimeType: 'video/mp4', late });
  const { offset } = await socket.message('ready');
  for (let at = Number(offset); at < end; at += PIECE)
    socket.socket.send(stream.subarray(at, Math.min(end, at + PIECE)));
  await socket.until(
    () => socket.texts.some((message) => message.type === 'ack' && message.offset === end),
    'ack',
  );
  return socket;
}

/** Settles when a recording begins to be made anew; asked for before it does. */
function remakeBegins(folder: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const watcher = watch(folder, (_, name) => {
    if (name?.startsWith('.remake-')) resolve();
  });
  return promise.finally(() => watcher.close());
}

it('a recording that is being made anew when the server is stopped is made by the next one, and is whole before and after', async () => {
  const folder = join(server.data, 'recordings');
  const file = join(server.data, 'sent.mp4');
  const { frames } = writeLoopedRecording(file, 'webm-h264-opus.webm', SECONDS);
  const stream = readFileSync(file);
  const session = randomUUID();
  const half = await publish(session, stream, stream.length >> 1, false);
  half.cut();
  const only = async () => (await listRecordings(server.now))[0];
  await expect.poll(only).toMatchObject({ state: 'complete', finalisation: 'done' });
  const before = await only();
  const media = join(folder, before?.id ?? '', 'media.mp4');

  const rest = await publish(session, stream, stream.length, true);
  const beginning = remakeBegins(folder);
  rest.say({ type: 'end', length: stream.length });
  await beginning;
  const stopped = once(server.now.process, 'exit');
  server.now.process.kill('SIGTERM');
  expect(await stopped).toEqual([0, null]);
  expect(statSync(media).size).toBe(before?.size);
  expect(await probeFrames(media)).toBeLessThan(frames * 0.6);
  expect(readdirSync(folder)).toEqual([before?.id]);

  await server.restart();
  await expect
    .poll(only)
    .toMatchObject({ id: before?.id, state: 'complete', finalisation: 'done', gaps: [] });
  await expect.poll(() => probeFrames(media)).toBe(frames);
  expect(await probeDuration(media)).toBeCloseTo(SECONDS, -1);
  expect(await listRecordings(server.now)).toHaveLength(1);
});
