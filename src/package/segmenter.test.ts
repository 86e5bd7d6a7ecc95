import { describe, expect, it } from 'vitest';
import type { Chunk, Epoch } from '../media/chunk.ts';
import { OPUS, VIDEO } from '../media/mp4/synthetic-mp4.ts';
import { bytes, milliseconds, ticks, timescale } from '../media/time.ts';
import type { Segment, SegmentLimits } from './segment.ts';
import { Segmenter } from './segmenter.ts';

const LIMITS: SegmentLimits = {
  segment: milliseconds(2000),
  part: milliseconds(200),
  window: milliseconds(16_000),
  maxBytes: bytes(1_000_000),
};
const SCALE = timescale(48_000);

function epochOf(index: number, kinds: readonly ('video' | 'audio')[] = ['video', 'audio']): Epoch {
  const tracks = kinds.map((kind) => ({ ...(kind === 'video' ? VIDEO : OPUS), timescale: SCALE }));
  return { index, tracks, init: new Uint8Array(), mime: 'video/mp4' };
}

/** A stream in milliseconds, cut as it comes. */
class Stream {
  readonly segmenter: Segmenter;
  readonly #ends = { video: 0, audio: 0 };

  constructor(limits: Partial<SegmentLimits> = {}, kinds?: readonly ('video' | 'audio')[]) {
    this.segmenter = new Segmenter({ ...LIMITS, ...limits });
    this.segmenter.epoch(epochOf(0, kinds));
  }

  chunk(kind: Chunk['kind'], duration: number, keyframe: boolean, size = 10): Chunk {
    const start = this.#ends[kind];
    this.#ends[kind] += duration;
    const chunk: Chunk = {
      kind,
      trackId: kind === 'video' ? 1 : 2,
      timescale: SCALE,
      dts: ticks(start * 48),
      duration: ticks(duration * 48),
      samples: 1,
      keyframe,
      startsGroup: keyframe && kind === 'video',
      wallClock: milliseconds(1_000_000 + start),
      bytes: new Uint8Array(size),
    };
    this.segmenter.chunk(chunk);
    return chunk;
  }

  /** Frames of equal length, with a keyframe first and then every `every` of them. */
  frames(count: number, duration: number, every = count): this {
    for (let index = 0; index < count; index += 1) this.chunk('video', duration, index % every === 0);
    return this;
  }

  sounds(count: number, duration: number): this {
    for (let index = 0; index < count; index += 1) this.chunk('audio', duration, true);
    return this;
  }

  skip(kind: Chunk['kind'], duration: number): this {
    this.#ends[kind] += duration;
    return this;
  }

  listed(kind: Chunk['kind']): readonly Segment[] {
    return this.segmenter.track(kind)?.window.listed ?? [];
  }

  /** What each segment lasts, in milliseconds. */
  lengths(kind: Chunk['kind']): number[] {
    return this.listed(kind).map(({ duration }) => duration / 48);
  }
}

const partLengths = ({ parts }: Segment) => parts.map(({ duration }) => duration / 48);

describe('segments of video', () => {
  it('begin at the keyframe that is nearest to what is wanted', () => {
    const stream = new Stream().frames(200, 40, 25);
    expect(stream.lengths('video')).toEqual([2000, 2000, 2000]);
    expect(stream.listed('video').every(({ independent }) => independent)).toBe(true);
    expect(new Stream().frames(200, 40, 40).lengths('video')).toEqual([1600, 1600, 1600, 1600]);
  });

  it('end without a keyframe where none comes in twice that time', () => {
    const stream = new Stream().frames(260, 40);
    expect(stream.lengths('video')).toEqual([4000, 4000]);
    expect(stream.listed('video').map(({ independent }) => independent)).toEqual([true, false]);
  });

  it('hold the very chunks that came, and never copy them', () => {
    const stream = new Stream();
    const first = stream.chunk('video', 40, true);
    stream.frames(60, 40, 50);
    const [segment] = stream.listed('video');
    expect(segment?.chunks[0]).toBe(first);
    expect(segment?.parts[0]?.chunks[0]).toBe(first);
    expect(segment?.byteLength).toBe(510);
    expect(segment?.parts.flatMap(({ chunks }) => chunks)).toEqual(segment?.chunks);
  });

  it('do not begin before a keyframe', () => {
    const stream = new Stream();
    stream.chunk('video', 40, false);
    expect(stream.segmenter.tracks).toEqual([]);
  });
});

