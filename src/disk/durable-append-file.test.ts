import { fdatasync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../channel/manual-clock.ts';
import { bytes, milliseconds } from '../media/time.ts';
import { AppendFile } from './append-file.ts';
import type { StorageError } from './storage-error.ts';
import { SyncBatch } from './sync-batch.ts';

const systemSync = promisify(fdatasync);

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-durable-'));
  path = join(folder, 'a');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A disk whose syncs are seen, and each answered as it is told; and a file on it. */
class Disk {
  readonly clock = new ManualClock();
  /** In order: what was synced, told, and failed. */
  readonly events: string[] = [];
  readonly errors: StorageError[] = [];
  failures = 0;
  /** What stands in for the next sync; the real one follows where it settles. */
  before: () => Promise<void> = () => Promise.resolve();
  readonly batch = new SyncBatch({
    clock: this.clock,
    interval: milliseconds(500),
    observer: { synced: () => {}, failed: () => ++this.failures },
    sync: async (fd) => {
      this.events.push(`sync of ${readFileSync(path).byteLength}`);
      await this.before();
      await systemSync(fd);
      this.events.push('synced');
    },
  });
  #told = Promise.withResolvers<void>();

  open(continueAt?: number, after?: Promise<void>): AppendFile {
    const tell = (event: string) => {
      this.events.push(event);
      this.#told.resolve();
    };
    const owner = {
      onDurable: (offset: number) => tell(`durable ${offset}`),
      onError: (error: StorageError) => {
        this.errors.push(error);
        tell(`error ${error.reason}`);
      },
    };
    const gathering = { clock: this.clock, delay: milliseconds(300), bytes: bytes(1000) };
    return new AppendFile(path, owner, gathering, { syncBatch: this.batch, continueAt, after });
  }

  /** Lets the next batch begin, and waits until the owner has heard of it and the batch is over. */
  async nextBatch(): Promise<void> {
    this.#told = Promise.withResolvers();
    this.clock.advance(500);
    await this.#told.promise;
    await turn();
  }
}

const failing = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));

describe('a file with a sync batch', () => {
  it('is durable only after the sync that covered the bytes', async () => {
    const disk = new Disk();
    const file = disk.open();
    file.append(Buffer.alloc(10));
    await disk.nextBatch();
    expect(disk.events).toEqual(['sync of 10', 'synced', 'durable 10']);
    expect(file.durable).toBe(10);
    await file.close();
  });

  it('does not count as durable what was written while the sync ran', async () => {
    const disk = new Disk();
    const file = disk.open();
    file.append(Buffer.alloc(10));
    disk.before = async () => {
      disk.before = () => Promise.resolve();
      file.append(Buffer.alloc(2000));
      await file.drained();
    };
    await disk.nextBatch();
    expect([file.written, file.durable]).toEqual([2010, 10]);
    await disk.nextBatch();
    expect(file.durable).toBe(2010);
    await file.close();
  });

  it('holds up no batch before it is opened: what it waits for may wait for that batch', async () => {
    const disk = new Disk();
    const gate = Promise.withResolvers<void>();
    const file = disk.open(undefined, gate.promise);
    file.append(Buffer.alloc(10));
    disk.clock.advance(500);
    await disk.batch.settled();
    expect(disk.events).toEqual([]);
    gate.resolve();
    await file.drained();
    await disk.nextBatch();
    expect(disk.events).toEqual(['sync of 10', 'synced', 'durable 10']);
    await file.close();
  });

  it('gathers bytes for the batch, with no timer of its own', async () => {
    const disk = new Disk();
    const file = disk.open();
    file.append(Buffer.alloc(10));
    await disk.nextBatch();
    file.append(Buffer.alloc(10));
    file.append(Buffer.alloc(10));
    expect(disk.clock.pending).toBe(1);
    expect(file.queued).toBe(20);
    await disk.nextBatch();
    expect(file.durable).toBe(30);
    expect(disk.clock.pending).toBe(0);
    await file.close();
  });

  it('writes more than it may gather at once, and reports it when it is synced', async () => {
    const disk = new Disk();
    const file = disk.open();
    file.append(Buffer.alloc(1001));
    await file.drained();
    expect([file.written, file.durable]).toEqual([1001, 0]);
    await disk.nextBatch();
    expect(file.durable).toBe(1001);
    await file.close();
  });

  it('is given up for good when a sync failed', async () => {
    const disk = new Disk();
    const file = disk.open();
    file.append(Buffer.alloc(10));
    await disk.nextBatch();
    file.append(Buffer.alloc(10));
    disk.before = failing('EIO');
    await disk.nextBatch();
    disk.before = () => Promise.resolve();
    file.append(Buffer.alloc(10));
    disk.clock.advance(10_000);
    await expect(file.sync()).rejects.toBe(disk.errors[0]);
    await file.close();
    expect(disk.events).toEqual(['sync of 10', 'synced', 'durable 10', 'sync of 20', 'error EIO']);
    expect(disk.errors).toMatchObject([{ code: 'storage-failed', reason: 'EIO' }]);
    expect([file.durable, file.queued, disk.failures]).toEqual([10, 0, 1]);
    expect(disk.clock.pending).toBe(0);
  });

  it('keeps nothing of what a sync failed for, also where more was being written', async () => {
    const disk = new Disk();
    const file = disk.open();
    file.append(Buffer.alloc(10));
    await disk.nextBatch();
    file.append(Buffer.alloc(10));
    disk.before = () => {
      file.append(Buffer.alloc(5_000_000));
      return failing('EIO')();
    };
    await disk.nextBatch();
    await file.close();
    expect(readFileSync(path).byteLength).toBe(10);
  });

  it('keeps what it went on from where its first sync fails', async () => {
    writeFileSync(path, 'hello world');
    const disk = new Disk();
    const file = disk.open(5);
    file.append(Buffer.from(' there'));
    disk.before = failing('EIO');
    await disk.nextBatch();
    await file.close();
    expect(readFileSync(path, 'utf8')).toBe('hello');
  });

  it('never has two syncs at once: the kernel would tell one of them only of an error', async () => {
    const disk = new Disk();
    const file = disk.open();
    file.append(Buffer.alloc(10));
    let inside = 0;
    const beside: number[] = [];
    let second: Promise<void> | undefined;
    disk.before = async () => {
      beside.push(++inside);
      if (!second) {
        file.append(Buffer.alloc(10));
        second = file.sync();
        await file.drained();
        await turn();
      }
      inside -= 1;
    };
    await file.sync();
    await second;
    expect(beside).toEqual([1, 1]);
    expect(file.durable).toBe(20);
    await file.close();
  });

  it('can be synced at once, and then the batch has nothing to do', async () => {
    const disk = new Disk();
    const file = disk.open();
    file.append(Buffer.alloc(10));
    await file.sync();
    expect(file.durable).toBe(10);
    expect(disk.clock.pending).toBe(0);
    await file.close();
    expect(disk.events).toEqual(['sync of 10', 'synced', 'durable 10']);
  });

  it('is durable when it is closed', async () => {
    const disk = new Disk();
    const file = disk.open();
    file.append(Buffer.alloc(10));
    await file.close();
    expect(disk.events).toEqual(['sync of 10', 'synced', 'durable 10']);
    expect(disk.clock.pending).toBe(0);
  });

  it('syncs what was written over too', async () => {
    const disk = new Disk();
    const file = disk.open();
    file.append(Buffer.from('hello world'));
    await file.sync();
    await file.patch(6, Buffer.from('there'));
    expect(disk.clock.pending).toBe(1);
    await file.close();
    expect(disk.events.filter((event) => event === 'synced')).toHaveLength(2);
  });

  it('is not durable where its name is not: a folder that cannot be synced is an error', async () => {
    const disk = new Disk();
    const file = disk.open();
    file.append(Buffer.alloc(10));
    disk.before = () => {
      rmSync(folder, { recursive: true });
      return Promise.resolve();
    };
    await disk.nextBatch();
    expect(disk.events.slice(1)).toEqual(['synced', 'error ENOENT']);
    expect(file.durable).toBe(0);
    await file.close();
    mkdirSync(folder);
  });
});

