import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MediaError } from '../media-error.ts';
import { readAvcConfiguration, writeAvcConfiguration } from './avc.ts';
import { readAvcSequence } from './avc-sequence.ts';
import { AVC_PPS, avcSps } from './synthetic-bitstream.ts';

/** Of Chromium's MediaRecorder at 640 × 360. */
const CHROMIUM_SPS = Uint8Array.from('6742c01f8c8d405017fcb35060606078442350'.match(/../g) ?? [], (hex) =>
  Number.parseInt(hex, 16),
);

describe('the H.264 sequence parameter set', () => {
  it('tells the size after cropping', () => {
    const even = fc.integer({ min: 1, max: 2000 }).map((half) => half * 2);
    fc.assert(
      fc.property(even, even, fc.constantFrom(66, 77, 100), (width, height, profile) => {
        expect(readAvcSequence(avcSps({ width, height, profile }))).toMatchObject({ width, height, profile });
      }),
    );
  });

  it('counts the rows of both fields of interlaced video', () => {
    const sps = avcSps({ width: 1920, height: 1080, profile: 100, interlaced: true });
    expect(readAvcSequence(sps)).toMatchObject({ width: 1920, height: 1080 });
  });

  it('is read as Chromium writes it', () => {
    const expected = { profile: 66, constraints: 0xc0, level: 31, width: 640, height: 360, reorderFrames: 0 };
    expect(readAvcSequence(CHROMIUM_SPS)).toMatchObject(expected);
  });

  it('says how many frames are reordered', () => {
    const size = { width: 640, height: 360, profile: 100, referenceFrames: 4 };
    expect(readAvcSequence(avcSps({ ...size, reorderFrames: 2 })).reorderFrames).toBe(2);
    expect(readAvcSequence(avcSps({ ...size, reorderFrames: 0 })).reorderFrames).toBe(0);
  });

  it('bounds that by what profile and references allow where it does not say', () => {
    const size = { width: 640, height: 360, referenceFrames: 4 };
    expect(readAvcSequence(avcSps({ ...size, profile: 100 })).reorderFrames).toBe(4);
    expect(readAvcSequence(avcSps({ ...size, profile: 66 })).reorderFrames).toBe(0);
    expect(readAvcSequence(avcSps({ ...size, profile: 100, referenceFrames: 1 })).reorderFrames).toBe(0);
  });

  it('is refused when it reorders too much or crops everything away', () => {
    expect(() => readAvcSequence(avcSps({ width: 16, height: 16, reorderFrames: 17 }))).toThrow(
      'reorders more',
    );
    expect(() => readAvcSequence(avcSps({ width: 0, height: 16 }))).toThrow(MediaError);
  });

  it('never fails with anything but a MediaError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
        try {
          readAvcSequence(Uint8Array.of(0x67, 100, 0, 31, ...noise));
        } catch (error) {
          expect(error).toBeInstanceOf(MediaError);
        }
      }),
    );
  });
});

describe('the H.264 configuration record', () => {
  it('is read back as it was written', () => {
    const sps = avcSps({ width: 1280, height: 720, profile: 100, constraints: 0, reorderFrames: 2 });
    const written = writeAvcConfiguration([AVC_PPS, sps]);
    expect(written).toMatchObject({ codecString: 'avc1.64001f', width: 1280, height: 720, nalLengthSize: 4 });
    expect(written.parameterSets).toEqual([sps, AVC_PPS]);
    expect(readAvcConfiguration(written.configuration)).toEqual(written);
  });

  it('has the chroma format and bit depths of the high profiles only', () => {
    const length = (profile: number) => {
      const sps = avcSps({ width: 64, height: 64, profile });
      return writeAvcConfiguration([sps, AVC_PPS]).configuration.length - sps.length - AVC_PPS.length;
    };
    expect(length(66)).toBe(11);
    expect(length(100)).toBe(15);
  });

  it('without parameter sets has no size: they come in the stream', () => {
    const record = Uint8Array.of(1, 66, 0xc0, 31, 0xff, 0xe0, 0);
    expect(readAvcConfiguration(record)).toMatchObject({ codecString: 'avc1.42c01f', width: 0, height: 0 });
  });

  it('is refused when it is cut short or of another version', () => {
    const { configuration } = writeAvcConfiguration([CHROMIUM_SPS, AVC_PPS]);
    expect(() => readAvcConfiguration(configuration.subarray(0, 20))).toThrow(MediaError);
    expect(() => readAvcConfiguration(configuration.subarray(0, 5))).toThrow(MediaError);
    expect(() => readAvcConfiguration(Uint8Array.of(2, ...configuration.subarray(1)))).toThrow(
      'not version 1',
    );
    expect(() => writeAvcConfiguration([AVC_PPS])).toThrow('needs 1 to 31 SPS');
  });
});
