import { describe, expect, it } from 'vitest';
import { rgbaToI420 } from './rgba-to-i420.ts';

const LIMITED_601 = { matrix: 'smpte170m', fullRange: false } as const;
const LIMITED_709 = { matrix: 'bt709', fullRange: false } as const;
const FULL_601 = { matrix: 'smpte170m', fullRange: true } as const;

/** Four pixels of one colour, and the one luma and the two chroma values that they become. */
function convert(colour: readonly number[], space: Parameters<typeof rgbaToI420>[3]): number[] {
  const pixels = new Uint8ClampedArray([...colour, 255, ...colour, 255, ...colour, 255, ...colour, 255]);
  const [luma, ...rest] = rgbaToI420(pixels, 2, 2, space);
  expect(rest.slice(0, 3)).toEqual([luma, luma, luma]);
  return [luma ?? -1, ...rest.slice(3)];
}

describe('rgbaToI420', () => {
  it.each([
    ['black', [0, 0, 0], LIMITED_601, [16, 128, 128]],
    ['white', [255, 255, 255], LIMITED_601, [235, 128, 128]],
    ['red', [255, 0, 0], LIMITED_601, [81, 90, 240]],
    ['blue', [0, 0, 255], LIMITED_601, [41, 240, 110]],
    ['red', [255, 0, 0], LIMITED_709, [63, 102, 240]],
    ['green', [0, 255, 0], LIMITED_709, [173, 42, 26]],
    ['white', [255, 255, 255], FULL_601, [255, 128, 128]],
    ['red', [255, 0, 0], FULL_601, [76, 85, 255]],
  ] as const)('knows %s, %j as %o', (_, colour, space, expected) => {
    expect(convert(colour, space)).toEqual(expected);
  });

  it('keeps every pixel in its place, and gives four pixels one colour', () => {
    const pixels = new Uint8ClampedArray(4 * 2 * 4).fill(255);
    pixels.set([0, 0, 0], 4 * 3);
    expect([...rgbaToI420(pixels, 4, 2, LIMITED_601)]).toEqual([
      ...[235, 235, 235, 16, 235, 235, 235, 235],
      ...[128, 128],
      ...[128, 128],
    ]);
  });
});
