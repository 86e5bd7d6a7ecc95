import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keptRun, parseKeptInfo } from './kept-info.ts';
import type { PrivateFile, PrivateFolder } from './private-files.ts';
import { VaultFiles } from './vault-files.ts';

const INFO = { session: 's', channel: 'main', mimeType: 'video/webm', title: 'Sunday', startedAt: 5 };

/** A disk of so many bytes. A file that is open cannot be opened again, as in a browser. */
class FakeFolder implements PrivateFolder {
  readonly files = new Map<string, number[]>();
  readonly open_ = new Set<string>();
  room = Number.POSITIVE_INFINITY;

  async open(name: string): Promise<PrivateFile> {
    if (this.open_.has(name)) throw new DOMException('locked', 'NoModificationAllowedError');
    this.open_.add(name);
    const bytes = this.files.get(name) ?? [];
    this.files.set(name, bytes);
    return {
      getSize: () => bytes.length,
      read: (buffer, { at }) => {
        const part = bytes.slice(at, at + buffer.byteLength);
        buffer.set(part);
        return part.length;
      },
      write: (buffer, { at }) => {
        const growth = Math.max(0, at + buffer.byteLength - bytes.length);
        if (this.used + growth > this.room) throw new DOMException('full', 'QuotaExceededError');
        for (const [index, byte] of buffer.entries()) bytes[at + index] = byte;
        return buffer.byteLength;
      },
      truncate: (size) => {
        bytes.length = size;
      },
      flush: () => {},
      close: () => {
        this.open_.delete(name);
      },
    };
  }

  async remove(name: string): Promise<void> {
    if (this.open_.has(name)) throw new DOMException('locked', 'NoModificationAllowedError');
    this.files.delete(name);
  }

  async list() {
    return [...this.files].map(([name, bytes]) => ({ name, size: bytes.length }));
  }

  async readText(name: string): Promise<string | undefined> {
    const bytes = this.files.get(name);
    return bytes && String.fromCharCode(...bytes);
  }

  get used(): number {
    return [...this.files.values()].reduce((sum, { length }) => sum + length, 0);
  }
}

const bytes = (...values: number[]) => Uint8Array.from(values);

async function readAll(files: VaultFiles): Promise<number[]> {
  const { start, end } = files.run;
  const found: number[] = [];
  while (start + found.length < end) found.push(...(await files.read(start + found.length, 3)));
  return found;
}

describe('the files of a session', () => {
  it('are found again by whoever opens the folder next, without having been closed', async () => {
    const folder = new FakeFolder();
    const files = await VaultFiles.open(folder, 4);
    await files.describe(INFO);
    await files.write(100, [bytes(1, 2, 3), bytes(4, 5), bytes(6)]);
    // The tab dies: the browser closes what it had open.
    folder.open_.clear();
    const again = await VaultFiles.open(folder, 4);
    expect(again.run).toEqual({ start: 100, end: 106 });
    expect(await readAll(again)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(parseKeptInfo((await folder.readText('info.json')) ?? '')).toEqual(INFO);
  });

  it('free what is released, file by file, and remember it', async () => {
    const folder = new FakeFolder();
    const files = await VaultFiles.open(folder, 4);
    await files.write(0, [bytes(1, 2, 3, 4), bytes(5, 6, 7, 8), bytes(9)]);
    await files.release(5);
    expect([...folder.files.keys()].sort()).toEqual(['4.part', '8.part', 'released']);
    await files.release(5);
    files.close();
    const again = await VaultFiles.open(folder, 4);
    expect(again.run).toEqual({ start: 5, end: 9 });
    expect(await readAll(again)).toEqual([6, 7, 8, 9]);
    await again.release(9);
    expect([...folder.files.keys()].filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('take what comes twice once, and begin anew after what was released unwritten', async () => {
    const folder = new FakeFolder();
    const files = await VaultFiles.open(folder);
    await files.write(0, [bytes(1, 2), bytes(3)]);
    await files.write(0, [bytes(1, 2), bytes(3, 4)]);
    await files.write(2, [bytes(3), bytes(4, 5)]);
    expect(await readAll(files)).toEqual([1, 2, 3, 4, 5]);
    await files.write(50, [bytes(51)]);
    expect(files.run).toEqual({ start: 50, end: 51 });
    expect(await readAll(files)).toEqual([51]);
  });

  it('say that the disk is full by name, keep what they had, and go on when there is room', async () => {
    const folder = new FakeFolder();
    const files = await VaultFiles.open(folder);
    await files.write(0, [bytes(1, 2)]);
    folder.room = 4;
    await expect(files.write(2, [bytes(3), bytes(4, 5, 6)])).rejects.toMatchObject({ code: 'quota' });
    expect(await readAll(files)).toEqual([1, 2, 3]);
    folder.room = 100;
    await files.write(2, [bytes(3), bytes(4, 5, 6)]);
    expect(await readAll(files)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('name what went wrong otherwise', async () => {
    const folder = new FakeFolder();
    const files = await VaultFiles.open(folder);
    await expect(files.read(0, 10)).rejects.toMatchObject({ code: 'unavailable' });
    folder.open = () => Promise.reject(new DOMException('no', 'SecurityError'));
    await expect(files.write(0, [bytes(1)])).rejects.toMatchObject({
      name: 'VaultError',
      code: 'unavailable',
    });
  });

  it('hold every byte that is not released, however they are written, released, cut off and opened again', async () => {
    const action = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('write' as const), size: fc.nat(9) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), size: fc.nat(12) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('die' as const), size: fc.constant(0) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('skip' as const), size: fc.nat(5) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
        const folder = new FakeFolder();
        let files = await VaultFiles.open(folder, 8);
        let end = 0;
        let released = 0;
        const byteAt = (offset: number) => (offset * 7) & 255;
        for (const { do: what, size } of actions) {
          if (what === 'write') {
            await files.write(end, [Uint8Array.from({ length: size }, (_, index) => byteAt(end + index))]);
            end += size;
          } else if (what === 'release') {
            released = Math.min(end, released + size);
            await files.release(released);
          } else if (what === 'skip') {
            // Acknowledged before it was written.
            end += size;
            released = size > 0 ? end : released;
          } else {
            folder.open_.clear();
            files = await VaultFiles.open(folder, 8);
          }
          const { run } = files;
          if (run.end !== end) continue;
          for (let at = Math.max(released, run.start); at < end; at += 1) {
            expect((await files.read(at, 1))[0]).toBe(byteAt(at));
          }
          expect(run.start).toBeLessThanOrEqual(Math.max(released, 0));
        }
        expect(folder.open_.size).toBeLessThanOrEqual(3);
      }),
      { numRuns: 200 },
    );
  });
});

describe('what a folder has', () => {
  it('is its last run of bytes without a gap, from what was released on', () => {
    expect(keptRun([], 0)).toEqual({ start: 0, end: 0 });
    expect(keptRun([{ offset: 0, size: 5 }], 9)).toEqual({ start: 5, end: 5 });
    const torn = [
      { offset: 20, size: 10 },
      { offset: 0, size: 10 },
      { offset: 30, size: 1 },
      { offset: 31, size: 0 },
    ];
    expect(keptRun(torn, 0)).toEqual({ start: 20, end: 31 });
    expect(keptRun(torn, 25)).toEqual({ start: 25, end: 31 });
  });

  it.each([
    '',
    'null',
    '[]',
    '{"session":"s"',
    '{"session":1}',
    '{"session":"s","channel":"c","mimeType":"m"}',
  ])('is of no use when it says %j of itself', (text) => expect(parseKeptInfo(text)).toBeUndefined());
});
