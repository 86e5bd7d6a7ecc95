import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { BroadcastResource, RecordingResource } from '../../wire/api.ts';
import { PLAY_PROTOCOL } from '../../wire/play.ts';
import { PUBLISH_PROTOCOL } from '../../wire/publish.ts';
import { startTestServer, type TestServer } from '../test-server.ts';

const FIXTURE = join(import.meta.dirname, '../../../test/fixtures/chromium/webm-h264-opus.webm');
const bytes = readFileSync(FIXTURE);

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

/** A socket with what it was told; `heard` waits for a message that fits. */
async function connect(server: TestServer, path: string, protocol: string, headers = {}) {
  const socket = new WebSocket(server.url.replace('http', 'ws') + path, [protocol], { headers });
  undo.push(() => socket.terminate());
  const texts: Record<string, unknown>[] = [];
  let binary = 0;
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary) binary += 1;
    else texts.push(JSON.parse(data.toString()) as Record<string, unknown>);
  });
  await once(socket, 'open');
  const heard = async (fits: (text: Record<string, unknown>) => boolean) => {
    for (;;) {
      const found = texts.find(fits);
      if (found) return found;
      await once(socket, 'message');
    }
  };
  return { socket, heard, binary: () => binary };
}

async function goLive(server: TestServer) {
  const authorization = `Bearer ${await server.streamKey('main')}`;
  const publisher = await connect(server, '/live/main/publish', PUBLISH_PROTOCOL, { authorization });
  const session = crypto.randomUUID();
  publisher.socket.send(JSON.stringify({ type: 'start', session, mimeType: 'video/webm' }));
  await publisher.heard(({ type }) => type === 'ready');
  publisher.socket.send(bytes);
  return publisher;
}

async function end(publisher: Awaited<ReturnType<typeof goLive>>): Promise<unknown> {
  publisher.socket.send(JSON.stringify({ type: 'end', length: bytes.length }));
  return (await publisher.heard(({ type }) => type === 'ended')).recording;
}

const read = async <T>(server: TestServer, path: string) =>
  (await (await server.request('GET', path)).json()) as T;

const metric = async (server: TestServer, name: string) => {
  const text = await (await server.request('GET', '/metrics')).text();
  return Number(new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1]);
};

/** The recording, once what is asked of it is so. */
async function until(server: TestServer, id: unknown, fits: (recording: RecordingResource) => boolean) {
  for (;;) {
    const recording = await read<RecordingResource>(server, `/api/recordings/${id}`);
    if (fits(recording)) return recording;
  }
}

/** Deleting is nobody's to wait for. */
async function untilGone(server: TestServer, id: unknown): Promise<void> {
  while ((await server.request('GET', `/api/recordings/${id}`)).status !== 404);
}

describe('a broadcast that is over', () => {
  test('is served progressive at the same address, and a download that began before goes on', async () => {
    const server = await start();
    const publisher = await goLive(server);
    const viewer = await connect(server, '/live/main/ws', PLAY_PROTOCOL);
    await viewer.heard(({ type }) => type === 'tracks');
    const { recording: id } = await read<BroadcastResource>(server, '/api/channels/main/broadcast');
    const media = `/api/recordings/${id}/media.mp4`;
    const early = await server.request('GET', media);
    expect(await end(publisher)).toBe(id);
    const recording = await until(server, id, ({ finalisation }) => finalisation === 'done');
    expect(recording).toMatchObject({ state: 'complete' });
    expect(recording.duration).toBeGreaterThan(7900);
    const late = await server.request('GET', media);
    expect(late.headers.get('etag')).not.toBe(early.headers.get('etag'));
    expect(Number(late.headers.get('content-length'))).toBe(recording.size);
    const progressive = Buffer.from(await late.arrayBuffer());
    expect(progressive.includes('moof')).toBe(false);
    expect(progressive.indexOf('moov')).toBeLessThan(progressive.indexOf('mdat'));
    const fragmented = Buffer.from(await early.arrayBuffer());
    expect(fragmented).toHaveLength(Number(early.headers.get('content-length')));
    expect(await metric(server, 'headwater_finalisations_total{result="done"}')).toBe(1);
    expect(await metric(server, 'headwater_finalisation_seconds_total')).toBeGreaterThan(0);
    expect(await metric(server, 'headwater_recordings_seconds')).toBeCloseTo(recording.duration / 1000, 3);
    expect(await metric(server, 'headwater_recordings_bytes')).toBe(recording.size);
    expect(await metric(server, 'headwater_disk_free_bytes')).toBeGreaterThan(0);
  });

  test('is finalised at the next start when the server stopped before', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'headwater-room-'));
    undo.push(() => rm(folder, { recursive: true, force: true }));
    const kept = { HEADWATER_DATA: join(folder, 'data') };
    const first = await startTestServer({ ...kept, HEADWATER_RECORDING_FINALISE: 'false' });
    const id = await end(await goLive(first));
    const source = join(first.data, 'recordings', String(id), 'media.mp4');
    const fragmented = readFileSync(source);
    const other = join(folder, 'kept');
    execFileSync('cp', ['-r', first.data, other]);
    await first.close();
    execFileSync('cp', ['-r', other, first.data]);
    writeFileSync(`${source}.part`, fragmented.subarray(0, 1000));
    const second = await start(kept);
    const recording = await until(second, id, ({ finalisation }) => finalisation === 'done');
    expect(recording.size).toBeLessThan(fragmented.length);
    expect(readFileSync(source).includes('moof')).toBe(false);
  });
});

