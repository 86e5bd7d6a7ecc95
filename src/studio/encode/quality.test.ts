import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DEFAULT_QUALITY,
  FRAME_RATES,
  PRESETS,
  presetOf,
  presetQuality,
  problemOfQuality,
  QUALITY_LIMITS,
  recommendedBitrate,
} from './quality.ts';

describe('quality', () => {
  it('recommends the bitrate of a preset at 30 frames a second', () => {
    expect(PRESETS.map(({ name }) => [name, presetQuality(name, 30).videoBitrate])).toEqual([
      ['1080p', 4_500_000],
      ['720p', 2_500_000],
      ['480p', 1_200_000],
    ]);
  });

  it('recommends more for more frames and more pixels, always within the limits', () => {
    const size = fc.tuple(fc.integer({ min: 160, max: 3840 }), fc.integer({ min: 120, max: 2160 }));
    fc.assert(
      fc.property(size, fc.integer({ min: 5, max: 59 }), ([width, height], frameRate) => {
        const bitrate = recommendedBitrate(width, height, frameRate);
        expect(bitrate).toBeLessThanOrEqual(recommendedBitrate(width, height, frameRate + 1));
        expect(bitrate).toBeGreaterThanOrEqual(QUALITY_LIMITS.videoBitrate.least);
        expect(bitrate).toBeLessThanOrEqual(QUALITY_LIMITS.videoBitrate.most);
      }),
    );
  });

  it('knows its own presets again, and nothing wrong with them', () => {
    for (const { name } of PRESETS) {
      for (const frameRate of FRAME_RATES) {
        const quality = presetQuality(name, frameRate);
        expect(presetOf(quality)).toBe(name);
        expect(problemOfQuality(quality)).toBeUndefined();
      }
    }
    expect(presetOf({ ...DEFAULT_QUALITY, width: 1000 })).toBeUndefined();
  });

  it.each([
    [{ width: 100 }, 'The width must be from 160 to 3840 pixels.'],
    [{ height: 2162 }, 'The height must be from 120 to 2160 pixels.'],
    [{ width: 641 }, 'Width and height must be even numbers.'],
    [{ frameRate: 0 }, 'The frame rate must be from 5 to 60 frames a second.'],
    [{ frameRate: Number.NaN }, 'The frame rate must be from 5 to 60 frames a second.'],
    [{ videoBitrate: 60_000_000 }, 'The bitrate must be from 100 to 50000 kbit/s.'],
  ])('refuses %j in words', (change, words) => {
    expect(problemOfQuality({ ...DEFAULT_QUALITY, ...change })).toBe(words);
  });
});
