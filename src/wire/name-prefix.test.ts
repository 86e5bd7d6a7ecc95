import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safeNamePrefix } from './name-prefix.ts';

describe('what a recording’s name begins with', () => {
  it.each([
    ['interview', 'interview'],
    ['Anna  Müller – part 2', 'Anna Müller part 2'],
    ['面接 3', '面接 3'],
    ['../../etc/passwd', 'etc_passwd'],
    ['%2e%2e%2fetc', '2e_2e_2fetc'],
    ['a\u0000b', 'a_b'],
    // Full-width dots and slash, a division slash, a fraction slash, a right-to-left override.
    ['．．／x', 'x'],
    ['a\u2215b\u2044c\u202Egpj', 'a_b_c_gpj'],
    ['C:\\Windows\\nul.', 'C_Windows_nul'],
    ['"; filename="x.exe', 'filename_x_exe'],
    ['a\r\nSet-Cookie: b', 'a_Set-Cookie_b'],
    ['', 'noname'],
    ['...', 'noname'],
    ['💥', 'noname'],
  ])('is made of %j as %j', (asked, made) => {
    expect(safeNamePrefix(asked)).toBe(made);
  });

  it('is cut at 80 characters and 200 bytes, never within a character', () => {
    expect(safeNamePrefix('a'.repeat(300))).toBe('a'.repeat(80));
    expect(safeNamePrefix('𠀀'.repeat(300))).toBe('𠀀'.repeat(50));
  });

  it('can never be a path, a hidden file or more than one line, and stays as it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 400 }), fc.string()), (text) => {
        const name = safeNamePrefix(text);
        expect(name).toMatch(/^[\p{L}\p{N}][\p{L}\p{N}\p{M} _-]*$/u);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
        expect(safeNamePrefix(name)).toBe(name);
      }),
    );
  });
});
