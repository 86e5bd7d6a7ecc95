import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAmf0 } from './amf0-reader.ts';
import { type Amf0Value, amf0Property } from './amf0-value.ts';
import { writeAmf0 } from './amf0-writer.ts';
import { RtmpError } from './rtmp-error.ts';

const hex = (text: string) =>
  Uint8Array.from(text.split(' ').filter(Boolean), (byte) => Number.parseInt(byte, 16));

/** A value and its bytes, as AMF0 §2 describes each type. */
const EXAMPLES: [string, Amf0Value, string][] = [
  ['number (§2.2)', 1, '00 3f f0 00 00 00 00 00 00'],
  ['boolean (§2.3)', true, '01 01'],
  ['string (§2.4)', 'aé', '02 00 03 61 c3 a9'],
  ['object (§2.5)', { a: false }, '03 00 01 61 01 00 00 00 09'],
  ['null (§2.7)', null, '05'],
  ['undefined (§2.8)', undefined, '06'],
  ['ECMA array (§2.10)', new Map([['a', 'b']]), '08 00 00 00 01 00 01 61 02 00 01 62 00 00 09'],
  ['strict array (§2.12)', ['b', null], '0a 00 00 00 02 02 00 01 62 05'],
];

describe('each type', () => {
  it.each(EXAMPLES)('writes and reads a %s', (_, value, bytes) => {
    expect([...writeAmf0([value])]).toEqual([...hex(bytes)]);
    expect(readAmf0(hex(bytes))).toEqual([value]);
  });

  it('reads what is only read: a date, an XML document, a typed object, unsupported', () => {
    expect(readAmf0(hex('0b 40 8f 40 00 00 00 00 00 00 00 0f 00 00 00 01 61 0d'))).toEqual([
      1000,
      'a',
      undefined,
    ]);
    expect(readAmf0(hex('10 00 01 43 00 01 61 05 00 00 09'))).toEqual([{ a: null }]);
  });

  it('writes a long string, and reads it back', () => {
    const text = 'é'.repeat(40_000);
    const bytes = writeAmf0([text]);
    expect(bytes[0]).toBe(0x0c);
    expect(readAmf0(bytes)).toEqual([text]);
  });
});

const leaf = fc.oneof(
  fc.double({ noNaN: true }),
  fc.boolean(),
  fc.string({ unit: 'grapheme' }),
  fc.constant(null),
  fc.constant(undefined),
);
const name = fc.string({ minLength: 1, maxLength: 12 });
const value: fc.Arbitrary<Amf0Value> = fc.letrec<{ value: Amf0Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 4 },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: false }),
    fc.array(fc.tuple(name, tie('value')), { maxLength: 4 }).map((entries) => new Map(entries)),
  ),
})).value;

const plain = (given: Amf0Value): unknown => {
  if (Array.isArray(given)) return given.map(plain);
  if (given instanceof Map) return new Map([...given].map(([key, item]) => [key, plain(item)]));
  if (typeof given !== 'object' || given === null) return given;
  return Object.entries(given).map(([key, item]) => [key, plain(item)]);
};

it('reads back any values that were written', () => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 5 }), (values) => {
      expect(readAmf0(writeAmf0(values)).map(plain)).toEqual(values.map(plain));
    }),
  );
});

it('ends any bytes with values or with an error by name', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.tuple(fc.array(value, { maxLength: 3 }), fc.nat(), fc.nat(255)).map(([values, at, byte]) => {
      const written = writeAmf0(values);
      written[at % Math.max(1, written.length)] = byte;
      return written;
    }),
  );
  fc.assert(
    fc.property(bytes, (given) => {
      try {
        readAmf0(given);
      } catch (error) {
        expect(error).toBeInstanceOf(RtmpError);
      }
    }),
    { numRuns: 2000 },
  );
});

describe('refuses', () => {
  const codeOf = (bytes: Uint8Array): string | undefined => {
    try {
      readAmf0(bytes);
    } catch (error) {
      return (error as RtmpError).code;
    }
    return undefined;
  };

  it('values that are nested too deeply', () => {
    const nested = Uint8Array.from({ length: 100_000 }, (_, index) =>
      index % 5 === 0 ? 0x0a : index % 5 === 4 ? 1 : 0,
    );
    expect(codeOf(nested)).toBe('rtmp-amf-too-deep');
  });

  it('more values than any message has', () => {
    expect(codeOf(new Uint8Array(100_000).fill(0x05))).toBe('rtmp-amf-too-large');
    expect(codeOf(hex('0a ff ff ff ff 05'))).toBe('rtmp-amf-malformed');
  });

  it('references, AMF3, and what ends within a value', () => {
    for (const bytes of ['07 00 00', '11 01', '02 00 05 61', '00 00', '03 00 01 61']) {
      expect(codeOf(hex(bytes))).toBe('rtmp-amf-malformed');
    }
  });
});

it('finds properties of objects and of ECMA arrays, and none that were not sent', () => {
  expect(amf0Property({ a: 1 }, 'a')).toBe(1);
  expect(amf0Property(new Map([['a', 1]]), 'a')).toBe(1);
  expect(amf0Property({ a: 1 }, 'toString')).toBeUndefined();
  expect(amf0Property([1], 'length')).toBeUndefined();
  const [hostile] = readAmf0(hex('03 00 09 5f 5f 70 72 6f 74 6f 5f 5f 03 00 01 61 05 00 00 09 00 00 09'));
  expect(amf0Property(hostile, 'a')).toBeUndefined();
});
