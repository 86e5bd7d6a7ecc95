import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../channel/manual-clock.ts';
import { bytes, milliseconds } from '../media/time.ts';
import { AppendFile } from './append-file.ts';
import type { StorageError } from './storage-error.ts';

describe('an append file', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'headwater-disk-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function open(path: string, gathered = 1000) {
    const offsets: number[] = [];
    const errors: StorageError[] = [];
    const clock = new ManualClock();
    const written = Promise.withResolvers<void>();
    const owner = {
      onDurable: (offset: number) => {
        offsets.push(offset);
        written.resolve();
      },
      onError: (error: StorageError) => errors.push(error),
    };
    const file = new AppendFile(path, owner, { clock, delay: milliseconds(300), bytes: bytes(gathered) });
    return { file, offsets, errors, clock, written: written.promise };
  }

  it('holds what was appended, in order, from the moment it was opened', async () => {
    const path = join(folder, 'a');
    const { file, offsets } = open(path);
    const pieces = Array.from({ length: 3000 }, (_, index) => Buffer.from(`${index},`));
    for (const piece of pieces) file.append(piece);
    expect(file.queued).toBe(file.appended);
    await file.close();
    expect(readFileSync(path).equals(Buffer.concat(pieces))).toBe(true);
    expect(offsets.at(-1)).toBe(file.appended);
    expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
  });

  it('gathers small pieces for a while, and writes them together', async () => {
    const { file, offsets, clock, written } = open(join(folder, 'a'));
    await file.drained();
    for (let piece = 0; piece < 50; piece += 1) file.append(Buffer.alloc(10));
    clock.advance(299);
    expect(file.queued).toBe(500);
    clock.advance(1);
    await written;
    expect(offsets).toEqual([500]);
    expect(file.queued).toBe(0);
    await file.close();
    expect(clock.pending).toBe(0);
  });

  it('lets no more wait than it may gather', async () => {
    const { file, offsets, written } = open(join(folder, 'a'));
    await file.drained();
    for (let piece = 0; piece < 101; piece += 1) file.append(Buffer.alloc(10));
    await written;
    expect(offsets).toEqual([1010]);
    await file.close();
  });

  it('lets no more pieces wait than one write takes, however small they are', async () => {
    const { file, offsets, written } = open(join(folder, 'a'), 1_000_000);
    await file.drained();
    for (let piece = 0; piece < 1024; piece += 1) file.append(Buffer.alloc(1));
    await written;
    expect(offsets).toEqual([1024]);
    await file.close();
  });

  it('writes at once what somebody waits for', async () => {
    const { file, offsets, clock } = open(join(folder, 'a'));
    file.append(Buffer.alloc(10));
    await file.drained();
    file.append(Buffer.alloc(10));
    await file.drained();
    expect(offsets).toEqual([10, 20]);
    expect(clock.pending).toBe(0);
    await file.close();
  });

  it('can be written over where it was written, behind what is queued', async () => {
    const path = join(folder, 'a');
    const { file } = open(path);
    file.append(Buffer.from('hello world'));
    await file.patch(6, Buffer.from('there'));
    await file.sync();
    await file.close();
    expect(readFileSync(path, 'utf8')).toBe('hello there');
  });

  it('never writes into a file that is there already', async () => {
    const path = join(folder, 'a');
    writeFileSync(path, 'precious');
    const { file, errors } = open(path);
    file.append(Buffer.from('no'));
    await file.drained();
    expect(errors).toMatchObject([{ code: 'storage-failed', reason: 'EEXIST' }]);
    expect(file.queued).toBe(0);
    await expect(file.patch(0, Buffer.from('no'))).rejects.toBe(errors[0]);
    await file.close();
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  it('says once that writing failed, and closes all the same', async () => {
    const { file, errors } = open('/dev/full-is-no-folder/a');
    file.append(Buffer.alloc(10));
    await file.close();
    file.append(Buffer.alloc(10));
    expect(errors).toHaveLength(1);
    expect(file.error).toBe(errors[0]);
  });

  it('can be closed before it is open', async () => {
    const path = join(folder, 'a');
    const { file } = open(path);
    file.append(Buffer.from('late'));
    await Promise.all([file.close(), file.close()]);
    expect(readFileSync(path, 'utf8')).toBe('late');
    const empty = open(join(folder, 'b')).file;
    await empty.close();
  });
});
