import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fixturePath, readFixture } from '../../../test/contract/fixtures.ts';
import { Hub } from '../../channel/hub.ts';
import { ManualClock } from '../../channel/manual-clock.ts';
import type { RestoredBroadcast } from '../../ingest/session/session-archive.ts';
import { ToChannel } from '../../ingest/session/to-channel.ts';
import { DEFAULT_DEMUXER_LIMITS as limits } from '../../media/demuxer.ts';
import { milliseconds } from '../../media/time.ts';
import type { ChannelRecord } from '../../store/channel-store.ts';
import { openStore, type Store } from '../../store/open-store.ts';
import { RecordingArchive } from './recording-archive.ts';
import { Recordings, type RecordingsOptions } from './recordings.ts';

const H264 = 'webm-h264-opus.webm';
const whole = readFixture(H264);
const half = whole.subarray(0, 200_000);
const logger = pino({ enabled: false });

const CHANNEL: ChannelRecord = {
  ...{
    id: 'c',
    name: 'main',
    title: '',
    record: true,
    live: true,
    createdAt: 0,
    keepOriginal: false,
    dvr: null,
  },
  ...{ reconnectGrace: null, maxDuration: null, keepBytes: null, keepDays: null },
};
const KEY = { hash: '', sealed: '' };

let folder = '';
let store: Store;
let running: Process[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-archive-'));
  store = await openStore(join(folder, 'headwater.db'));
});
afterEach(async () => {
  for (const process of running) await process.close();
  running = [];
  await store.close();
  rmSync(folder, { recursive: true });
});

/** What a process has that makes recordings; the disk and the database stay. */
class Process {
  readonly clock = new ManualClock();
  readonly hub = new Hub({ clock: this.clock, newBroadcastId: () => 'b' });
  readonly recordings: Recordings;
  readonly archive: RecordingArchive;

  constructor(options: Partial<RecordingsOptions> & { isRecorded?: boolean } = {}) {
    const { isRecorded = true } = options;
    const { hub, clock } = this;
    const quota = { keepBytes: 0, keepDays: 0 };
    const rest = { quota, minFree: 0, finalise: true, sync: false, ...options };
    this.recordings = new Recordings({
      ...{ store, hub, clock, logger, folder },
      journals: { kept: () => [], drop: async () => {} },
      ...rest,
    });
    this.archive = new RecordingArchive({ store, recordings: this.recordings, logger, folder, minFree: 0 });
    this.recordings.start(() => isRecorded);
    running.push(this);
  }

  publish(bytes: Buffer): ToChannel {
    const channel = this.hub.open('main', { reconnectGrace: milliseconds(0) });
    const input = new ToChannel(channel, { limits, clock: this.clock, onClosed: () => {} });
    input.push(new Uint8Array(bytes));
    return input;
  }

  /** How the recording stands, for another process. */
  async checkpoint(): Promise<unknown> {
    const broadcast = this.hub.find('main')?.broadcast;
    return broadcast && (await this.recordings.of(broadcast)?.checkpoint());
  }

  async close(): Promise<void> {
    this.hub.close();
    await this.recordings.close();
  }
}

const all = () => store.recordings.ofBroadcast('b');

/** A broadcast that was recorded to its end, of which the next process knows only how it stood in the middle. */
async function ended(options?: { finalised: boolean }): Promise<RestoredBroadcast> {
  const process = new Process();
  if (options?.finalised) await process.recordings.recover();
  const input = process.publish(half);
  const recording = await process.checkpoint();
  input.end();
  if (options?.finalised) {
    while ((await all())[0]?.finalisation !== 'done') await turn();
  }
  await process.close();
  expect(await all()).toMatchObject([{ state: 'complete' }]);
  return { id: 'b', how: 'go-on', recording };
}

