import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CollectingSink } from './collecting-sink.ts';
import { WebmDemuxer } from './webm-demuxer.ts';

const VIDEO = ['-f', 'lavfi', '-i', 'testsrc2=s=322x182:r=25:d=3'];
const AUDIO = ['-f', 'lavfi', '-i', 'sine=d=3'];
const X264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '25'];
const OPUS = ['-c:a', 'libopus', '-b:a', '32k'];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-ffmpeg-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function make(name: string, ...options: readonly string[]): string {
  const path = join(folder, name);
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...options, path]);
  return path;
}

function demux(path: string): CollectingSink {
  const sink = new CollectingSink();
  const demuxer = new WebmDemuxer(sink);
  const bytes = new Uint8Array(readFileSync(path));
  for (let at = 0; at < bytes.length; at += 1000) demuxer.push(bytes.subarray(at, at + 1000));
  demuxer.end();
  return sink;
}

interface Probed {
  readonly pts: number;
  /** Undefined for the first ones of a reordered stream: Matroska does not say. */
  readonly dts: number | undefined;
  readonly keyframe: boolean;
}

function probe(path: string, stream: 'v' | 'a'): Probed[] {
  const options = [
    '-v',
    'error',
    '-select_streams',
    stream,
    '-show_entries',
    'packet=pts,dts,flags',
    '-of',
    'json',
  ];
  const { packets } = JSON.parse(execFileSync('ffprobe', [...options, path], { encoding: 'utf8' })) as {
    packets: { pts: number; dts?: number; flags: string }[];
  };
  return packets.map(({ pts, dts, flags }) => ({ pts, dts, keyframe: flags.startsWith('K') }));
}

function expectSamples(sink: CollectingSink, track: number, expected: readonly Probed[]): void {
  const samples = sink.samples(track);
  expect(samples.map(({ pts, keyframe }) => ({ pts, keyframe }))).toEqual(
    expected.map(({ pts, keyframe }) => ({ pts, keyframe })),
  );
  const known = samples.map(({ dts }, index) => (expected[index]?.dts === undefined ? undefined : dts));
  expect(known).toEqual(expected.map(({ dts }) => dts));
  for (const [index, { dts, pts }] of samples.entries()) {
    expect(dts).toBeLessThanOrEqual(pts);
    expect(dts).toBeGreaterThanOrEqual(samples[index - 1]?.dts ?? -Infinity);
  }
}

describe('Matroska from ffmpeg', () => {
  it('with B-frames and AAC has the packets and decode times that ffprobe reads', () => {
    const path = make(
      'reordered.mkv',
      ...VIDEO,
      ...AUDIO,
      ...X264,
      '-bf',
      '3',
      '-b_strategy',
      '0',
      '-c:a',
      'aac',
    );
    const sink = demux(path);
    expect(sink.announcements).toMatchObject([
      [
        { codec: 'avc', width: 322, height: 182 },
        { codec: 'aac', codecString: 'mp4a.40.2', sampleRate: 44_100, channels: 1 },
      ],
    ]);
    expect(sink.samples(0).some(({ dts, pts }) => pts > dts)).toBe(true);
    expectSamples(sink, 0, probe(path, 'v'));
    expectSamples(sink, 1, probe(path, 'a'));
  });

  it('with HEVC has the packets and decode times that ffprobe reads', () => {
    const x265 = [
      '-c:v',
      'libx265',
      '-preset',
      'ultrafast',
      '-x265-params',
      'log-level=none:keyint=25:bframes=3',
    ];
    const path = make('hevc.mkv', ...VIDEO, ...x265);
    const sink = demux(path);
    expect(sink.announcements).toMatchObject([[{ codec: 'hevc', width: 322, height: 182 }]]);
    expectSamples(sink, 0, probe(path, 'v'));
  });

  it('sent live, without knowing its sizes, has the packets that ffprobe reads', () => {
    const path = make(
      'live.webm',
      ...VIDEO,
      ...AUDIO,
      '-c:v',
      'libvpx-vp9',
      '-deadline',
      'realtime',
      '-cpu-used',
      '8',
      '-g',
      '25',
      ...OPUS,
      '-live',
      '1',
    );
    const sink = demux(path);
    expect(sink.announcements).toMatchObject([
      [{ codec: 'vp9', width: 322, height: 182 }, { codec: 'opus' }],
    ]);
    expectSamples(sink, 0, probe(path, 'v'));
    expectSamples(sink, 1, probe(path, 'a'));
  });
});
