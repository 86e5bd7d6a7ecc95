import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import { DEFAULT_DEMUXER_LIMITS as limits } from '../../media/demuxer.ts';
import { bytes } from '../../media/time.ts';
import { JournalFolder } from './journal-folder.ts';
import { JournalKeeper } from './journal-keeper.ts';
import type { RemakeRequest, SessionArchive } from './session-archive.ts';
import type { SessionRecord } from './session-record.ts';

const DAY = 24 * 60 * 60_000;
const clock = new ManualClock();
let folder = '';
let errors: unknown[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-keeper-'));
  errors = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const log = { info: () => {}, warn: () => {}, error: (fields: object) => errors.push(fields) };

/** Notes what it is asked; a test says when a recording is made anew. */
class TestArchive implements SessionArchive {
  readonly remakes: RemakeRequest[] = [];
  made: PromiseWithResolvers<readonly string[]> = Promise.withResolvers();

  async expect(): Promise<void> {}

  async adopt(): Promise<boolean> {
    return false;
  }

  remake(request: RemakeRequest): Promise<readonly string[]> {
    const { signal } = request;
    this.remakes.push(request);
    signal.addEventListener('abort', () => this.made.reject(signal.reason));
    return this.made.promise;
  }
}

/** A session that is over, with bytes on disk. */
async function leave(id: string, changes: Partial<SessionRecord> = {}): Promise<void> {
  const record: SessionRecord = {
    ...{ version: 1, id, channel: 'main', status: 'ended', resumable: true, title: null, namePrefix: null },
    ...{ openedAt: clock.wall(), closedAt: clock.wall(), broadcast: 'b', begins: true, remake: false },
    ...{ broadcastStartedAt: 0, captureDistance: null, length: 3, recording: 'r', checkpoint: null },
    ...changes,
  };
  writeFileSync(join(folder, id), 'abc');
  writeFileSync(join(folder, `${id}.json`), JSON.stringify(record));
}

async function open(archive = new TestArchive()) {
  const journals = new JournalFolder({ folder, clock, log, maxQueue: bytes(1000), sync: undefined });
  await journals.load();
  return {
    archive,
    journals,
    keeper: new JournalKeeper({ journals, archive, clock, log, limits, keepUnfinished: 7 * DAY }),
  };
}

const has = (id: string) => existsSync(join(folder, id));

describe('what sessions sent', () => {
  it('is deleted when all sessions of a broadcast were ended, and the answer to each `end` a day later', async () => {
    await leave('s1');
    await leave('s2', { status: 'over' });
    const { keeper, journals } = await open();
    await keeper.sweep();
    expect([has('s1'), has('s2'), journals.find('s1')?.status, journals.find('s2')]).toEqual([
      ...[false, false, 'ended', undefined],
    ]);
    clock.advance(DAY + 1);
    await keeper.sweep();
    expect(journals.records()).toEqual([]);
  });

  it('is kept for as long as one of them may bring more, whenever the others ended', async () => {
    await leave('s1', { status: 'unfinished' });
    await leave('s2');
    const { keeper, journals } = await open();
    clock.advance(6 * DAY);
    await keeper.sweep();
    expect([has('s1'), has('s2')]).toEqual([true, true]);
    clock.advance(DAY + 1);
    await keeper.sweep();
    await keeper.sweep();
    expect([has('s1'), has('s2')]).toEqual([false, false]);
    expect(journals.records()).toEqual([]);
  });

  it('is not old because the clock was set, unless it still is at the next look', async () => {
    await leave('s1', { status: 'unfinished' });
    const { keeper } = await open();
    clock.jump(30 * DAY);
    await keeper.sweep();
    expect(has('s1')).toBe(true);
    clock.jump(-30 * DAY);
    await keeper.sweep();
    await keeper.sweep();
    expect(has('s1')).toBe(true);
  });
});

describe('recordings that are made anew', () => {
  it('keep nobody waiting whose own is whole', async () => {
    await leave('s1', { remake: true });
    await leave('s2', { broadcast: 'other' });
    const { archive, keeper } = await open();
    await keeper.tidy('b');
    await keeper.tidy('other');
    expect(archive.remakes).toMatchObject([{ broadcast: 'b', streams: [{ path: join(folder, 's1') }] }]);
    expect([has('s1'), has('s2')]).toEqual([true, false]);
    archive.made.resolve([]);
    await keeper.idle();
    expect(has('s1')).toBe(false);
    expect(archive.remakes).toHaveLength(1);
  });

  it('are made once, however often it is asked, and again where more came meanwhile', async () => {
    await leave('s1', { remake: true });
    await leave('s2', { status: 'unfinished', remake: true });
    const { archive, keeper, journals } = await open();
    await keeper.tidy('b');
    await keeper.tidy('b');
    await journals.update('s2', { status: 'ended' });
    await keeper.tidy('b');
    expect(archive.remakes).toHaveLength(1);
    archive.made.resolve([]);
    await keeper.idle();
    expect(archive.remakes).toHaveLength(2);
    expect([has('s1'), has('s2')]).toEqual([false, false]);
  });

  it('are left to the next process when this one stops', async () => {
    await leave('s1', { remake: true });
    const { archive, keeper, journals } = await open();
    await keeper.tidy('b');
    await keeper.close();
    expect(archive.remakes[0]?.signal.aborted).toBe(true);
    expect(journals.find('s1')?.remake).toBe(true);
    expect(has('s1')).toBe(true);
    expect(errors).toEqual([]);
    await keeper.tidy('b');
    expect(archive.remakes).toHaveLength(1);
  });

  it('that cannot be made leave the bytes where they are, for another try', async () => {
    await leave('s1', { remake: true });
    const { archive, keeper } = await open();
    archive.made.reject(new Error('no room'));
    await keeper.tidy('b');
    await keeper.idle();
    expect(errors).toHaveLength(1);
    expect(has('s1')).toBe(true);
    archive.made = Promise.withResolvers();
    archive.made.resolve([]);
    await keeper.sweep();
    await keeper.idle();
    expect(has('s1')).toBe(false);
  });
});

describe('what waits for more', () => {
  it('is told with its size beside what is in use; what is about to go is not', async () => {
    await leave('s1', { status: 'unfinished', closedAt: 5 });
    await leave('s2', { status: 'ended', closedAt: 7 });
    await leave('on', { broadcast: 'on', status: 'open' });
    await leave('goes', { broadcast: 'goes', status: 'open' });
    await leave('damaged', { broadcast: 'damaged', remake: true, closedAt: 9 });
    const { archive, keeper } = await open();
    const waits = (broadcast: string, waitingSince: number | undefined, bytes = 3) => {
      return { broadcast, channel: 'main', bytes, waitingSince };
    };
    const told = (inUse: string) =>
      keeper.kept((id) => id === inUse).sort((a, b) => (a.broadcast < b.broadcast ? -1 : 1));
    expect(told('on')).toEqual([waits('b', 7, 6), waits('damaged', 9), waits('on', undefined)]);
    await keeper.tidy('damaged');
    expect(told('s1')).toEqual([waits('b', undefined, 6), waits('damaged', undefined)]);
    archive.made.resolve([]);
    await keeper.idle();
  });

  it('can be given up, and then nobody can bring the rest', async () => {
    await leave('s1', { status: 'unfinished' });
    await leave('s2');
    await leave('on', { broadcast: 'on', status: 'open' });
    const { keeper, journals } = await open();
    await keeper.drop('b');
    await keeper.drop('on');
    expect([has('s1'), has('s2'), has('on')]).toEqual([false, false, true]);
    expect([journals.find('s1'), journals.find('s2')?.status]).toEqual([undefined, 'ended']);
  });
});
