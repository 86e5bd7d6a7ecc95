import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStore, type Store } from '../../store/open-store.ts';
import { Originals } from './originals.ts';

const WEBM = Buffer.from('1a45dfa3a34286810142f7810142f2810442f381084282', 'hex');
const MP4 = Buffer.from('0000001c667479706d703432', 'hex');

let folder: string;
let store: Store;
let originals: Originals;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headwater-originals-'));
  store = await openStore(join(folder, 'headwater.db'));
  await store.broadcasts.start({ id: 'b1', channel: 'main', title: null, startedAt: 1 });
  await store.recordings.start({ id: 'r1', broadcast: 'b1', startedAt: 1, mime: 'video/mp4' });
  await mkdir(join(folder, 'r1'));
  originals = new Originals(store, folder);
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

async function journal(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

const listed = async () => (await store.recordings.find('r1'))?.originals;

describe('what a publisher sent', () => {
  test('is moved beside its recording and listed, byte for byte', async () => {
    expect(await originals.adopt('r1', await journal('session', WEBM))).toBe(true);
    const original = { file: 'original.webm', size: WEBM.length, mime: 'video/webm' };
    expect(await listed()).toEqual([original]);
    expect(await readFile(originals.fileOf('r1', original))).toEqual(WEBM);
    expect(await readdir(folder)).not.toContain('session');
  });

  test('is counted where a broadcast had several sessions, also when they end at once', async () => {
    const sessions = [await journal('a', WEBM), await journal('b', MP4), await journal('c', WEBM)];
    await Promise.all(sessions.map((path) => originals.adopt('r1', path)));
    expect((await listed())?.map(({ file }) => file)).toEqual([
      'original.webm',
      'original-2.mp4',
      'original-3.webm',
    ]);
    expect((await readdir(join(folder, 'r1'))).sort()).toEqual([
      'original-2.mp4',
      'original-3.webm',
      'original.webm',
    ]);
  });

  test('stays where it is when its recording was deleted', async () => {
    const path = await journal('session', WEBM);
    expect(await originals.adopt('gone', path)).toBe(false);
    expect(await readFile(path)).toEqual(WEBM);
  });

  test('is adopted once when a crash came between the list and the move', async () => {
    await store.recordings.addOriginal('r1', {
      file: 'original.webm',
      size: WEBM.length,
      mime: 'video/webm',
    });
    expect(await originals.adopt('r1', await journal('session', WEBM))).toBe(true);
    expect(await listed()).toHaveLength(1);
    expect(await readFile(join(folder, 'r1', 'original.webm'))).toEqual(WEBM);
  });

  test('says so when the disk refuses, and can be asked again', async () => {
    const path = await journal('session', WEBM);
    await rm(join(folder, 'r1'), { recursive: true });
    await expect(originals.adopt('r1', path)).rejects.toThrow('ENOENT');
    await mkdir(join(folder, 'r1'));
    expect(await originals.adopt('r1', path)).toBe(true);
    expect(await listed()).toHaveLength(1);
  });
});
