import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Broadcast } from '../../channel/broadcast.ts';
import { DEFAULT_GROUP_BUFFER, Hub } from '../../channel/hub.ts';
import { ManualClock } from '../../channel/manual-clock.ts';
import { syntheticEpoch } from '../../channel/synthetic-chunks.ts';
import { milliseconds } from '../../media/time.ts';
import type { ChannelRecord } from '../../store/channel-store.ts';
import { openStore, type Store } from '../../store/open-store.ts';
import { Replays } from './replays.ts';

const HOUR = 3_600_000;
const CHANNEL: Omit<ChannelRecord, 'id' | 'name' | 'live'> = {
  title: 'T',
  record: true,
  reconnectGrace: null,
  maxDuration: null,
  createdAt: 0,
  keepBytes: null,
  keepDays: null,
  keepOriginal: false,
  dvr: null,
};

let folder: string;
let store: Store;
let clock: ManualClock;
let hub: Hub;
let open: Set<string>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headwater-replays-'));
  store = await openStore(join(folder, 'headwater.db'));
  clock = new ManualClock();
  open = new Set();
  let ids = 0;
  hub = new Hub({ clock, newBroadcastId: () => `b${ids++}` });
  for (const [name, live] of [
    ['main', true],
    ['private', false],
  ] as const)
    await store.channels.create({ ...CHANNEL, id: name, name, live }, { hash: name, sealed: name });
});

