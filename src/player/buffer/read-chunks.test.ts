import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MediaError } from '../../media/media-error.ts';
import { PRFT_ARRIVED, PRFT_CAPTURED } from '../../media/mp4/boxes/producer-reference-time.ts';
import { writeChunk } from '../../media/mp4/cmaf-chunk.ts';
import { writeInit } from '../../media/mp4/cmaf-header.ts';
import { milliseconds, ticks, timescale } from '../../media/time.ts';
import type { Track } from '../../media/track.ts';
import { readChunkTracks, readPlayChunks } from './read-chunks.ts';

const VIDEO: Track = {
  kind: 'video',
  codec: 'avc',
  codecString: 'avc1.42c01f',
  timescale: timescale(90_000),
  configuration: new Uint8Array([1, 0x42, 0xc0, 0x1f, 0xff, 0xe0, 0]),
  width: 640,
  height: 360,
};
const AUDIO: Track = {
  kind: 'audio',
  codec: 'opus',
  codecString: 'opus',
  timescale: timescale(48_000),
  configuration: new Uint8Array([0, 1, 0, 0, 0, 0, 0xbb, 0x80, 0, 0, 0]),
  sampleRate: 48_000,
  channels: 1,
};
const tracks = readChunkTracks(writeInit([VIDEO, AUDIO]));

const sample = (duration: number, size = 4) => ({
  duration: ticks(duration),
  compositionOffset: ticks(0),
  data: new Uint8Array(size),
});
const videoChunk = (decodeTime: number, keyframe: boolean, flags?: number) =>
  writeChunk(
    {
      trackId: 1,
      sequence: 1,
      decodeTime: ticks(decodeTime),
      keyframe,
      referenceTime:
        flags === undefined
          ? undefined
          : {
              trackId: 1,
              wallClock: milliseconds(1_700_000_000_000),
              mediaTime: ticks(decodeTime),
              flags,
            },
    },
    [sample(3000)],
  );
const audioChunk = (decodeTime: number, durations: number[]) =>
  writeChunk(
    { trackId: 2, sequence: 1, decodeTime: ticks(decodeTime), keyframe: false, referenceTime: undefined },
    durations.map((duration, index) => sample(duration, 4 + index)),
  );
const message = (...chunks: Uint8Array[]) => new Uint8Array(Buffer.concat(chunks));

describe('readPlayChunks', () => {
  it('takes a message apart into its whole chunks', () => {
    const [first, second] = [videoChunk(90_000, true), audioChunk(48_000, [2880, 2880])];
    const chunks = readPlayChunks(message(first, second), tracks);
    expect(chunks).toMatchObject([
      { kind: 'video', keyframe: true, start: 1000 },
      { kind: 'audio', keyframe: true, start: 1000, end: 1120 },
    ]);
    expect(chunks[0]?.end).toBeCloseTo(1033.33, 1);
    expect(chunks.map(({ bytes }) => Buffer.from(bytes))).toEqual([Buffer.from(first), Buffer.from(second)]);
  });

  it('knows a keyframe from the frames after it', () => {
    const chunks = readPlayChunks(message(videoChunk(0, true), videoChunk(3000, false)), tracks);
    expect(chunks.map(({ keyframe }) => keyframe)).toEqual([true, false]);
  });

  it('sums durations that differ', () => {
    expect(readPlayChunks(message(audioChunk(0, [960, 2880, 480])), tracks)[0]?.end).toBe(90);
  });

  it.each([
    [PRFT_CAPTURED, true],
    [PRFT_ARRIVED, false],
  ])('reads the reference time of flags %i', (flags, captured) => {
    const [chunk, next] = readPlayChunks(
      message(videoChunk(45_000, true, flags), videoChunk(48_000, false)),
      tracks,
    );
    expect(chunk?.reference).toEqual({ mediaTime: 500, wallClock: 1_700_000_000_000, captured });
    expect(next?.reference).toBeUndefined();
  });

  it.each([
    ['the rest of a chunk', message(videoChunk(0, true)).slice(40)],
    ['half a chunk', message(videoChunk(0, true)).slice(0, -1)],
    ['a chunk without its data', message(videoChunk(0, true)).slice(0, -12)],
    ['noise', new Uint8Array(64).fill(7)],
  ])('refuses %s', (_, bytes) => {
    expect(() => readPlayChunks(bytes, tracks)).toThrow(MediaError);
  });

  it('refuses a chunk of a track that the init segment does not name', () => {
    const videoOnly = readChunkTracks(writeInit([VIDEO]));
    expect(() => readPlayChunks(message(audioChunk(0, [960])), videoOnly)).toThrow(MediaError);
  });

  it('answers any damage with chunks or its one error', () => {
    const good = message(videoChunk(0, true, PRFT_CAPTURED), audioChunk(0, [960, 2880]));
    const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(damage, (changes) => {
        const bad = good.slice();
        for (const [at, value] of changes) bad[at] = value;
        try {
          for (const { bytes } of readPlayChunks(bad, tracks))
            expect(bytes.length).toBeLessThanOrEqual(bad.length);
        } catch (error) {
          expect(error).toBeInstanceOf(MediaError);
        }
      }),
    );
  });
});

describe('readChunkTracks', () => {
  it('refuses what is not an init segment', () => {
    expect(() => readChunkTracks(new Uint8Array())).toThrow(MediaError);
    expect(() => readChunkTracks(videoChunk(0, true))).toThrow(MediaError);
    expect(() => readChunkTracks(writeInit([VIDEO]).slice(0, -1))).toThrow(MediaError);
  });
});