describe('a recording that was complete, and is gone on with', () => {
  test('is not finalised, deleted or closed by anybody until it is complete again', async () => {
    const restored = await ended();
    const next = new Process({ quota: { keepBytes: 1, keepDays: 0 } });
    await next.archive.expect(restored);
    const input = next.publish(whole);
    await next.recordings.recover();
    await next.recordings.settled();
    const [before] = await all();
    expect(before).toMatchObject({ state: 'recording', finalisation: 'waiting' });
    expect(next.recordings.isOpen(before?.id ?? '')).toBe(true);
    input.end();
    await next.close();
    expect(await all()).toMatchObject([{ id: before?.id, state: 'complete' }]);
  });

  test('is gone on with on a disk with little room, and where its channel is not to be recorded any more', async () => {
    const restored = await ended();
    const next = new Process({ minFree: Number.MAX_SAFE_INTEGER, isRecorded: false });
    await next.archive.expect(restored);
    next.publish(whole);
    expect(next.recordings.stateOf('b')).toBe('recording');
  });

  test('is left alone where it is finalised already', async () => {
    const restored = await ended({ finalised: true });
    const next = new Process();
    await expect(next.archive.expect(restored)).rejects.toThrow('finalised');
    expect(await all()).toMatchObject([{ state: 'complete', finalisation: 'done' }]);
  });

  test('is made again where all of it will be', async () => {
    await ended();
    const [before] = await all();
    const next = new Process();
    await next.archive.expect({ id: 'b', how: 'begin', recording: null });
    next.publish(whole).end();
    await next.close();
    expect(await all()).toMatchObject([{ id: before?.id, state: 'complete' }]);
  });
});

test('a disk with too little room begins no recording, whether or not a broadcast goes on', async () => {
  const next = new Process({ minFree: Number.MAX_SAFE_INTEGER });
  await next.archive.expect({ id: 'b', how: 'begin', recording: null });
  next.publish(whole);
  expect(next.recordings.stateOf('b')).toBe('no-room');
});

describe('recordings that are made anew', () => {
  const request = (recording: string | null = null, incomplete = false) => ({
    broadcast: 'b',
    streams: [
      {
        ...{ path: fixturePath(H264), openedAt: 5, captureDistance: null },
        ...{ recording, channel: 'main', title: 'A talk', namePrefix: null, incomplete },
      },
    ],
    limits,
    signal: new AbortController().signal,
  });

  test('are whole, under the name that they had', async () => {
    await ended();
    const [before] = await all();
    const process = new Process();
    await process.archive.remake(request());
    expect(await all()).toMatchObject([{ id: before?.id, state: 'complete' }]);
    expect((await all())[0]?.duration).toBeGreaterThan(7900);
  });

  test('are all that there is of their broadcast: the rest of one that was damaged goes', async () => {
    await ended();
    const id = (await all())[0]?.id ?? '';
    await store.recordings.progress(id, { state: 'damaged', size: 100, duration: 3000 });
    await store.recordings.start({
      id: 'tail',
      broadcast: 'b',
      startedAt: Date.now() + 1,
      mime: 'video/mp4',
    });
    await store.recordings.progress('tail', { state: 'complete', size: 100, duration: 2000 });
    const process = new Process();
    expect(await process.archive.remake(request('tail'))).toEqual([id]);
    expect(await all()).toMatchObject([{ id, state: 'complete' }]);
  });

  test('stay damaged where not all of it could be stored, until its publisher brings the rest', async () => {
    await ended();
    const process = new Process();
    await process.archive.remake(request(null, true));
    expect(await all()).toMatchObject([{ state: 'damaged' }]);
    await process.archive.remake(request());
    expect(await all()).toMatchObject([{ state: 'complete' }]);
  });

  test('are begun where their broadcast was over before they were: nothing that came late is lost', async () => {
    await store.channels.create(CHANNEL, KEY);
    const process = new Process();
    const [id] = await process.archive.remake(request());
    expect(await all()).toMatchObject([{ id, state: 'complete', title: 'A talk', startedAt: 5 }]);
  });

  test('are not made where they were deleted before, or where their channel is not recorded', async () => {
    await store.channels.create(CHANNEL, KEY);
    const process = new Process();
    expect(await process.archive.remake(request('deleted'))).toEqual([]);
    await store.channels.update('main', { record: false });
    expect(await process.archive.remake(request())).toEqual([]);
    expect(await all()).toEqual([]);
  });

  test('stay deleted where they are deleted meanwhile', async () => {
    await ended();
    const id = (await all())[0]?.id ?? '';
    const process = new Process();
    const making = process.archive.remake(request());
    await process.recordings.delete(id);
    await making;
    expect(await all()).toEqual([]);
    expect(existsSync(join(folder, id))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});
