import { describe, expect, it } from 'vitest';
import { readChunk } from '../media/mp4/read-chunk.ts';
import { idrFrame, interFrame, OPUS, VIDEO } from '../media/mp4/synthetic-mp4.ts';
import { bytes, milliseconds, ticks, timescale } from '../media/time.ts';
import { CollectingChunkSink } from './collecting-chunk-sink.ts';
import { Packager } from './packager.ts';
import type { Segment } from './segment.ts';
import { Segmenter } from './segmenter.ts';

const MILLISECONDS = timescale(1000);
const PACKET = Uint8Array.of(0xf8, 1, 2);

/** A session of 25 frames a second whose sound is there from and to other times than its picture. */
function session(
  segmenter: Segmenter,
  before: Packager | undefined,
  sound: readonly [number, number],
): Packager {
  const packager = new Packager({
    sink: segmenter,
    startAt: before?.position ?? milliseconds(0),
    firstEpoch: before?.nextEpoch ?? 0,
    captureClock: { known: false, wallClock: () => milliseconds(0) },
  });
  packager.tracks([
    { ...VIDEO, timescale: MILLISECONDS },
    { ...OPUS, timescale: MILLISECONDS },
  ]);
  const [from, to] = sound;
  for (let time = 0; time < 4000; time += 20) {
    const dts = ticks(time);
    const at = { dts, pts: dts, duration: ticks(0) };
    if (time % 40 === 0)
      packager.sample(0, {
        ...at,
        keyframe: time % 1000 === 0,
        data: time % 1000 === 0 ? idrFrame(40) : interFrame(20),
      });
    if (time >= from && time < to) packager.sample(1, { ...at, keyframe: true, data: PACKET });
  }
  packager.flush();
  return packager;
}

const open = () =>
  new Segmenter({
    segment: milliseconds(2000),
    part: milliseconds(200),
    window: milliseconds(60_000),
    maxBytes: bytes(10_000_000),
  });

/** What lies between the samples of a track, in ms. */
function holes(segmenter: Segmenter, kind: 'video' | 'audio'): number[] {
  const sink = new CollectingChunkSink();
  const segments: readonly Segment[] = segmenter.track(kind)?.window.listed ?? [];
  for (const { chunks } of segments) for (const chunk of chunks) sink.chunk(chunk);
  const scale = sink.chunks[0]?.timescale ?? 1;
  return sink.gaps(kind).map((gap) => (gap * 1000) / scale);
}

describe('another session', () => {
  it('follows without a hole in either track, whenever its tracks begin and those before it ended', () => {
    for (const [one, other] of [
      [
        [0, 3800],
        [300, 4000],
      ],
      [
        [200, 4000],
        [0, 4000],
      ],
      [
        [0, 4000],
        [700, 3500],
      ],
    ] as const) {
      const segmenter = open();
      session(segmenter, session(segmenter, undefined, one), other);
      segmenter.end();
      for (const kind of ['video', 'audio'] as const) {
        expect(Math.max(...holes(segmenter, kind))).toBeLessThan(20);
        expect(Math.min(...holes(segmenter, kind))).toBe(0);
      }
    }
  });

  it('has its first picture earlier, and empty packets before its sound', () => {
    const segmenter = open();
    session(segmenter, session(segmenter, undefined, [0, 3800]), [300, 4000]);
    segmenter.end();
    const first = segmenter.track('audio')?.window.listed.find(({ epoch }) => epoch.index === 1)?.chunks[0];
    if (!first) throw new Error('no second epoch');
    const samples = readChunk(first);
    expect(samples).toHaveLength(25);
    expect(samples.every(({ data }) => data.length === 1)).toBe(true);
    expect(first.dts).toBe(3800 * 48);
  });

  it('has its hole where nothing can fill it', () => {
    const segmenter = open();
    session(segmenter, session(segmenter, undefined, [0, 1000]), [0, 4000]);
    segmenter.end();
    expect(Math.max(...holes(segmenter, 'audio'))).toBe(3000);
  });
});