describe('a disk with too little room', () => {
  test('lets a broadcast be watched, and says everywhere that it is not recorded', async () => {
    const server = await start({
      HEADWATER_RECORDING_MIN_FREE: String(Number.MAX_SAFE_INTEGER).slice(0, 15),
    });
    const viewer = await connect(server, '/live/main/ws', PLAY_PROTOCOL);
    const publisher = await goLive(server);
    await viewer.heard(({ type }) => type === 'tracks');
    await publisher.heard(({ type, recording }) => type === 'status' && recording === 'no-room');
    const broadcast = await read<BroadcastResource>(server, '/api/channels/main/broadcast');
    expect(broadcast).toMatchObject({ state: 'live', recording: null, recordingState: 'no-room' });
    expect(await metric(server, 'headwater_recordings_refused_total')).toBe(1);
    expect(await end(publisher)).toBeNull();
    await viewer.heard(({ type }) => type === 'ended');
    expect(viewer.binary()).toBeGreaterThan(100);
    expect(await read(server, '/api/recordings')).toMatchObject({ items: [] });
    expect(server.log()).toContain('no room to record a broadcast');
  });

  test('that becomes full damages the recording that is being made, and costs nothing else', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'headwater-room-'));
    const recordings = join(folder, 'data', 'recordings');
    await mkdir(recordings, { recursive: true, mode: 0o700 });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', recordings]);
    // After the server is closed, which removes all that it can of its data.
    undo.push(async () => {
      execFileSync('umount', [recordings]);
      await rm(folder, { recursive: true, force: true });
    });
    const server = await startTestServer({
      HEADWATER_DATA: join(folder, 'data'),
      HEADWATER_RECORDING_MIN_FREE: '0',
    });
    const viewer = await connect(server, '/live/main/ws', PLAY_PROTOCOL);
    const publisher = await goLive(server);
    await viewer.heard(({ type }) => type === 'tracks');
    await publisher.heard(({ type, recording }) => type === 'status' && recording === 'damaged');
    const {
      recording: id,
      state,
      recordingState,
    } = await read<BroadcastResource>(server, '/api/channels/main/broadcast');
    expect([state, recordingState]).toEqual(['live', 'damaged']);
    expect(await end(publisher)).toBe(id);
    await viewer.heard(({ type }) => type === 'ended');
    expect(viewer.binary()).toBeGreaterThan(200);
    const kept = await until(server, id, ({ finalisation }) => finalisation !== 'waiting');
    expect(kept).toMatchObject({ state: 'damaged', finalisation: 'no-room' });
    const media = Buffer.from(
      await (await server.request('GET', `/api/recordings/${id}/media.mp4`)).arrayBuffer(),
    );
    expect(media.length).toBeGreaterThan(200_000);
    expect(media.includes('moof')).toBe(true);
    // The disk is free again: the next broadcast is recorded.
    await server.request('DELETE', `/api/recordings/${id}`);
    const again = await goLive(server);
    expect(await again.heard(({ type }) => type === 'status')).toBeDefined();
    expect(typeof (await end(again))).toBe('string');
    await stopOn(server, recordings);
  });
});

/** A mount point cannot be removed with the rest of the data. */
async function stopOn(server: TestServer, mounted: string): Promise<void> {
  await server.close().catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EBUSY') throw error;
    expect(error.path).toBe(mounted);
  });
}

describe('quotas', () => {
  test('of a channel are settings of it, kept when a broadcast ends', async () => {
    const server = await start();
    const first = await end(await goLive(server));
    const set = await server.request('PATCH', '/api/channels/main', {
      body: { keepBytes: 500_000, keepDays: 7 },
    });
    expect(await set.json()).toMatchObject({ keepBytes: 500_000, keepDays: 7 });
    const second = await end(await goLive(server));
    await until(server, second, ({ finalisation }) => finalisation === 'done');
    await untilGone(server, first);
    while ((await metric(server, 'headwater_recordings_expired_total')) < 1);
    expect(await metric(server, 'headwater_recordings_expired_total')).toBe(1);
    const free = await server.request('PATCH', '/api/channels/main', { body: { keepBytes: null } });
    expect(await free.json()).toMatchObject({ keepBytes: null, keepDays: 7 });
    const wrong = await server.request('PATCH', '/api/channels/main', { body: { keepDays: 0 } });
    expect(wrong.status).toBe(400);
  });

  test('of the server are its configuration', async () => {
    const server = await start({ HEADWATER_RECORDING_KEEP_BYTES: '500000' });
    const first = await end(await goLive(server));
    const second = await end(await goLive(server));
    await until(server, second, ({ finalisation }) => finalisation === 'done');
    await untilGone(server, first);
  });
});
