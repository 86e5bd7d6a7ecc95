import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MediaError } from '../media-error.ts';
import { readBlock } from './block.ts';
import { blockBody, ebmlLaced, fixedLaced, xiphLaced } from './synthetic-webm.ts';

const frames = fc.array(fc.uint8Array({ maxLength: 600 }), { minLength: 1, maxLength: 20 });

describe('a block', () => {
  it('without lacing is one frame, a view', () => {
    const body = blockBody(1, -2, Uint8Array.of(7, 8, 9), 0x80);
    const block = readBlock(body);
    expect(block).toEqual({ trackNumber: 1, timestamp: -2, frames: [Uint8Array.of(7, 8, 9)] });
    expect(block.frames[0]?.buffer).toBe(body.buffer);
  });

  it.each([
    ['Xiph', xiphLaced],
    ['EBML', ebmlLaced],
  ])('with %s lacing gives its frames back', (_, lace) => {
    fc.assert(
      fc.property(frames, (all) => {
        const { flags, payload } = lace(...all);
        expect(readBlock(blockBody(3, 1000, payload, flags)).frames).toEqual(all);
      }),
    );
  });

  it('with fixed-size lacing gives its frames back', () => {
    const all = [Uint8Array.of(1, 2), Uint8Array.of(3, 4), Uint8Array.of(5, 6)];
    const { flags, payload } = fixedLaced(...all);
    expect(readBlock(blockBody(200, 0, payload, flags))).toMatchObject({ trackNumber: 200, frames: all });
    expect(() => readBlock(blockBody(1, 0, payload.subarray(1), flags))).toThrow(MediaError);
  });

  it('is refused, never misread, when it is noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (noise) => {
        try {
          expect(readBlock(noise).frames.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(MediaError);
        }
      }),
    );
  });
});
