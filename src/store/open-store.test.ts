import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ChannelRecord } from './channel-store.ts';
import { openStore, type Store } from './open-store.ts';

const channel = (name: string): ChannelRecord => ({
  id: `id-${name}`,
  name,
  title: name,
  record: true,
  live: true,
  reconnectGrace: null,
  maxDuration: null,
  createdAt: 1000,
  keepBytes: null,
  keepDays: null,
  keepOriginal: false,
  dvr: null,
});
const key = { hash: 'aa', sealed: 'bb' };

let folder: string;
let file: string;
let store: Store;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headwater-store-'));
  file = join(folder, 'headwater.db');
  store = await openStore(file);
});

afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

/** A broadcast of the channel `main` with one recording. */
async function record(id: string, startedAt: number, of = 'main'): Promise<void> {
  await store.broadcasts.start({ id: `b-${id}`, channel: of, title: `title ${id}`, startedAt });
  await store.recordings.start({ id, broadcast: `b-${id}`, startedAt, mime: 'video/mp4' });
}

describe('the store', () => {
  test('keeps what it holds when it is opened again', async () => {
    await store.channels.create(channel('main'), key);
    await store.close();
    store = await openStore(file);
    expect(await store.channels.find('main')).toEqual(channel('main'));
    expect(await store.channels.key('main')).toEqual(key);
  });

  test('refuses a file that is not a database, in words', async () => {
    const other = join(folder, 'other.db');
    await writeFile(other, 'this is no database, and long enough to be looked at as one '.repeat(50));
    await expect(openStore(other)).rejects.toMatchObject({ code: 'database-unusable' });
  });

  test('is not shared: a second server in the same folder is refused', async () => {
    await expect(openStore(file)).rejects.toMatchObject({ code: 'database-in-use' });
  });

  test('closes once, however often it is asked to', async () => {
    await Promise.all([store.close(), store.close()]);
    await expect(store.ping()).rejects.toThrow();
  });
});

describe('channels', () => {
  test('are listed by name', async () => {
    for (const name of ['music', 'main', 'aaa']) await store.channels.create(channel(name), key);
    expect((await store.channels.list()).map((each) => each.name)).toEqual(['aaa', 'main', 'music']);
  });

  test('have one name each', async () => {
    await store.channels.create(channel('main'), key);
    const again = store.channels.create({ ...channel('main'), id: 'other' }, key);
    await expect(again).rejects.toMatchObject({ code: 'channel-exists' });
  });

  test('change only in what is named', async () => {
    await store.channels.create(channel('main'), key);
    await store.channels.update('main', { record: false });
    expect(await store.channels.find('main')).toEqual({ ...channel('main'), record: false });
    await store.channels.update('main', { title: 'Main stage' });
    expect(await store.channels.find('main')).toEqual({
      ...channel('main'),
      record: false,
      title: 'Main stage',
    });
  });

  test('keep key and recordings when renamed', async () => {
    await store.channels.create(channel('main'), key);
    await record('r1', 5);
    const renamed = await store.channels.update('main', { name: 'stage' });
    expect(renamed?.name).toBe('stage');
    expect(await store.channels.find('main')).toBeUndefined();
    expect(await store.channels.key('stage')).toEqual(key);
    expect((await store.recordings.list({ channel: 'stage', limit: 10 })).map((each) => each.id)).toEqual([
      'r1',
    ]);
  });

  test('are called by their new name, unless they have a title', async () => {
    await store.channels.create({ ...channel('main'), title: 'main' }, key);
    expect(await store.channels.update('main', { name: 'stage' })).toMatchObject({ title: 'stage' });
    await store.channels.update('stage', { title: 'The big stage' });
    expect(await store.channels.update('stage', { name: 'hall' })).toMatchObject({ title: 'The big stage' });
  });

  test('cannot take the name of another, and then nothing changes', async () => {
    await store.channels.create(channel('main'), key);
    await store.channels.create(channel('music'), key);
    const update = store.channels.update('main', { name: 'music', title: 'x' });
    await expect(update).rejects.toMatchObject({ code: 'channel-exists' });
    expect(await store.channels.find('main')).toEqual(channel('main'));
  });

  test('may be given the name that they have', async () => {
    await store.channels.create(channel('main'), key);
    expect(await store.channels.update('main', { name: 'main' })).toEqual(channel('main'));
  });

  test('leave their recordings when they are deleted', async () => {
    await store.channels.create(channel('main'), key);
    await record('r1', 5);
    expect(await store.channels.delete('main')).toBe(true);
    expect(await store.channels.delete('main')).toBe(false);
    expect(await store.recordings.find('r1')).toMatchObject({ channel: 'main', title: 'title r1' });
  });

  test('keep how long they wait, how long they may be and whether they can be watched', async () => {
    await store.channels.create({ ...channel('main'), live: false, reconnectGrace: 0 }, key);
    expect(await store.channels.find('main')).toMatchObject({
      live: false,
      reconnectGrace: 0,
      maxDuration: null,
    });
    const change = { live: true, reconnectGrace: null, maxDuration: 60_000 };
    expect(await store.channels.update('main', change)).toMatchObject(change);
    expect(await store.channels.update('main', { title: 'x' })).toMatchObject({ ...change, title: 'x' });
  });

  test('keep whether they keep what was sent', async () => {
    await store.channels.create({ ...channel('main'), keepOriginal: true }, key);
    expect(await store.channels.update('main', { title: 'x' })).toMatchObject({ keepOriginal: true });
    expect(await store.channels.update('main', { keepOriginal: false })).toMatchObject({
      keepOriginal: false,
    });
  });

  test('keep whether viewers may go back, and can leave that to the server', async () => {
    await store.channels.create({ ...channel('main'), dvr: false }, key);
    expect(await store.channels.update('main', { title: 'x' })).toMatchObject({ dvr: false });
    expect(await store.channels.update('main', { dvr: true })).toMatchObject({ dvr: true });
    expect(await store.channels.update('main', { dvr: null })).toMatchObject({ dvr: null });
  });

  test('take a new key', async () => {
    await store.channels.create(channel('main'), key);
    expect(await store.channels.setKey('main', { hash: 'cc', sealed: 'dd' })).toBe(true);
    expect(await store.channels.key('main')).toEqual({ hash: 'cc', sealed: 'dd' });
    expect(await store.channels.setKey('nobody', key)).toBe(false);
  });
});

