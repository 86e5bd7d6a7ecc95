import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { Mp4Demuxer } from '../../src/media/mp4/mp4-demuxer.ts';
import { milliseconds } from '../../src/media/time.ts';
import { CollectingSink } from '../../src/media/webm/collecting-sink.ts';
import { readFixture } from './fixtures.ts';
import { TestPublisher, type TestPublisherOptions } from './test-publisher.ts';
import { TestServer, type TestServerOptions } from './test-server.ts';
import { eventually } from './test-socket.ts';

/** What is published where nothing else is said. */
export const whole = readFixture('webm-h264-opus.webm');
/** However long the disk takes. */
const PATIENT = { noMediaTimeout: milliseconds(Number.MAX_SAFE_INTEGER) };

const running: TestServer[] = [];
afterEach(closeAll);

/** Closes every server of this test, as its end does. */
export async function closeAll(): Promise<void> {
  for (const server of running.splice(0)) await server[Symbol.asyncDispose]();
}

/** Starts one that is closed after the test. */
export async function start(options?: TestServerOptions): Promise<TestServer> {
  const server = await TestServer.start({ publishLimits: PATIENT, ...options });
  running.push(server);
  return server;
}

/** Another server in the place of this one, which was killed: it gets a copy of what is on disk at this moment. */
export const startAfterKillOf = (server: TestServer, options?: TestServerOptions): Promise<TestServer> =>
  start({ ...options, folder: server.leftByKill() });

/** A publisher that sent these bytes, from where the server says on; it is read by then. */
export async function publish(
  server: TestServer,
  bytes: Buffer,
  options?: TestPublisherOptions,
): Promise<TestPublisher> {
  const publisher = await TestPublisher.start(server, options);
  for (let at = publisher.offset; at < bytes.length; at += 4000)
    publisher.send(bytes.subarray(at, at + 4000));
  await publisher.settled();
  return publisher;
}

/** Until all that came is on disk and acknowledged, and how far it was made is noted. */
export async function noted(server: TestServer, publisher: TestPublisher, length: number): Promise<void> {
  await stored(server, publisher, length);
  while (recordOf(server, publisher.session).checkpoint === null) {
    server.clock.advance(1000);
    await publisher.settled();
  }
}

/** Until that much is on disk, and acknowledged. The disk answers in its own time, which is none of the server's. */
export async function stored(server: TestServer, publisher: TestPublisher, length: number): Promise<void> {
  while (publisher.socket.texts.findLast(({ type }) => type === 'ack')?.offset !== length) {
    server.clock.advance(100);
    await publisher.settled();
  }
}

/** What is kept of a session; nothing before that is written first. */
export function recordOf(server: TestServer, session: string) {
  const path = join(server.journals, `${session}.json`);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { checkpoint: null };
}

/** Every sample of a recording, whatever chunks they came in. */
export async function samplesOf(server: TestServer, id: unknown): Promise<string[][]> {
  await eventually(() => server.catalog.told.includes(`completed ${id}`));
  const sink = new CollectingSink();
  new Mp4Demuxer(sink).push(new Uint8Array(readFileSync(server.recordingPath(String(id)))));
  return [0, 1].map((track) =>
    sink.samples(track).map(({ dts, pts, duration, keyframe, data }) => {
      return `${dts} ${pts} ${duration} ${keyframe} ${createHash('sha256').update(data).digest('hex')}`;
    }),
  );
}

/** The samples of a recording that nothing happened to. */
export async function uncut(bytes: Buffer): Promise<string[][]> {
  const server = await start();
  return samplesOf(server, await (await publish(server, bytes)).end(bytes.length));
}
