import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Chunk } from '../chunk.ts';
import { MediaError } from '../media-error.ts';
import { milliseconds, ticks, timescale } from '../time.ts';
import { writeChunk } from './cmaf-chunk.ts';
import { readChunk } from './read-chunk.ts';

const chunkOf = (bytes: Uint8Array, dts = 0): Chunk => ({
  ...{ kind: 'video', trackId: 1, timescale: timescale(90_000), dts: ticks(dts), duration: ticks(0) },
  ...{ samples: 1, keyframe: true, startsGroup: true, wallClock: milliseconds(0), bytes },
});

const SAMPLE = fc.record({
  duration: fc.nat(100_000).map(ticks),
  compositionOffset: fc.integer({ min: -5000, max: 5000 }).map(ticks),
  data: fc.uint8Array({ minLength: 1, maxLength: 40 }),
});

it('takes out of a chunk what was put into it', () => {
  fc.assert(
    fc.property(fc.array(SAMPLE, { minLength: 1, maxLength: 8 }), fc.nat(1_000_000), (samples, dts) => {
      const header = { trackId: 1, sequence: 1, decodeTime: ticks(dts), keyframe: true };
      const bytes = writeChunk({ ...header, referenceTime: undefined }, samples);
      const read = readChunk(chunkOf(bytes, dts));
      expect(
        read.map(({ duration, compositionOffset, data }) => ({ duration, compositionOffset, data })),
      ).toEqual(samples);
      expect(read[0]?.dts).toBe(dts);
      expect(read.map(({ keyframe }) => keyframe)).toEqual(samples.map((_, index) => index === 0));
    }),
  );
});

it('refuses what is no chunk by name', () => {
  for (const bytes of [
    new Uint8Array(),
    new Uint8Array(100),
    new Uint8Array([0, 0, 0, 8, 109, 111, 111, 102]),
  ]) {
    expect(() => readChunk(chunkOf(bytes))).toThrow(MediaError);
  }
});