describe('recordings', () => {
  test('are listed newest first, page by page, without gap or repetition', async () => {
    await store.channels.create(channel('main'), key);
    for (const [id, at] of [
      ['a', 1],
      ['b', 2],
      ['c', 2],
      ['d', 3],
    ] as const)
      await record(id, at);
    const first = await store.recordings.list({ limit: 2 });
    expect(first.map((each) => each.id)).toEqual(['d', 'c']);
    const last = first[1];
    if (!last) throw new Error('a page of two was expected');
    const second = await store.recordings.list({ limit: 2, after: last });
    expect(second.map((each) => each.id)).toEqual(['b', 'a']);
  });

  test('grow, end and go', async () => {
    await store.channels.create(channel('main'), key);
    await record('r1', 5);
    expect((await store.recordings.open()).map((each) => each.id)).toEqual(['r1']);
    await store.recordings.progress('r1', { state: 'complete', duration: 1500, size: 4_000_000_000 });
    expect(await store.recordings.open()).toEqual([]);
    expect(await store.recordings.find('r1')).toMatchObject({ duration: 1500, size: 4_000_000_000 });
    expect((await store.recordings.totals()).bytes).toBe(4_000_000_000);
    expect(await store.recordings.delete('r1')).toBe(true);
    expect(await store.recordings.find('r1')).toBeUndefined();
    expect((await store.recordings.totals()).bytes).toBe(0);
  });

  test('are named as their broadcast was asked to be', async () => {
    await store.broadcasts.start({
      id: 'b1',
      channel: 'main',
      title: null,
      startedAt: 1,
      namePrefix: 'Anna',
    });
    await store.recordings.start({ id: 'r1', broadcast: 'b1', startedAt: 1, mime: 'video/mp4' });
    await record('r2', 2);
    expect(await store.recordings.find('r1')).toMatchObject({ namePrefix: 'Anna' });
    expect(await store.recordings.find('r2')).toMatchObject({ namePrefix: null });
  });

  test('are told apart by channel', async () => {
    await store.channels.create(channel('main'), key);
    await store.channels.create(channel('music'), key);
    await record('a', 1);
    await record('b', 2, 'music');
    expect((await store.recordings.list({ channel: 'music', limit: 9 })).map((each) => each.id)).toEqual([
      'b',
    ]);
  });

  test('have no gaps, no poster and no originals until they are told', async () => {
    await record('a', 1);
    expect(await store.recordings.find('a')).toMatchObject({
      gaps: [],
      poster: null,
      originals: [],
      originalBytes: 0,
      generation: 0,
    });
  });

  test('are another generation each time their file is made anew, and finalising is none', async () => {
    await record('a', 1);
    await store.recordings.remade('a', { state: 'complete', duration: 1, size: 1 });
    await store.recordings.finalised('a', { duration: 1, size: 2 });
    expect(await store.recordings.find('a')).toMatchObject({ generation: 1, finalisation: 'done' });
    await store.recordings.remade('a', { state: 'complete', duration: 1, size: 1 });
    expect(await store.recordings.find('a')).toMatchObject({ generation: 2, finalisation: 'waiting' });
  });

  test('keep their gaps through progress that does not name them', async () => {
    await record('a', 1);
    const gaps = [
      { at: 5000, duration: 25_000 },
      { at: 9000, duration: null },
    ];
    await store.recordings.progress('a', { state: 'recording', duration: 1, size: 1, gaps });
    await store.recordings.progress('a', { state: 'complete', duration: 2, size: 2 });
    expect(await store.recordings.find('a')).toMatchObject({ state: 'complete', size: 2, gaps });
  });

  test('count their originals in what they come to', async () => {
    await record('a', 1);
    await store.recordings.progress('a', { state: 'complete', duration: 2, size: 100 });
    const first = { file: 'original.webm', size: 3_000_000_000, mime: 'video/webm' };
    const second = { file: 'original-2.webm', size: 20, mime: 'video/webm' };
    expect(await store.recordings.addOriginal('a', first)).toBe(true);
    expect(await store.recordings.addOriginal('a', second)).toBe(true);
    expect(await store.recordings.find('a')).toMatchObject({
      originals: [first, second],
      originalBytes: 3_000_000_020,
    });
    expect((await store.recordings.totals()).bytes).toBe(3_000_000_120);
    expect(await store.recordings.addOriginal('nobody', first)).toBe(false);
  });

  test('remember what kind of poster they have', async () => {
    await record('a', 1);
    expect(await store.recordings.setPoster('a', 'image/jpeg')).toBe(true);
    expect(await store.recordings.find('a')).toMatchObject({ poster: 'image/jpeg' });
    expect(await store.recordings.setPoster('nobody', 'image/jpeg')).toBe(false);
  });

  test('broadcasts that a dead process left open are ended once', async () => {
    await record('a', 1);
    expect(await store.broadcasts.endAllOpen(99)).toBe(1);
    expect(await store.broadcasts.endAllOpen(99)).toBe(0);
  });
});
