import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MediaError } from '../media-error.ts';
import { readHevcConfiguration, writeHevcConfiguration } from './hevc.ts';
import { readHevcSequence } from './hevc-sequence.ts';

const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

/** What x265 makes of 642 × 362: cropped from 648 × 368, two frames reordered. */
const VPS = bytes('40010c01ffff01600000030090000003000003003f959809');
const SPS = bytes('42010101600000030090000003000003003fa005120171c9265959a4932bc05a020000030002000003003210');
const PPS = bytes('4401c172b46240');
const RECORD = bytes(
  '0101600000009000000000003ff000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003003f959809' +
    'a10001002c42010101600000030090000003000003003fa005120171c9265959a4932bc05a020000030002000003003210' +
    'a2000100074401c172b46240',
);

describe('HEVC', () => {
  it('tells codec string, size and reordering in its configuration record', () => {
    expect(readHevcConfiguration(RECORD)).toEqual({
      codec: 'hevc',
      codecString: 'hvc1.1.6.L63.90',
      configuration: RECORD,
      width: 642,
      height: 362,
      nalLengthSize: 4,
      reorderFrames: 2,
      parameterSets: [VPS, SPS, PPS],
    });
  });

  it('writes the record that ffmpeg writes, except that all parameter sets are known to be in it', () => {
    const written = writeHevcConfiguration([SPS, PPS, VPS]);
    expect(written).toMatchObject({ codecString: 'hvc1.1.6.L63.90', width: 642, height: 362 });
    expect(readHevcConfiguration(written.configuration)).toEqual({
      ...written,
      parameterSets: [VPS, SPS, PPS],
    });
    const differing = [...written.configuration].filter((byte, at) => at > 22 && byte !== RECORD[at]);
    expect(differing).toEqual([]);
  });

  it('refuses a record that is cut short, and one without a sequence parameter set', () => {
    expect(() => readHevcConfiguration(RECORD.subarray(0, 22))).toThrow('too short');
    expect(() => readHevcConfiguration(RECORD.subarray(0, 60))).toThrow('ends within a parameter set');
    expect(() => writeHevcConfiguration([VPS, PPS])).toThrow('needs a sequence parameter set');
  });

  it('never fails with anything but a MediaError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
        try {
          readHevcSequence(Uint8Array.of(...SPS.subarray(0, 3), ...noise));
        } catch (error) {
          expect(error).toBeInstanceOf(MediaError);
        }
      }),
    );
  });
});