describe('a file that goes on', () => {
  const plain = (continueAt: number) => {
    const offsets: number[] = [];
    const errors: StorageError[] = [];
    const owner = {
      onDurable: (offset: number) => offsets.push(offset),
      onError: (error: StorageError) => errors.push(error),
    };
    const gathering = { clock: new ManualClock(), delay: milliseconds(300), bytes: bytes(1000) };
    return { file: new AppendFile(path, owner, gathering, { continueAt }), offsets, errors };
  };

  it('forgets what follows its offset, and appends from there', async () => {
    writeFileSync(path, 'hello world');
    const { file, offsets } = plain(6);
    expect([file.appended, file.written, file.queued]).toEqual([6, 6, 0]);
    file.append(Buffer.from('there'));
    await file.patch(0, Buffer.from('H'));
    await file.close();
    expect(readFileSync(path, 'utf8')).toBe('Hello there');
    expect(offsets).toEqual([6, 11]);
    expect(file.durable).toBe(11);
  });

  it('can go on from its very end, and from nothing', async () => {
    writeFileSync(path, 'hello');
    const end = plain(5).file;
    await end.drained();
    expect(end.durable).toBe(5);
    await end.close();
    await plain(0).file.close();
    expect(readFileSync(path, 'utf8')).toBe('');
  });

  it('refuses a file that is shorter, and leaves it as it is', async () => {
    writeFileSync(path, 'hello');
    const { file, errors } = plain(6);
    file.append(Buffer.from('no'));
    await file.drained();
    expect(errors).toMatchObject([{ code: 'storage-failed', reason: 'too-short' }]);
    expect(file.durable).toBe(0);
    await file.close();
    expect(readFileSync(path, 'utf8')).toBe('hello');
  });

  it('refuses a file that is not there', async () => {
    const { file, errors } = plain(0);
    await file.close();
    expect(errors).toMatchObject([{ reason: 'ENOENT' }]);
    expect(() => readFileSync(path)).toThrow('ENOENT');
  });

  it('syncs what it went on from, with a sync batch, before it is durable', async () => {
    writeFileSync(path, 'hello world');
    const disk = new Disk();
    const file = disk.open(5);
    await file.drained();
    expect(file.durable).toBe(0);
    await disk.nextBatch();
    expect(disk.events).toEqual(['sync of 5', 'synced', 'durable 5']);
    await file.close();
  });
});
