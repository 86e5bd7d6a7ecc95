import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  joinLengthPrefixed,
  splitAnnexB,
  splitLengthPrefixed,
  startsWithStartCode,
  unescapeNalUnit,
} from './nal-units.ts';
import { annexB, escapeNalUnit } from './synthetic-bitstream.ts';

/** A NAL unit as encoders write it: escaped, and not ending in zero. */
const nalUnit = fc
  .uint8Array({ minLength: 1, maxLength: 40, max: 4 })
  .map((payload) => escapeNalUnit(Uint8Array.of(0x65, ...payload, 0x80)));

describe('NAL units', () => {
  it('come out of Annex B as they went in', () => {
    fc.assert(
      fc.property(fc.array(nalUnit, { minLength: 1 }), (units) => {
        expect(splitAnnexB(annexB(...units))).toEqual(units);
      }),
    );
  });

  it('come out of a length-prefixed sample as they went in', () => {
    fc.assert(
      fc.property(fc.array(nalUnit), (units) => {
        expect(splitLengthPrefixed(joinLengthPrefixed(units), 4)).toEqual(units);
      }),
    );
  });

  it('lose their emulation prevention bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ max: 4 }), (payload) => {
        expect(unescapeNalUnit(escapeNalUnit(payload))).toEqual(payload);
      }),
    );
  });

  it('are found behind short and long start codes, without trailing zeros and empty units', () => {
    const stream = Uint8Array.of(9, 0, 0, 1, 0x67, 5, 0, 0, 0, 0, 1, 0, 0, 1, 0x68, 0, 0, 1);
    expect(splitAnnexB(stream)).toEqual([Uint8Array.of(0x67, 5), Uint8Array.of(0x68)]);
  });

  it('are views, not copies', () => {
    const stream = annexB(Uint8Array.of(0x65, 1));
    expect(splitAnnexB(stream)[0]?.buffer).toBe(stream.buffer);
  });

  it('tell Annex B from length prefixes', () => {
    expect(startsWithStartCode(Uint8Array.of(0, 0, 1, 0x67))).toBe(true);
    expect(startsWithStartCode(Uint8Array.of(0, 0, 0, 1, 0x67))).toBe(true);
    expect(startsWithStartCode(Uint8Array.of(0, 0, 0, 2, 0x67, 1))).toBe(false);
  });

  it('are refused when they leave their sample or are absurdly many', () => {
    expect(() => splitLengthPrefixed(Uint8Array.of(0, 0, 0, 9, 0x65), 4)).toThrow('longer than its sample');
    const many = Array.from({ length: 5000 }, () => Uint8Array.of(0x65));
    expect(() => splitAnnexB(annexB(...many))).toThrow('over 4096 NAL units');
    expect(() => splitLengthPrefixed(joinLengthPrefixed(many), 4)).toThrow('over 4096 NAL units');
  });
});