describe('parts', () => {
  it('are of whole frames, at every usual rate within 85 % of the target', () => {
    for (const rate of [5, 10, 15, 20, 24, 25, 30, 50, 60]) {
      const [first] = new Stream().frames(4 * rate, 1000 / rate, 2 * rate).listed('video');
      if (!first) throw new Error('no segment');
      for (const length of partLengths(first).slice(0, -1)) {
        expect(length).toBeLessThanOrEqual(211);
        expect(length).toBeGreaterThanOrEqual(211 * 0.85);
      }
    }
  });

  it('are numbered on and on, over segments and epochs', () => {
    const stream = new Stream().frames(50, 40, 50);
    stream.segmenter.epoch(epochOf(1));
    stream.frames(50, 40, 50);
    stream.segmenter.end();
    const numbers = stream.listed('video').flatMap(({ parts }) => parts.map(({ sequence }) => sequence));
    expect(numbers).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(stream.segmenter.track('video')?.part(13)?.sequence).toBe(13);
    expect(stream.segmenter.track('video')?.nextPart).toBe(20);
  });

  it('say whether a keyframe is in them', () => {
    const [first] = new Stream().frames(100, 40, 25).listed('video');
    expect(first?.parts.map(({ independent }) => independent)).toEqual([
      ...[true, false, false, false, false],
      ...[true, false, false, false, false],
    ]);
  });
});

describe('frames that no part fits', () => {
  it('are told of in the parts after them, too, before the segment ends', () => {
    const stream = new Stream().frames(40, 40);
    stream.chunk('video', 450, false);
    stream.frames(60, 40, 25);
    const [segment] = stream.listed('video');
    if (!segment) throw new Error('no segment');
    expect(stream.lengths('video')).toEqual([3050]);
    const lengths = partLengths(segment);
    expect(lengths.slice(7, 12)).toEqual([200, 211, 211, 188, 200]);
    expect(segment.parts.slice(7, 12).map(({ chunks }) => chunks.length)).toEqual([5, 1, 1, 3, 5]);
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(3050);
    expect(segment.parts.flatMap(({ chunks }) => chunks)).toEqual(segment.chunks);
  });

  it('make parts at any rate that parts can keep up with', () => {
    const stream = new Stream().frames(80, 125, 8);
    expect(stream.lengths('video')).toEqual([2000, 2000, 2000, 2000]);
    const lengths = stream.listed('video').flatMap(partLengths);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(211);
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBeCloseTo(8000, -3);
    expect(stream.listed('video').every(({ parted, independent }) => parted && independent)).toBe(true);
  });

  it('are gathered from keyframe to keyframe, without parts, where they come too slowly for these', () => {
    const stream = new Stream().frames(60, 250, 4);
    expect(stream.lengths('video')).toEqual([4000, ...Array.from({ length: 10 }, () => 1000)]);
    expect(stream.listed('video').some(({ parted }) => parted)).toBe(false);
  });

  it('give way to parts as soon as these would have fitted', () => {
    const stream = new Stream().frames(40, 250, 4).frames(100, 40, 25);
    const later = stream.listed('video').slice(-2);
    expect(later.map(({ parted, duration }) => [parted, duration / 48])).toEqual([
      [false, 1000],
      [true, 2000],
    ]);
  });

  it('are followed by gaps where one outlasts every segment', () => {
    const stream = new Stream().frames(25, 40);
    stream.chunk('video', 9000, false);
    stream.frames(1, 40);
    expect(stream.lengths('video')).toEqual([1000, 4000, 4000, 1000]);
    expect(stream.listed('video').map(({ gap }) => gap)).toEqual([false, false, true, true]);
  });
});

