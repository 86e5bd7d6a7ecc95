import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import type { KeptJournals } from '../../ingest/session/kept-journals.ts';
import { openStore, type Store } from '../../store/open-store.ts';
import { type Quota, Retention } from './retention.ts';

const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;

let folder: string;
let store: Store;
let clock: ManualClock;
let stuck: Set<string>;
let journals: KeptJournals[];
let lacking: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headwater-retention-'));
  store = await openStore(join(folder, 'headwater.db'));
  clock = new ManualClock();
  stuck = new Set();
  journals = [];
  lacking = 0;
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

const open = (quota: Partial<Quota> = {}) =>
  new Retention({
    recordings: store.recordings,
    channels: store.channels,
    clock,
    logger: pino({ enabled: false }),
    quota: { keepBytes: 0, keepDays: 0, ...quota },
    journals: {
      kept: () => journals,
      drop: async (broadcast) => {
        journals = journals.filter((each) => each.broadcast !== broadcast);
      },
    },
    lackingRoom: async () => lacking,
    delete: async (id) => {
      if (stuck.has(id)) throw new Error('its folder is read-only');
      await store.recordings.delete(id);
    },
  });

async function addChannel(name: string, own: { keepBytes?: number; keepDays?: number } = {}) {
  const { keepBytes = null, keepDays = null } = own;
  const lifecycle = { live: true, reconnectGrace: null, maxDuration: null, keepOriginal: false, dvr: null };
  const channel = {
    id: name,
    name,
    title: name,
    record: true,
    ...lifecycle,
    createdAt: 0,
    keepBytes,
    keepDays,
  };
  await store.channels.create(channel, { hash: '', sealed: '' });
}

/** A recording of 100 bytes and an hour that began so long ago. */
async function record(
  id: string,
  ago: number,
  channel = 'main',
  state: 'recording' | 'complete' = 'complete',
) {
  const startedAt = clock.wall() - ago;
  await store.broadcasts.start({ id: `b-${id}`, channel, title: null, startedAt });
  await store.recordings.start({ id, broadcast: `b-${id}`, startedAt, mime: 'video/mp4' });
  await store.recordings.progress(id, { state, size: 100, duration: HOUR });
}

/** What was sent for a broadcast, 100 bytes, and waits since then; in use where that is left out. */
const send = (broadcast: string, waitingSince?: number, channel = 'main') =>
  journals.push({ broadcast, channel, bytes: 100, waitingSince });

const sent = () => journals.map(({ broadcast }) => broadcast);

const kept = async () => (await store.recordings.list({ limit: 500 })).map(({ id }) => id);

describe('retention', () => {
  test('keeps everything where there is no quota', async () => {
    await record('old', 9000 * DAY);
    const retention = open();
    await retention.sweep();
    expect(await kept()).toEqual(['old']);
    await retention.close();
  });

  test('deletes the oldest beyond the bytes of the server, and never the one being made', async () => {
    await record('made', 6 * DAY, 'main', 'recording');
    await record('a', 5 * DAY);
    await record('b', 4 * DAY, 'other');
    await record('c', 3 * DAY);
    const retention = open({ keepBytes: 250 });
    await retention.sweep();
    expect(await kept()).toEqual(['c', 'made']);
    expect(retention.deleted).toBe(2);
    await record('d', 0, 'main', 'recording');
    await record('e', 0, 'main', 'recording');
    await retention.sweep();
    expect(await kept()).toEqual(['e', 'd', 'made']);
    await retention.close();
  });

  test('counts what was kept as it was sent: room is made by as much as went', async () => {
    await record('a', 3 * DAY);
    await record('b', 2 * DAY);
    await record('c', 1 * DAY);
    await store.recordings.addOriginal('a', { file: 'original.webm', size: 150, mime: 'video/webm' });
    const retention = open({ keepBytes: 200 });
    await retention.sweep();
    expect(await kept()).toEqual(['c', 'b']);
    await retention.close();
  });

  test('keeps a channel within its own bytes and days, and leaves the others alone', async () => {
    await addChannel('small', { keepBytes: 150 });
    await addChannel('short', { keepDays: 2 });
    for (const channel of ['small', 'short', 'main']) {
      await record(`${channel}-1`, 3 * DAY, channel);
      await record(`${channel}-2`, 1 * DAY, channel);
    }
    const retention = open();
    await retention.sweep();
    expect((await kept()).sort()).toEqual(['main-1', 'main-2', 'short-2', 'small-2']);
    await retention.close();
  });

  test('counts days from the end of a recording', async () => {
    await record('ended-before', 3 * DAY + 2 * HOUR);
    await record('ended-since', 3 * DAY + HOUR / 2);
    const retention = open({ keepDays: 3 });
    await retention.sweep();
    expect(await kept()).toEqual(['ended-since']);
    await retention.close();
  });

  test('looks again every ten minutes, and no more once it is closed', async () => {
    const retention = open({ keepDays: 1 });
    await retention.sweep();
    await record('r', DAY - HOUR / 2);
    clock.advance(2 * HOUR);
    await retention.sweep();
    expect(await kept()).toEqual([]);
    expect(clock.pending).toBe(1);
    await retention.close();
    expect(clock.pending).toBe(0);
  });

  test('believes a clock that was set only at the second look', async () => {
    await record('r', 0);
    const retention = open({ keepDays: 30 });
    await retention.sweep();
    clock.jump(365 * DAY);
    await retention.sweep();
    expect(await kept()).toEqual(['r']);
    clock.jump(-365 * DAY);
    await retention.sweep();
    expect(await kept()).toEqual(['r']);
    clock.jump(365 * DAY);
    await retention.sweep();
    await retention.sweep();
    expect(await kept()).toEqual([]);
    await retention.close();
  });

  test('goes on past one that cannot be deleted', async () => {
    for (const [index, id] of ['a', 'b', 'c'].entries()) await record(id, (9 - index) * DAY);
    stuck.add('a');
    const retention = open({ keepBytes: 150 });
    await retention.sweep();
    expect(await kept()).toEqual(['a']);
    await retention.close();
  });

  test('deletes hundreds at once', async () => {
    for (let index = 0; index < 250; index += 1) await record(`r${index}`, (300 - index) * HOUR);
    const retention = open({ keepBytes: 1000 });
    await retention.sweep();
    expect(await kept()).toHaveLength(10);
    expect((await kept())[0]).toBe('r249');
    await retention.close();
  });
});

describe('journals', () => {
  test('count in the quota, and those in use never go', async () => {
    await record('old', 3 * DAY);
    await record('new', DAY);
    send('on');
    await open({ keepBytes: 200 }).sweep();
    expect(await kept()).toEqual(['new']);
    expect(sent()).toEqual(['on']);
  });

  test('that wait go before any recording, the oldest first', async () => {
    await record('recording', DAY);
    send('newer', 2000);
    send('older', 1000);
    await open({ keepBytes: 200 }).sweep();
    expect(await kept()).toEqual(['recording']);
    expect(sent()).toEqual(['newer']);
  });

  test('count for their channel alone', async () => {
    await addChannel('main', { keepBytes: 100 });
    await record('recording', DAY);
    send('other', 1000, 'other');
    await open().sweep();
    expect(await kept()).toEqual(['recording']);
    expect(sent()).toEqual(['other']);
  });

  test('that wait go where the disk has too little room, and recordings stay', async () => {
    await record('recording', DAY);
    send('on');
    send('newest', 3000);
    send('newer', 2000);
    send('older', 1000);
    lacking = 101;
    await open().sweep();
    expect(await kept()).toEqual(['recording']);
    expect(sent()).toEqual(['on', 'newest']);
  });
});
