import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeFileDurably } from './write-file-durably.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-whole-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe.each([true, false])('a small file that is written whole, sync: %s', (sync) => {
  it('takes the place of the one before, and leaves nothing beside it', async () => {
    const path = join(folder, 'checkpoint');
    for (const text of ['first', 'second, and longer', '3']) {
      await writeFileDurably(path, Buffer.from(text), { sync });
      expect(readFileSync(path, 'utf8')).toBe(text);
    }
    expect(readdirSync(folder)).toEqual(['checkpoint']);
  });

  it('does not mind what a process that died left beside it', async () => {
    const path = join(folder, 'checkpoint');
    writeFileSync(`${path}.new`, 'half of a much longer fi');
    await writeFileDurably(path, Buffer.from('whole'), { sync });
    expect(readFileSync(path, 'utf8')).toBe('whole');
    expect(readdirSync(folder)).toEqual(['checkpoint']);
  });

  it('says what went wrong, and leaves nothing beside what is in the way', async () => {
    mkdirSync(join(folder, 'checkpoint'));
    await expect(
      writeFileDurably(join(folder, 'checkpoint'), Buffer.from('x'), { sync }),
    ).rejects.toMatchObject({ code: 'storage-failed', reason: 'EISDIR' });
    expect(readdirSync(folder)).toEqual(['checkpoint']);
    await expect(writeFileDurably(join(folder, 'no', 'x'), Buffer.from('x'), { sync })).rejects.toMatchObject(
      { reason: 'ENOENT' },
    );
  });
});