describe('segments of sound', () => {
  it('are cut at the chunk that is nearest to where those of video are', () => {
    const stream = new Stream();
    for (let second = 0; second < 9; second += 1) stream.frames(25, 40, 25).sounds(10, 100);
    stream.sounds(1, 100);
    expect(stream.lengths('audio')).toEqual([2000, 2000, 2000, 2000]);
    const uneven = new Stream().sounds(1, 120).frames(75, 40, 25).sounds(25, 120);
    expect(uneven.lengths('audio')).toEqual([2040]);
  });

  it('go on when video does not', () => {
    const stream = new Stream().frames(2, 40).sounds(100, 100);
    expect(stream.lengths('audio')).toEqual([4000, 4000]);
  });

  it('lead where there is no video', () => {
    const stream = new Stream({}, ['audio']).sounds(100, 120);
    expect(stream.lengths('audio')).toEqual([2040, 2040, 2040, 2040, 2040]);
  });

  it('are told to be missing while only the other track goes on', () => {
    const stream = new Stream().sounds(1, 100).frames(75, 40, 25).sounds(29, 100).frames(150, 40, 25);
    expect(stream.lengths('audio')).toEqual([2000]);
    stream.frames(60, 40, 25);
    expect(stream.lengths('audio')).toEqual([2000, 1000, 4000]);
    expect(stream.listed('audio').at(-1)?.gap).toBe(true);
    stream.frames(200, 40, 25);
    expect(stream.lengths('audio')).toEqual([2000, 1000, 4000, 4000, 4000]);
    stream.skip('audio', 16_000).sounds(25, 100);
    expect(stream.lengths('audio').slice(-2)).toEqual([4000, 4000]);
    expect(
      stream
        .listed('audio')
        .slice(2)
        .every(({ gap }) => gap),
    ).toBe(true);
  });

  it('are dropped where they come after it was told that there are none', () => {
    const stream = new Stream().sounds(20, 100).frames(300, 40, 25);
    expect(stream.lengths('audio')).toEqual([2000, 4000]);
    stream.sounds(39, 100);
    expect(stream.segmenter.track('audio')?.open).toBeUndefined();
    stream.sounds(2, 100);
    expect(stream.segmenter.track('audio')?.open?.start).toBe(6000 * 48);
  });

  it('say what is missing in them', () => {
    const stream = new Stream({}, ['audio']).sounds(5, 100).skip('audio', 5000).sounds(25, 100);
    expect(stream.lengths('audio')).toEqual([500, 4000, 1000, 2000]);
    expect(stream.listed('audio').map(({ gap }) => gap)).toEqual([false, true, true, false]);
  });
});

describe('what is held', () => {
  it('stays for as long as a playlist that lists it may be gone by, and goes then', () => {
    const stream = new Stream().frames(25 * 200, 40, 50);
    const track = stream.segmenter.track('video');
    expect(stream.lengths('video')).toEqual(Array.from({ length: 8 }, () => 2000));
    const first = track?.window.listed[0]?.sequence ?? 0;
    expect(track?.segment(first - 12)).toBeDefined();
    expect(track?.segment(first - 18)).toBeUndefined();
  });

  it('is bounded in bytes whatever else is wanted', () => {
    const stream = new Stream({ maxBytes: bytes(100_000) });
    for (let index = 0; index < 2000; index += 1) stream.chunk('video', 40, index % 50 === 0, 1000);
    expect(stream.segmenter.heldBytes).toBeLessThanOrEqual(150_000);
    expect(stream.listed('video').length).toBeGreaterThan(0);
  });

  it('is complete when an epoch or the broadcast ends', () => {
    const stream = new Stream().frames(20, 40).sounds(8, 100);
    stream.segmenter.epoch(epochOf(1));
    expect(stream.lengths('video')).toEqual([800]);
    expect(stream.lengths('audio')).toEqual([800]);
    stream.frames(10, 40);
    let told = 0;
    stream.segmenter.advanced.add(() => {
      told += 1;
    });
    stream.segmenter.end();
    stream.segmenter.end();
    expect(told).toBe(2);
    expect(stream.listed('video').map(({ epoch }) => epoch.index)).toEqual([0, 1]);
    stream.frames(10, 40);
    expect(stream.lengths('video')).toEqual([800, 400]);
  });
});

describe('dates', () => {
  it('run like the media, and follow a wall clock that drifts', () => {
    const stream = new Stream().frames(25 * 20, 40, 50);
    const dates = stream.listed('video').map(({ programDateTime }) => programDateTime);
    expect(dates.map((date) => date - (dates[0] ?? 0))).toEqual(dates.map((_, index) => 2000 * index));
  });
});
