import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import type { StorageError } from '../../disk/storage-error.ts';
import { SyncBatch } from '../../disk/sync-batch.ts';
import { bytes } from '../../media/time.ts';
import { JournalFolder } from './journal-folder.ts';
import type { SessionRecord } from './session-record.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
const clock = new ManualClock();
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-journals-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const record = (id: string): SessionRecord => ({
  ...{ version: 1, id, channel: 'main', status: 'open', resumable: true, title: null, namePrefix: null },
  ...{ openedAt: 0, closedAt: null, broadcast: 'b', begins: true, remake: false, broadcastStartedAt: 0 },
  ...{ captureDistance: null, length: null, recording: null, checkpoint: null },
});

async function load(durability: 'power' | 'process') {
  const sync = durability === 'power' ? new SyncBatch({ clock }) : undefined;
  const journals = new JournalFolder({ folder, clock, log, maxQueue: bytes(1000), sync });
  await journals.load();
  return journals;
}

/** A session with these bytes stored, open as a process that is killed leaves it. */
async function write(journals: JournalFolder, id: string, text: string, continueAt?: number) {
  const owner = { onDurable: () => {}, onError: ({ message }: StorageError) => expect.unreachable(message) };
  const files = journals.open(record(id), owner, continueAt);
  files.append(Buffer.from(text));
  await files.drained();
  return files;
}

describe('journals after a power loss', () => {
  it('are as long as they were known to be synced, whatever else the disk has of them', async () => {
    await write(await load('power'), 'a', 'stored');
    appendFileSync(join(folder, 'a'), Buffer.alloc(100));
    const journals = await load('power');
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('stored');
    await write(journals, 'a', ' and more', journals.sizeOf('a'));
    appendFileSync(join(folder, 'a'), 'never synced');
    await load('power');
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('stored and more');
  });

  it('are empty before a byte of them was stored', async () => {
    const files = (await load('power')).open(record('a'), { onDurable: () => {}, onError: () => {} });
    await files.drained();
    appendFileSync(join(folder, 'a'), 'never synced');
    expect((await load('power')).sizeOf('a')).toBe(0);
  });

  it('are whole where they were closed, and one that is brought the rest of begins where it was', async () => {
    const files = await write(await load('power'), 'a', 'stored');
    await files.close();
    await write(await load('power'), 'b', 'another');
    // Of the closed one nothing needs to be said.
    expect(readFileSync(join(folder, '.durable'), 'utf8')).toBe('{"version":1,"marks":{"b":7}}');
    const journals = await load('power');
    expect([journals.sizeOf('a'), journals.sizeOf('b')]).toEqual([6, 7]);
  });

  it('are believed as they are where nobody is to survive one', async () => {
    await write(await load('power'), 'a', 'stored');
    const journals = await load('process');
    await write(journals, 'a', ' and more', journals.sizeOf('a'));
    expect(existsSync(join(folder, '.durable'))).toBe(false);
    await load('power');
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('stored and more');
  });
});

it('lets sessions note what they made one after another, also where one of them failed', async () => {
  const journals = await load('process');
  const events: string[] = [];
  const note = (name: string) => async () => {
    events.push(`${name} begins`);
    await turn();
    events.push(`${name} ends`);
    if (name === 'a') throw new Error('full');
  };
  const first = journals.inTurn(note('a'));
  const second = journals.inTurn(note('b'));
  await expect(first).rejects.toThrow('full');
  await second;
  expect(events).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
});
