import { describe, expect, it } from 'vitest';
import { BitWriter, vp9Delta, vp9Keyframe } from './synthetic-bitstream.ts';
import { readVpConfiguration, writeVpConfiguration } from './vp-configuration.ts';
import { VpVideoReader } from './vp-video-reader.ts';
import { readVp9Keyframe } from './vp9.ts';

describe('VP9', () => {
  it('tells size and format in the uncompressed header of a keyframe', () => {
    expect(readVp9Keyframe(vp9Keyframe({ width: 1280, height: 720 }))).toEqual({
      profile: 0,
      bitDepth: 8,
      chromaSubsampling: 1,
      fullRange: false,
      colour: [1, 1, 1],
      width: 1280,
      height: 720,
    });
    expect(readVp9Keyframe(vp9Delta())).toBeUndefined();
  });

  it('tells 4:4:4 with 10 bits and full range', () => {
    const start = new BitWriter().bits(0b10, 2).bits(0b11, 2).flag(false).flag(false).flag(false).bits(2, 2);
    const frame = start.bits(0x498342, 24).flag(false).bits(5, 3).flag(true).bits(0, 3);
    const keyframe = readVp9Keyframe(frame.bits(63, 16).bits(63, 16).bytes());
    expect(keyframe).toMatchObject({ profile: 3, bitDepth: 10, chromaSubsampling: 3, fullRange: true });
    expect(keyframe && writeVpConfiguration('vp9', keyframe, 30).codecString).toBe(
      'vp09.03.10.10.03.09.14.09.01',
    );
  });

  it('does not take a frame that is shown again for a keyframe', () => {
    expect(readVp9Keyframe(Uint8Array.of(0b10001000))).toBeUndefined();
  });

  it.each([
    [640, 360, 30, 'vp09.00.21.08'],
    [1280, 720, 30, 'vp09.00.31.08'],
    [1280, 720, 60, 'vp09.00.40.08'],
    [1920, 1080, 30, 'vp09.00.40.08'],
    [3840, 2160, 60, 'vp09.00.51.08'],
  ])('%i × %i at %i fps has the level of %s', (width, height, frameRate, codecString) => {
    const keyframe = readVp9Keyframe(vp9Keyframe({ width, height }));
    expect(keyframe && writeVpConfiguration('vp9', keyframe, frameRate).codecString).toBe(codecString);
  });

  it('has a configuration record that reads back without a size', () => {
    const keyframe = readVp9Keyframe(vp9Keyframe({ width: 1280, height: 720 }));
    const written = keyframe && writeVpConfiguration('vp9', keyframe, 30);
    expect(written && readVpConfiguration('vp9', written.configuration)).toEqual({
      ...written,
      width: 0,
      height: 0,
    });
    expect(() => readVpConfiguration('vp9', Uint8Array.of(1, 0, 0, 0))).toThrow('too short');
  });

  it('is refused with a wrong marker, a wrong sync code or a cut header', () => {
    expect(() => readVp9Keyframe(Uint8Array.of(0x42, 0))).toThrow('wrong frame marker');
    expect(() => readVp9Keyframe(Uint8Array.of(0x82, 1, 2, 3))).toThrow('wrong sync code');
    expect(() => readVp9Keyframe(vp9Keyframe({ width: 64, height: 64 }).subarray(0, 6))).toThrow(
      'ends too soon',
    );
  });
});

describe('Vp9VideoReader', () => {
  it('makes a new configuration when a keyframe changes the size, and only then', () => {
    const reader = new VpVideoReader('vp9');
    expect(reader.configuration).toBeUndefined();
    reader.read(vp9Keyframe({ width: 640, height: 360 }));
    const first = reader.configuration;
    expect(first).toMatchObject({ width: 640, height: 360 });
    reader.read(vp9Delta());
    reader.read(vp9Keyframe({ width: 640, height: 360 }, 7));
    expect(reader.configuration).toBe(first);
    // Within one level, so that the record alone would not tell.
    reader.read(vp9Keyframe({ width: 600, height: 360 }));
    expect(reader.configuration).toMatchObject({ width: 600, height: 360 });
  });
});
