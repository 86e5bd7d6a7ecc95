import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Chunk } from '../media/chunk.ts';
import { writeInit } from '../media/mp4/cmaf-header.ts';
import { openDemuxer } from '../media/open-demuxer.ts';
import type { Sample, SampleSink } from '../media/sample.ts';
import { milliseconds } from '../media/time.ts';
import type { Track } from '../media/track.ts';
import { CollectingChunkSink } from './collecting-chunk-sink.ts';
import { Packager } from './packager.ts';

const FOLDER = new URL('../../test/fixtures/chromium/', import.meta.url).pathname;
const RECORDINGS = [
  'mp4-avc1-opus.mp4',
  'mp4-vp9-opus.mp4',
  'mp4-av1-opus.mp4',
  'webm-h264-opus.webm',
  'webm-vp9-opus.webm',
  'webm-av1-opus.webm',
];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-package-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Counts samples on their way. */
class Counter implements SampleSink {
  readonly counts: number[] = [];
  readonly #next: SampleSink;

  constructor(next: SampleSink) {
    this.#next = next;
  }

  tracks(tracks: readonly Track[]): void {
    this.#next.tracks(tracks);
  }

  sample(track: number, sample: Sample): void {
    this.counts[track] = (this.counts[track] ?? 0) + 1;
    this.#next.sample(track, sample);
  }
}

/** Packages recordings one after another: each a publisher session of one broadcast. */
function packageAll(...names: readonly string[]) {
  const out = new CollectingChunkSink();
  const counts = [0, 0];
  let startAt = milliseconds(0);
  for (const [firstEpoch, name] of names.entries()) {
    const captureClock = { known: false, wallClock: () => milliseconds(Date.UTC(2026, 0, 1)) };
    const packager = new Packager({ sink: out, startAt, firstEpoch, captureClock });
    const counter = new Counter(packager);
    const demuxer = openDemuxer(counter);
    const bytes = new Uint8Array(readFileSync(FOLDER + name));
    for (let at = 0; at < bytes.length; at += 4000) demuxer.push(bytes.subarray(at, at + 4000));
    demuxer.end();
    packager.flush();
    startAt = packager.position;
    for (const [track, count] of counter.counts.entries()) counts[track] = (counts[track] ?? 0) + count;
  }
  return { out, video: counts[0] ?? 0, audio: counts[1] ?? 0 };
}

function write(name: string, parts: readonly Uint8Array[]): string {
  const path = join(folder, `${name}.mp4`);
  writeFileSync(path, Buffer.concat(parts));
  return path;
}

/** Runs a tool; anything that it complains of fails. */
function run(command: string, ...options: readonly string[]): string {
  return execFileSync('sh', ['-c', `"$0" "$@" 2>&1`, command, ...options], { encoding: 'utf8' });
}

function decodeTimes(path: string, stream: 'v' | 'a'): number[] {
  const entries = ['-select_streams', stream, '-show_entries', 'packet=dts', '-of', 'csv=p=0'];
  const text = run('ffprobe', '-v', 'warning', ...entries, path);
  return text
    .trim()
    .split(/[\n,]+/)
    .map(Number);
}

describe.each(RECORDINGS)('the recording %s, packaged', (name) => {
  it('has a chunk for each frame, without gaps or overlaps in either track', () => {
    const { out, video, audio } = packageAll(name);
    expect(out.epochs).toHaveLength(1);
    expect(out.of('video')).toHaveLength(video);
    expect(out.of('audio').reduce((sum, { samples }) => sum + samples, 0)).toBe(audio);
    expect(new Set(out.gaps('video'))).toEqual(new Set([0]));
    expect(new Set(out.gaps('audio'))).toEqual(new Set([0]));
  });

  it('is a file that ffprobe and ffmpeg read to the last frame without complaint', () => {
    const { out, video, audio } = packageAll(name);
    const path = write('whole', out.bytes);
    for (const [stream, count] of [['v', video] as const, ['a', audio] as const]) {
      const times = decodeTimes(path, stream);
      expect(times).toHaveLength(count);
      expect(times.every((time, index) => index === 0 || time > (times[index - 1] ?? 0))).toBe(true);
    }
    expect(run('ffmpeg', '-v', 'warning', '-i', path, '-f', 'null', '-')).toBe('');
  });

  it.each(['video', 'audio'] as const)('is a file of its own in its %s track', (kind) => {
    const { out, video, audio } = packageAll(name);
    const tracks = out.epochs[0]?.tracks.filter((track) => track.kind === kind) ?? [];
    const path = write(kind, [writeInit(tracks), ...chunkBytes(out.of(kind))]);
    expect(decodeTimes(path, kind === 'video' ? 'v' : 'a')).toHaveLength(kind === 'video' ? video : audio);
  });
});

describe('two sessions of one broadcast', () => {
  it('are one timeline: the second begins where the first ended', () => {
    const { out, video, audio } = packageAll('webm-h264-opus.webm', 'webm-h264-opus.webm');
    expect(out.epochs.map(({ index }) => index)).toEqual([0, 1]);
    for (const kind of ['video', 'audio'] as const) {
      const gaps = out.gaps(kind).filter((gap) => gap !== 0);
      expect(gaps.length).toBeLessThanOrEqual(1);
      for (const gap of gaps) {
        expect(gap).toBeGreaterThan(0);
        expect(gap / (out.of(kind)[0]?.timescale ?? 1)).toBeLessThan(0.1);
      }
    }
    const oneInit = [out.epochs[0]?.init ?? new Uint8Array(), ...chunkBytes(out.chunks)];
    const path = write('sessions', oneInit);
    expect([decodeTimes(path, 'v').length, decodeTimes(path, 'a').length]).toEqual([video, audio]);
    expect(run('ffmpeg', '-v', 'warning', '-i', path, '-f', 'null', '-')).toBe('');
  });
});

function chunkBytes(chunks: readonly Chunk[]): Uint8Array[] {
  return chunks.map(({ bytes }) => bytes);
}
