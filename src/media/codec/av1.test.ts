import { describe, expect, it } from 'vitest';
import { MediaError } from '../media-error.ts';
import {
  findAv1SequenceHeader,
  isAv1Keyframe,
  readAv1Configuration,
  splitAv1Obus,
  writeAv1Configuration,
} from './av1.ts';
import { Av1VideoReader } from './av1-video-reader.ts';
import { av1Delta, av1Keyframe, av1SequenceHeader } from './synthetic-bitstream.ts';

const SIZE = { width: 1280, height: 720 };
const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
/** Of Chromium's MediaRecorder at 640 × 360: level 2.1, BT.601. */
const CHROMIUM_HEADER = bytes('0a0d0000000cc4ff6700688303030 2'.replace(' ', ''));

describe('AV1', () => {
  it('tells size and format in its sequence header', () => {
    const header = findAv1SequenceHeader(av1SequenceHeader(SIZE));
    const written = header && writeAv1Configuration(header);
    expect(written).toMatchObject({ ...SIZE, codecString: 'av01.0.05M.08' });
    expect(written && readAv1Configuration(written.configuration)).toEqual(written);
  });

  it('is read as Chromium writes it', () => {
    const header = findAv1SequenceHeader(CHROMIUM_HEADER);
    const expected = { width: 640, height: 360, codecString: 'av01.0.01M.08.0.110.06.06.06.0' };
    expect(header && writeAv1Configuration(header)).toMatchObject(expected);
  });

  it('gives the header in the record a size field when it has none', () => {
    const sized = av1SequenceHeader(SIZE);
    const unsized = Uint8Array.of(0x08, ...sized.subarray(2));
    const header = findAv1SequenceHeader(unsized);
    expect(header && writeAv1Configuration(header).configuration.subarray(4)).toEqual(sized);
  });

  it('has no size in a record without a sequence header', () => {
    expect(readAv1Configuration(Uint8Array.of(0x81, 0x09, 0x0c, 0))).toMatchObject({
      codecString: 'av01.0.09M.08',
      width: 0,
    });
  });

  it('starts decoding at a shown key frame behind a sequence header', () => {
    expect(isAv1Keyframe(splitAv1Obus(av1Keyframe(SIZE)))).toBe(true);
    expect(isAv1Keyframe(splitAv1Obus(av1Delta()))).toBe(false);
    const hidden = Uint8Array.of(...av1SequenceHeader(SIZE), 0x32, 2, 0x00, 1);
    expect(isAv1Keyframe(splitAv1Obus(hidden))).toBe(false);
    const withoutHeader = Uint8Array.of(0x32, 2, 0x10, 1);
    expect(isAv1Keyframe(splitAv1Obus(withoutHeader))).toBe(false);
  });

  it('is refused when units leave their sample, have the forbidden bit, or are absurdly many', () => {
    expect(() => splitAv1Obus(Uint8Array.of(0x32, 9, 1))).toThrow('longer than its sample');
    expect(() => splitAv1Obus(Uint8Array.of(0xb2, 0))).toThrow('forbidden bit');
    expect(() => splitAv1Obus(Uint8Array.of(0x32, 255, 255, 255, 255, 255))).toThrow('no valid size');
    expect(() =>
      splitAv1Obus(new Uint8Array(10_000).fill(0x12).map((byte, at) => (at % 2 ? 0 : byte))),
    ).toThrow('over 4096');
    expect(() => findAv1SequenceHeader(av1SequenceHeader(SIZE).subarray(0, 5))).toThrow(MediaError);
  });
});

describe('Av1VideoReader', () => {
  it('cuts the temporal delimiter off, without a copy', () => {
    const unit = av1Delta();
    const { data, keyframe } = new Av1VideoReader(undefined).read(unit);
    expect(keyframe).toBe(false);
    expect(data).toEqual(unit.subarray(2));
    expect(data.buffer).toBe(unit.buffer);
  });

  it('leaves nothing of a unit that is only a delimiter', () => {
    expect(new Av1VideoReader(undefined).read(Uint8Array.of(0x12, 0)).data).toHaveLength(0);
  });

  it('knows its configuration from a record with a sequence header, else from the first keyframe', () => {
    const record = Uint8Array.of(0x81, 5, 0x0c, 0);
    const reader = new Av1VideoReader(record);
    expect(reader.configuration).toBeUndefined();
    reader.read(av1Keyframe(SIZE));
    expect(reader.configuration).toMatchObject(SIZE);
    expect(
      new Av1VideoReader(Uint8Array.of(...record, ...av1SequenceHeader(SIZE))).configuration,
    ).toMatchObject(SIZE);
  });

  it('makes a new configuration when the sequence header changes, and only then', () => {
    const reader = new Av1VideoReader(undefined);
    reader.read(av1Keyframe(SIZE));
    const first = reader.configuration;
    reader.read(av1Keyframe(SIZE, 9));
    expect(reader.configuration).toBe(first);
    reader.read(av1Keyframe({ width: 640, height: 360 }));
    expect(reader.configuration).toMatchObject({ width: 640, height: 360 });
  });
});
