import { describe, expect, it } from 'vitest';
import { Random } from '../random.ts';
import { PowerDisk, type Survival } from './power-disk.ts';
import { readTrace } from './system-calls.ts';

const NOTHING: Survival = { data: 0, names: 0 };
const ALL: Survival = { data: 1, names: 1 };

const hex = (text: string) => Buffer.from(text).toString('hex').replace(/../g, '\\x$&');
const text = (value: string) => `"${hex(value)}"`;
const HERE = `AT_FDCWD<${hex('/')}>`;

/** What is left of a folder after these calls, by the lines of a trace. */
function left(
  lines: readonly string[],
  survival: Survival,
  at = Infinity,
  seed = 1,
): Record<string, string | undefined> {
  const disk = new PowerDisk('/data');
  disk.observe(readTrace(lines.map((line) => `100 ${line}`).join('\n')));
  const tree = disk.cut(at, survival, new Random(seed));
  return Object.fromEntries([...tree].map(([path, bytes]) => [path, bytes && Buffer.from(bytes).toString()]));
}

const make = (path: string, fd: number) =>
  `openat(${HERE}, ${text(path)}, O_WRONLY|O_CREAT|O_EXCL, 0666) = ${fd}<${hex(path)}>`;
const openFolder = (fd: number) => `openat(${HERE}, ${text('/data')}, O_RDONLY) = ${fd}<${hex('/data')}>`;
const write = (fd: number, at: number, bytes: string) =>
  `pwrite64(${fd}<${hex('/x')}>, ${text(bytes)}, ${bytes.length}, ${at}) = ${bytes.length}`;
const sync = (fd: number) => `fdatasync(${fd}<${hex('/x')}>) = 0`;
const rename = (from: string, to: string) => `rename(${text(from)}, ${text(to)}) = 0`;

describe('a disk whose power is cut', () => {
  const named = [make('/data/a', 3), openFolder(4), sync(4)];

  it('has what was synced, and of the rest what it likes', () => {
    const calls = [...named, write(3, 0, 'one'), sync(3), write(3, 3, 'two')];
    expect(left(calls, NOTHING)).toEqual({ a: 'one' });
    expect(left(calls, ALL)).toEqual({ a: 'onetwo' });
    expect(left(calls, NOTHING, 4)).toEqual({ a: '' });
  });

  it('has no file whose folder was not synced', () => {
    const calls = [make('/data/a', 3), write(3, 0, 'one'), sync(3)];
    expect(left(calls, NOTHING)).toEqual({});
    expect(left(calls, { data: 0, names: 1 })).toEqual({ a: 'one' });
  });

  it('has the old file where a rename was not synced', () => {
    const calls = [...named, write(3, 0, 'old'), sync(3), make('/data/b', 5), write(5, 0, 'new'), sync(5)];
    const renamed = [...calls, rename('/data/b', '/data/a')];
    expect(left(renamed, NOTHING)).toEqual({ a: 'old' });
    expect(left(renamed, { data: 0, names: 1 })).toEqual({ a: 'new' });
    expect(left([...renamed, sync(4)], NOTHING)).toEqual({ a: 'new' });
  });

  it('may have a file as long as it was, and zeros where bytes are missing', () => {
    const calls = [...named, write(3, 0, 'x'.repeat(512)), write(3, 512, 'y'.repeat(512))];
    const found = Array.from(
      { length: 400 },
      (_, seed) => left(calls, { data: 0.5, names: 0 }, Infinity, seed).a ?? '',
    );
    expect(new Set(found.map((bytes) => bytes.length))).toEqual(new Set([0, 512, 1024]));
    expect(found.some((bytes) => bytes.length === 1024 && bytes[0] === '\0' && bytes[1023] === 'y')).toBe(
      true,
    );
  });

  it('believes no sync that began before a write was over, and none that did not end', () => {
    const during = [...named, `fdatasync(3<${hex('/x')}> <unfinished ...>`].map((line) => `100 ${line}`);
    const other = [`101 ${write(3, 0, 'one')}`, '100 <... fdatasync resumed>) = 0'];
    const cut = (lines: readonly string[]) => {
      const disk = new PowerDisk('/data');
      disk.observe(readTrace(lines.join('\n')));
      return disk.cut(Infinity, NOTHING, new Random(1)).get('a')?.length;
    };
    expect(cut([...during, ...other])).toBe(0);
    expect(cut([...during, ...other, `100 ${sync(3)}`])).toBe(3);
    expect(cut([...during, ...other, `100 fdatasync(3<${hex('/x')}> <unfinished ...>`])).toBe(0);
  });

  it('does not take what it cannot follow', () => {
    const truncated = `truncate(${text('/data/a')}, 0) = 0`;
    expect(() => left([...named, truncated], ALL)).toThrow('truncate of /data/a is not followed');
    expect(() => left([`truncate(${text('/elsewhere')}, 0) = 0`], ALL)).not.toThrow();
  });
});
