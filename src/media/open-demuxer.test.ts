import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { flvOf } from './flv/synthetic-flv.ts';
import { openDemuxer } from './open-demuxer.ts';
import type { RestartPoint, Sample, SampleSink } from './sample.ts';
import type { Track } from './track.ts';
import { CollectingSink } from './webm/collecting-sink.ts';

const FOLDER = new URL('../../test/fixtures/chromium/', import.meta.url);
/** A recording, or the same media as FLV: `flv of webm-…`. */
function read(name: string): Uint8Array {
  const [file = '', isFlv] = name.split('flv of ').reverse();
  const bytes = new Uint8Array(readFileSync(new URL(file, FOLDER)));
  return isFlv === undefined ? bytes : flvOf(bytes);
}
const letters = (word: string) => Array.from(word, (letter) => letter.charCodeAt(0));

/** Samples with the tracks that they came under, and where they can be gone on from. */
class RestartSink implements SampleSink {
  readonly samples: { track: number; sample: Sample; tracks: readonly Track[] }[] = [];
  readonly points: { point: RestartPoint; samples: number }[] = [];
  #tracks: readonly Track[] = [];

  tracks(tracks: readonly Track[]): void {
    this.#tracks = tracks;
  }

  sample(track: number, sample: Sample): void {
    this.samples.push({ track, sample, tracks: this.#tracks });
  }

  restartPoint(point: RestartPoint): void {
    this.points.push({ point, samples: this.samples.length });
  }
}

/** Whether what follows begins with a keyframe, as far as video goes. */
const startsDecodable = ({ samples }: RestartSink, from: number) =>
  samples.slice(from).find(({ track, tracks }) => tracks[track]?.kind === 'video')?.sample.keyframe === true;

describe('a restart point', () => {
  it.each([
    'webm-h264-opus.webm',
    'webm-vp9-opus.webm',
    'webm-av1-opus.webm',
    'mp4-avc1-opus.mp4',
    'mp4-vp9-opus.mp4',
    'mp4-av1-opus.mp4',
    'flv of webm-h264-opus.webm',
    'flv of webm-vp9-opus.webm',
    'flv of webm-av1-opus.webm',
  ])('is where another demuxer goes on with %s, without a lost or doubled sample', (name) => {
    const bytes = read(name);
    const whole = new RestartSink();
    const first = openDemuxer(whole);
    first.push(bytes);
    first.end();
    const points = whole.points.filter(({ samples }) => startsDecodable(whole, samples));
    expect(points.length).toBeGreaterThan(3);
    for (const { point, samples } of points) {
      const rest = new RestartSink();
      const demuxer = openDemuxer(rest);
      demuxer.push(bytes.subarray(0, point.header));
      expect(rest.samples).toHaveLength(0);
      demuxer.skipTo(point.offset);
      for (let at = point.offset; at < bytes.length; at += 997) demuxer.push(bytes.subarray(at, at + 997));
      demuxer.end();
      expect(rest.samples).toEqual(whole.samples.slice(samples));
      expect(rest.points.every((other) => other.point.header === point.header)).toBe(true);
    }
  });

  it('is not told of in a further recording on the same stream: another demuxer would not know where it starts', () => {
    const bytes = read('webm-h264-opus.webm');
    const once = new RestartSink();
    openDemuxer(once).push(bytes);
    const twice = new RestartSink();
    const demuxer = openDemuxer(twice);
    demuxer.push(bytes);
    demuxer.push(bytes.slice());
    expect(twice.samples.length).toBeGreaterThan(once.samples.length);
    expect(twice.points).toHaveLength(once.points.length);
  });
});

describe('openDemuxer', () => {
  it.each(['webm-vp9-opus.webm', 'mp4-avc1-opus.mp4', 'flv of webm-h264-opus.webm'])(
    'reads %s, from its first byte on',
    (name) => {
      const whole = new CollectingSink();
      const demuxer = openDemuxer(whole);
      demuxer.push(read(name));
      demuxer.end();
      const sliced = new CollectingSink();
      const other = openDemuxer(sliced);
      const bytes = read(name);
      for (let at = 0; at < 20; at++) other.push(bytes.subarray(at, at + 1));
      other.push(new Uint8Array());
      other.push(bytes.subarray(20));
      other.end();
      expect(whole.samples(0).length).toBeGreaterThan(200);
      expect(sliced.calls).toEqual(whole.calls);
    },
  );

  it.each([
    ['one byte', [0x47], 1],
    ['a wrong EBML ID', [0x1a, 0x45, 0xdf, 0x00], 4],
    ['a size that no first box has', [0xff, 0xd8], 1],
    ['an unknown box', [0, 0, 0, 24, ...letters('fiee')], 6],
    ['an FLV of another version', letters('FLV').concat(2, 5, 0, 0, 0, 9), 9],
  ])('refuses %s as soon as it is clear', (_, bytes, clearAt) => {
    const demuxer = openDemuxer(new CollectingSink());
    const all = bytes.slice(0, clearAt);
    for (const byte of all.slice(0, -1)) demuxer.push(Uint8Array.of(byte));
    expect(() => demuxer.push(Uint8Array.of(all.at(-1) ?? 0))).toThrow(
      /neither WebM nor MP4|no valid header/,
    );
  });

  it('refuses a stream that ends before it is clear', () => {
    const demuxer = openDemuxer(new CollectingSink());
    demuxer.push(Uint8Array.of(0x1a, 0x45));
    expect(() => demuxer.end()).toThrow('ended before its container was clear');
  });
});
