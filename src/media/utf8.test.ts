import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readUtf8, writeUtf8 } from './utf8.ts';

it('writes what every other encoder writes, and reads it back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const bytes = writeUtf8(text);
      expect([...bytes]).toEqual([...new TextEncoder().encode(text)]);
      expect(readUtf8(bytes)).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
    }),
  );
});

it('survives any bytes, and never makes a character of overlong ones', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect(readUtf8(bytes).length).toBeLessThanOrEqual(bytes.length);
    }),
  );
  expect(readUtf8(Uint8Array.of(0xc0, 0x80))).toBe('\ufffd\ufffd');
  expect(readUtf8(Uint8Array.of(0xed, 0xa0, 0x80))).toBe('\ufffd\ufffd\ufffd');
});
