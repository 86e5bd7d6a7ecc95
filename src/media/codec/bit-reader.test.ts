import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MediaError } from '../media-error.ts';
import { BitReader } from './bit-reader.ts';
import { BitWriter } from './synthetic-bitstream.ts';

describe('BitReader', () => {
  it('reads back numbers of any length across bytes', () => {
    const fields = fc.array(
      fc
        .integer({ min: 1, max: 32 })
        .chain((count) => fc.tuple(fc.integer({ min: 0, max: 2 ** count - 1 }), fc.constant(count))),
    );
    fc.assert(
      fc.property(fields, (values) => {
        const writer = new BitWriter();
        for (const [value, count] of values) writer.bits(value, count);
        const reader = new BitReader(writer.bytes(), 'the test');
        for (const [value, count] of values) expect(reader.bits(count)).toBe(value);
      }),
    );
  });

  it('reads back Exp-Golomb codes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 31 - 2 })), (values) => {
        const writer = new BitWriter();
        for (const value of values) writer.unsignedExpGolomb(value);
        const reader = new BitReader(writer.bytes(), 'the test');
        for (const value of values) expect(reader.unsignedExpGolomb()).toBe(value);
      }),
    );
  });

  it('reads signed Exp-Golomb codes in the order 0, 1, -1, 2, -2', () => {
    const writer = new BitWriter();
    for (let code = 0; code < 5; code++) writer.unsignedExpGolomb(code);
    const reader = new BitReader(writer.bytes(), 'the test');
    expect([0, 0, 0, 0, 0].map(() => reader.signedExpGolomb() + 0)).toEqual([0, 1, -1, 2, -2]);
  });

  it('refuses to read beyond the end, and numbers of more than 32 bits', () => {
    expect(() => new BitReader(Uint8Array.of(1), 'the test').bits(9)).toThrow(MediaError);
    expect(() => new BitReader(Uint8Array.of(1), 'the test').skip(9)).toThrow('the test ends too soon');
    expect(() => new BitReader(new Uint8Array(9), 'the test').unsignedExpGolomb()).toThrow(
      'number that is too long',
    );
  });
});