afterEach(async () => {
  hub.close();
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

function replays(enabled = true): Replays {
  return new Replays({
    ...{ hub, store, clock, enabled },
    logger: pino({ level: 'silent' }),
    recordings: { fileOf: (id) => `/recordings/${id}`, isOpen: (id) => open.has(id) },
    replay: milliseconds(HOUR),
  });
}

const always = () => true;

/** A broadcast with one recording. Answers how to end it. */
async function goLive(channel: string, recording: string): Promise<() => Promise<void>> {
  const publication = hub
    .open(channel, { reconnectGrace: milliseconds(0), live: channel === 'main' })
    .publish();
  publication.epoch(syntheticEpoch());
  const broadcast = hub.find(channel)?.broadcast;
  if (!broadcast) throw new Error('not live');
  const { id } = broadcast.info;
  await store.broadcasts.start(broadcast.info);
  await store.recordings.start({ id: recording, broadcast: id, startedAt: clock.wall(), mime: 'video/mp4' });
  open.add(recording);
  if (channel === 'main') while (!(await store.broadcasts.find(id))?.replayable);
  return async () => {
    publication.end();
    open.delete(recording);
    await store.broadcasts.end(id, clock.wall());
    clock.advance(2000);
  };
}

describe('a broadcast that may be gone back in', () => {
  it('is open while it is on, and for as long after its end as is set, whichever process asks', async () => {
    const now = replays();
    now.start(always);
    const end = await goLive('main', 'r0');
    expect(await now.ofChannel('main')).toMatchObject({
      open: true,
      replay: {
        id: 'b0',
        live: true,
        recordings: [{ id: 'r0', path: '/recordings/r0', growing: true }],
      },
    });
    await end();
    expect(await now.ofChannel('main')).toMatchObject({ open: true, replay: { live: false } });
    const later = replays();
    clock.advance(HOUR - 10_000);
    expect((await later.find('b0')).open).toBe(true);
    expect((await later.find('r0')).open).toBe(true);
    clock.advance(20_000);
    expect((await later.find('b0')).open).toBe(false);
    await expect(later.ofChannel('main')).rejects.toMatchObject({ code: 'not-live', status: 404 });
  });

  it('goes with its channel to another name, and is nobody’s when that is deleted, whoever has its name then', async () => {
    const now = replays();
    now.start(always);
    await (await goLive('main', 'r0'))();
    await store.channels.update('main', { name: 'renamed' });
    clock.advance(1100);
    expect(await now.ofChannel('renamed')).toMatchObject({
      open: true,
      channel: 'renamed',
      replay: { id: 'b0' },
    });
    await expect(now.ofChannel('main')).rejects.toMatchObject({ code: 'channel-not-found' });
    await store.channels.create(
      { ...CHANNEL, id: 'other', name: 'main', live: true },
      { hash: 'x', sealed: 'x' },
    );
    await expect(now.ofChannel('main')).rejects.toMatchObject({ code: 'not-live' });
    expect(await store.channels.delete('renamed')).toBe(true);
    await store.channels.create(
      { ...CHANNEL, id: 'next', name: 'renamed', live: true },
      { hash: 'y', sealed: 'y' },
    );
    clock.advance(1100);
    for (const id of ['b0', 'r0']) expect((await now.find(id)).open).toBe(false);
    await expect(now.ofChannel('renamed')).rejects.toMatchObject({ code: 'not-live' });
  });

  it('is found anew a second after something changed', async () => {
    const now = replays();
    now.start(always);
    await goLive('main', 'r0');
    expect((await now.find('b0')).open).toBe(true);
    await store.channels.update('main', { live: false });
    clock.advance(1100);
    expect((await now.find('b0')).open).toBe(false);
  });
});

describe('a channel', () => {
  it.each([
    ['may let viewers go back where the server does not', false, true],
    ['may keep them from it where the server lets them', true, false],
  ])('%s, and change its mind', async (_, enabled, dvr) => {
    await store.channels.update('main', { dvr });
    const now = replays(enabled);
    now.start(always);
    await goLive('main', 'r0');
    expect((await now.find('b0')).open).toBe(dvr);
    await store.channels.update('main', { dvr: !dvr });
    clock.advance(1100);
    expect((await now.find('b0')).open).toBe(!dvr);
    await store.channels.update('main', { dvr: null });
    clock.advance(1100);
    expect((await now.find('b0')).open).toBe(enabled);
  });

  it('says of a broadcast what it was set to when that began', async () => {
    let kept = true;
    const now = replays();
    now.start(() => kept);
    const end = await goLive('main', 'r0');
    const first = hub.find('main')?.broadcast?.info;
    kept = false;
    expect(first && now.rewindable(first)).toBe(true);
    await end();
    const publication = hub.open('main', { reconnectGrace: milliseconds(0) }).publish();
    publication.epoch(syntheticEpoch());
    const second = hub.find('main')?.broadcast?.info;
    expect(second && now.rewindable(second)).toBe(false);
    await expect(now.ofChannel('main')).resolves.toBeUndefined();
  });
});

describe('a broadcast that is nobody’s to go back in', () => {
  it.each([
    ['of a channel that only records', 'private', true, 'not-live'],
    ['where the setting is off', 'main', false, 'only the live window'],
  ])('%s stays so, also when that changes later', async (_, channel, enabled, offered) => {
    const now = replays(enabled);
    now.start(() => enabled);
    const publication = hub
      .open(channel, { reconnectGrace: milliseconds(0), live: channel === 'main' })
      .publish();
    publication.epoch(syntheticEpoch());
    const info = hub.find(channel)?.broadcast?.info;
    if (!info) throw new Error('not live');
    await store.broadcasts.start(info);
    await store.recordings.start({ id: 'r0', broadcast: info.id, startedAt: 0, mime: 'video/mp4' });
    await store.channels.update(channel, { live: true });
    expect((await replays(true).find('r0')).open).toBe(false);
    const found = replays(true).ofChannel(channel);
    expect(await found.catch(({ code }) => code)).toBe(offered === 'not-live' ? offered : undefined);
  });

  it('stays so when another process goes on with it', async () => {
    const info = { id: 'b0', channel: 'main', title: null, startedAt: clock.wall() };
    await store.broadcasts.start(info);
    await store.recordings.start({ id: 'r0', broadcast: 'b0', startedAt: 0, mime: 'video/mp4' });
    clock.advance(HOUR);
    const now = replays();
    now.start(always);
    const beginning = { id: 'b0', startedAt: info.startedAt, position: milliseconds(HOUR) };
    const publication = hub.open('main', { reconnectGrace: milliseconds(0) }).publish({ beginning });
    publication.epoch(syntheticEpoch());
    await store.ping();
    expect((await now.find('b0')).open).toBe(false);
  });

  it('is one in a codec that no player has: what is recorded is not what is shown', async () => {
    hub = new Hub({
      ...{ clock, newBroadcastId: () => 'vp8' },
      standIn: ({ info }) => new Broadcast(info, DEFAULT_GROUP_BUFFER),
    });
    const all = replays();
    all.start(always);
    hub
      .open('main', { reconnectGrace: milliseconds(0) })
      .publish()
      .epoch(syntheticEpoch());
    const info = hub.find('main')?.broadcast?.info;
    expect(info && all.rewindable(info)).toBe(false);
  });

  it('is unknown where it never was', async () => {
    for (const id of ['nothing', '../../etc', '', 'x'.repeat(65)])
      await expect(replays().find(id)).rejects.toMatchObject({ code: 'media-not-found', status: 404 });
    await expect(replays().ofChannel('nowhere')).rejects.toMatchObject({ code: 'channel-not-found' });
    await expect(replays().ofChannel('No Name')).rejects.toMatchObject({ code: 'channel-not-found' });
  });
});
