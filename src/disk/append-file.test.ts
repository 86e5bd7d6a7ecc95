import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppendFile } from './append-file.ts';
import type { StorageError } from './storage-error.ts';

describe('an append file', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'headwater-disk-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function open(path: string) {
    const offsets: number[] = [];
    const errors: StorageError[] = [];
    const file = new AppendFile(path, {
      onWritten: (offset) => offsets.push(offset),
      onError: (error) => errors.push(error),
    });
    return { file, offsets, errors };
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

  it('gathers what comes during a write into the next one', async () => {
    const { file, offsets } = open(join(folder, 'a'));
    file.append(Buffer.alloc(10));
    await file.drained();
    for (let piece = 0; piece < 100; piece += 1) file.append(Buffer.alloc(10));
    await file.drained();
    expect(offsets).toEqual([10, 20, 1010]);
    expect(file.queued).toBe(0);
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
