import { describe, expect, it } from 'vitest';
import { readVpConfiguration, writeVpConfiguration } from './vp-configuration.ts';
import { VpVideoReader } from './vp-video-reader.ts';
import { readVp8Keyframe } from './vp8.ts';

/** Frame tag, start code, and sizes with the two bits of scaling above them (RFC 6386 §9.1). */
function keyframe(width: number, height: number, { version = 0, scaling = 0 } = {}): Uint8Array {
  const sizes = [width, height].flatMap((size) => [size & 255, (size >> 8) | (scaling << 6)]);
  return Uint8Array.of(0x10 | (version << 1), 2, 0, 0x9d, 0x01, 0x2a, ...sizes, 0, 0);
}
const DELTA = Uint8Array.of(0x11, 2, 0, 7, 7);

describe('VP8', () => {
  it.each([
    [{}, 0],
    [{ version: 3, scaling: 2 }, 3],
  ])('tells size and profile in the header of a keyframe: %o', (format, profile) => {
    expect(readVp8Keyframe(keyframe(1280, 720, format))).toMatchObject({ profile, width: 1280, height: 720 });
    expect(readVp8Keyframe(DELTA)).toBeUndefined();
  });

  it.each([
    ['another start code', keyframe(64, 64).fill(0, 3, 6)],
    ['an end in its header', keyframe(64, 64).subarray(0, 9)],
    ['no width', keyframe(0, 64)],
  ])('refuses a keyframe with %s', (_, frame) => {
    expect(() => readVp8Keyframe(frame)).toThrow(expect.objectContaining({ code: 'codec-malformed' }));
  });

  it('has a configuration record that reads back without a size', () => {
    const frame = readVp8Keyframe(keyframe(1280, 720));
    const written = frame && writeVpConfiguration('vp8', frame, 30);
    expect(written?.codecString).toBe('vp08.00.31.08');
    expect(written && readVpConfiguration('vp8', written.configuration)).toEqual({
      ...written,
      width: 0,
      height: 0,
    });
  });

  it('is known from its first keyframe on, and anew where one differs', () => {
    const reader = new VpVideoReader('vp8');
    expect(reader.read(DELTA)).toEqual({ keyframe: false, data: DELTA });
    expect(reader.configuration).toBeUndefined();
    expect(reader.read(keyframe(640, 360)).keyframe).toBe(true);
    const first = reader.configuration;
    reader.read(keyframe(640, 360));
    expect(reader.configuration).toBe(first);
    reader.read(keyframe(320, 180));
    expect(reader.configuration).toMatchObject({ codec: 'vp8', width: 320, height: 180 });
  });
});
