import { describe, expect, it } from 'vitest';
import { writeAvcConfiguration } from './avc.ts';
import { joinLengthPrefixed, splitAnnexB } from './nal-units.ts';
import { NalVideoReader } from './nal-video-reader.ts';
import { AVC_PPS, annexB, avcDelta, avcKeyframe, avcSps } from './synthetic-bitstream.ts';

const SPS = avcSps({ width: 640, height: 360 });
const OTHER_SPS = avcSps({ width: 1280, height: 720 });
const DELIMITER = Uint8Array.of(0x09, 0xf0);
const SLICE = Uint8Array.of(0x65, 0xb8, 1);

describe('NalVideoReader of Annex B', () => {
  it('knows nothing before a keyframe with parameter sets', () => {
    const reader = new NalVideoReader('avc', undefined);
    expect(reader.read(avcDelta()).keyframe).toBe(false);
    expect(reader.read(annexB(SLICE)).keyframe).toBe(true);
    expect(reader.configuration).toBeUndefined();
    reader.read(avcKeyframe(SPS));
    expect(reader.configuration).toMatchObject({ codecString: 'avc1.42c01f', width: 640, height: 360 });
  });

  it('makes one fresh length-prefixed buffer, with parameter sets and without delimiters', () => {
    const unit = annexB(DELIMITER, SPS, AVC_PPS, SLICE);
    const { data } = new NalVideoReader('avc', undefined).read(unit);
    expect(data).toEqual(joinLengthPrefixed([SPS, AVC_PPS, SLICE]));
    expect(data.byteLength).toBe(data.buffer.byteLength);
  });

  it('takes parameter sets from a description in Annex B', () => {
    const reader = new NalVideoReader('avc', annexB(SPS, AVC_PPS));
    expect(reader.configuration).toMatchObject({ width: 640, height: 360 });
  });

  it('makes a new configuration for a new SPS, not for a repeated one or a new PPS', () => {
    const reader = new NalVideoReader('avc', undefined);
    reader.read(avcKeyframe(SPS));
    const first = reader.configuration;
    reader.read(avcKeyframe(SPS, 2));
    reader.read(annexB(SPS, Uint8Array.of(0x68, 0xce, 0x38, 0x80), SLICE));
    expect(reader.configuration).toBe(first);
    reader.read(avcKeyframe(OTHER_SPS));
    expect(reader.configuration).toMatchObject({ width: 1280, height: 720 });
    const { configuration } = writeAvcConfiguration([OTHER_SPS, AVC_PPS]);
    expect(reader.configuration?.configuration).toEqual(configuration);
  });

  it('keeps the PPS when only an SPS comes', () => {
    const reader = new NalVideoReader('avc', undefined);
    reader.read(avcKeyframe(SPS));
    reader.read(annexB(OTHER_SPS, SLICE));
    const { configuration } = writeAvcConfiguration([OTHER_SPS, AVC_PPS]);
    expect(reader.configuration?.configuration).toEqual(configuration);
  });

  it('does not depend on the buffer that a parameter set came in', () => {
    const unit = avcKeyframe(SPS);
    const reader = new NalVideoReader('avc', undefined);
    reader.read(unit);
    const known = Uint8Array.from(reader.configuration?.configuration ?? []);
    unit.fill(0);
    expect(reader.configuration?.configuration).toEqual(known);
    reader.read(avcKeyframe(SPS));
    expect(reader.configuration?.configuration).toEqual(known);
  });

  it('refuses frames without NAL units and a flood of parameter sets', () => {
    const reader = new NalVideoReader('avc', undefined);
    expect(() => reader.read(Uint8Array.of(1, 2, 3))).toThrow('no NAL units');
    const flood = Array.from({ length: 65 }, () => SPS);
    expect(() => reader.read(annexB(...flood, SLICE))).toThrow('too many or too large parameter sets');
  });
});

describe('NalVideoReader of length-prefixed units', () => {
  const record = writeAvcConfiguration([SPS, AVC_PPS]).configuration;
  const lengthPrefixed = (annexBUnit: Uint8Array) => joinLengthPrefixed(splitAnnexB(annexBUnit));

  it('knows its configuration at once and passes samples on as they are', () => {
    const reader = new NalVideoReader('avc', record);
    expect(reader.configuration).toMatchObject({ width: 640, height: 360, configuration: record });
    const unit = lengthPrefixed(annexB(SLICE));
    expect(reader.read(unit)).toEqual({ keyframe: true, data: unit });
    expect(reader.read(unit).data).toBe(unit);
  });

  it('notices a new SPS in a keyframe', () => {
    const reader = new NalVideoReader('avc', record);
    const first = reader.configuration;
    reader.read(lengthPrefixed(avcKeyframe(SPS)));
    expect(reader.configuration).toBe(first);
    reader.read(lengthPrefixed(avcKeyframe(OTHER_SPS)));
    expect(reader.configuration).toMatchObject({ width: 1280, height: 720 });
  });

  it('keeps the length size of the record in a new one', () => {
    const short = writeAvcConfiguration([SPS, AVC_PPS], 2).configuration;
    const reader = new NalVideoReader('avc', short);
    const units = splitAnnexB(avcKeyframe(OTHER_SPS));
    reader.read(Uint8Array.from(units.flatMap((unit) => [0, unit.length, ...unit])));
    expect((reader.configuration?.configuration[4] ?? 0) & 3).toBe(1);
  });

  it('waits for a keyframe when the record has no parameter sets', () => {
    const reader = new NalVideoReader('avc', Uint8Array.of(1, 66, 0xc0, 31, 0xff, 0xe0, 0));
    expect(reader.configuration).toBeUndefined();
    reader.read(lengthPrefixed(avcKeyframe(SPS)));
    expect(reader.configuration).toMatchObject({ width: 640, height: 360 });
  });

  it('refuses lengths that leave the sample', () => {
    const reader = new NalVideoReader('avc', record);
    expect(() => reader.read(Uint8Array.of(0, 0, 1, 0, 0x65))).toThrow('longer than its sample');
  });
});

describe('NalVideoReader of HEVC', () => {
  /** What x265 makes of 642 × 362. */
  const hex = [
    '40010c01ffff01600000030090000003000003003f959809',
    '42010101600000030090000003000003003fa005120171c9265959a4932bc05a020000030002000003003210',
    '4401c172b46240',
  ];
  const sets = hex.map((all) => Uint8Array.from(all.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)));
  const randomAccess = Uint8Array.of(0x2a, 0x01, 7);
  const trailing = Uint8Array.of(0x02, 0x01, 7);

  it('takes Annex B without a record, and clean random access pictures for keyframes', () => {
    const reader = new NalVideoReader('hevc', undefined);
    expect(reader.read(annexB(trailing)).keyframe).toBe(false);
    const { keyframe, data } = reader.read(annexB(Uint8Array.of(0x46, 0x01, 0x50), ...sets, randomAccess));
    expect(keyframe).toBe(true);
    expect(data).toEqual(joinLengthPrefixed([...sets, randomAccess]));
    expect(reader.configuration).toMatchObject({ codecString: 'hvc1.1.6.L63.90', width: 642, height: 362 });
    expect(reader.reorderFrames).toBe(2);
  });
});
