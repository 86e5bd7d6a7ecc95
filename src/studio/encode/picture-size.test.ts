import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pictureSize } from './picture-size.ts';
import { presetQuality } from './quality.ts';

const quality = presetQuality('720p', 30);

describe('pictureSize', () => {
  it('is that of the source, when it is not beyond the quality', () => {
    expect(pictureSize({ width: 1280, height: 720 }, quality)).toEqual({ width: 1280, height: 720 });
    expect(pictureSize({ width: 640, height: 480 }, quality)).toEqual({ width: 640, height: 480 });
  });

  it('is that of the quality without a source', () => {
    expect(pictureSize(undefined, quality)).toEqual({ width: 1280, height: 720 });
  });

  it('brings a source that is beyond the quality down to it', () => {
    expect(pictureSize({ width: 1920, height: 1080 }, quality)).toEqual({ width: 1280, height: 720 });
    expect(pictureSize({ width: 2560, height: 1080 }, quality)).toEqual({ width: 1280, height: 540 });
  });

  it('keeps a telephone upright', () => {
    expect(pictureSize({ width: 1080, height: 1920 }, quality)).toEqual({ width: 720, height: 1280 });
  });

  it('is always even', () => {
    expect(pictureSize({ width: 641, height: 361 }, quality)).toEqual({ width: 642, height: 362 });
    const side = fc.integer({ min: 1, max: 5000 });
    fc.assert(
      fc.property(side, side, (width, height) => {
        const size = pictureSize({ width, height }, quality);
        expect((size.width % 2) + (size.height % 2)).toBe(0);
        expect(Math.min(size.width, size.height)).toBeGreaterThan(0);
        expect(Math.max(size.width, size.height)).toBeLessThanOrEqual(1280);
      }),
    );
  });
});
