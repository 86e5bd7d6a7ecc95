import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { PLAYABLE_FIXTURES } from '../../../test/contract/fixtures.ts';
import { writeLoopedRecording } from '../../../test/contract/looped-recording.ts';
import { ManualClock } from '../../channel/manual-clock.ts';
import { writeInit } from '../../media/mp4/cmaf-header.ts';
import { idrFrame, interFrame, OPUS, VIDEO } from '../../media/mp4/synthetic-mp4.ts';
import { openDemuxer } from '../../media/open-demuxer.ts';
import type { Sample } from '../../media/sample.ts';
import { bytes, milliseconds, ticks, timescale } from '../../media/time.ts';
import type { Track } from '../../media/track.ts';
import { Packager } from '../../package/packager.ts';
import { nodeFiles } from '../recording/finalise/files.ts';
import { finalise } from '../recording/finalise/finalise.ts';
import { writeRecordingHeader } from '../recording/recording-header.ts';
import { FragmentedMedia } from './fragmented-media.ts';
import { MediaLibrary } from './media-library.ts';
import { ProgressiveMedia } from './progressive-media.ts';
import type { RecordedFile } from './recorded-file.ts';
import type { RecordedMedia } from './recorded-media.ts';
import type { ReplayRecording } from './replay.ts';

const folder = mkdtempSync(join(tmpdir(), 'headwater-dvr-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'media.mp4');
const SECONDS = 30;

const recording = (growing: boolean, id = 'r1'): ReplayRecording => ({
  id,
  path,
  growing,
  startedAt: milliseconds(0),
  generation: 0,
});

const open = (growing = false) => new MediaLibrary({ clock: new ManualClock() }).open(recording(growing));

/** Every sample as our own demuxer reads it, of one track: times, keyframe, and the bytes. */
function samplesOf(file: Uint8Array, kind: Track['kind']): string[] {
  const samples: string[] = [];
  let tracks: readonly Track[] = [];
  const demuxer = openDemuxer({
    tracks: (found) => {
      tracks = found;
    },
    sample: (track: number, { dts, pts, keyframe, data }: Sample) => {
      if (tracks[track]?.kind !== kind) return;
      samples.push(`${dts} ${pts} ${keyframe} ${Buffer.from(data).toString('base64')}`);
    },
  });
  demuxer.push(file);
  demuxer.end();
  return samples;
}

/** What a player is sent of a track: its init segment and its segments, as long as they are said to be. */
async function sentOf(media: RecordedMedia, file: RecordedFile, kind: Track['kind']): Promise<Uint8Array> {
  const recorded = media.tracks.find(({ track }) => track.kind === kind);
  if (!recorded) throw new Error(`no ${kind}`);
  const pieces: Uint8Array[] = [writeInit([recorded.track])];
  for (const index of recorded.segments.keys()) {
    const segment = await media.locate(kind, index, file);
    if (!segment) continue;
    const runs = await Promise.all(segment.runs.map(({ offset, size }) => file.read(offset, size)));
    const whole = Buffer.concat([segment.head ?? new Uint8Array(0), ...runs]);
    expect(whole.byteLength).toBe(segment.byteLength);
    pieces.push(whole);
  }
  return new Uint8Array(Buffer.concat(pieces));
}

/** A recording of 20 s whose frames are shown in another order than they are decoded in. */
function writeReordered(sound: boolean): void {
  const tracks = [VIDEO, ...(sound ? [OPUS] : [])].map((track) => ({ ...track, timescale: timescale(1000) }));
  const header = writeRecordingHeader(tracks, { duration: milliseconds(0), inBandParameterSets: false });
  const pieces: Uint8Array[] = [header];
  const packager = new Packager({
    sink: { epoch: () => {}, chunk: (chunk) => void pieces.push(chunk.bytes) },
    startAt: milliseconds(0),
    firstEpoch: 0,
    captureClock: { known: false, wallClock: () => milliseconds(0) },
  });
  packager.tracks(tracks);
  for (let index = 0; index < 500; index += 1) {
    const dts = ticks(index * 40);
    const keyframe = index % 50 === 0;
    const pts = ticks(dts + 80 + (keyframe ? 0 : ([40, -40][index % 2] ?? 0)));
    const data = keyframe ? idrFrame(60) : interFrame(20 + (index % 7));
    packager.sample(0, { dts, pts, duration: ticks(40), keyframe, data });
    if (!sound) continue;
    for (const at of [dts, ticks(dts + 20)])
      packager.sample(1, {
        dts: at,
        pts: at,
        duration: ticks(20),
        keyframe: true,
        data: Uint8Array.of(0xf8, 1, 2),
      });
  }
  packager.flush();
  writeFileSync(path, Buffer.concat(pieces));
}

describe('a recording in segments', () => {
  it.each(PLAYABLE_FIXTURES)(
    'of %s has every sample of it once, fragmented and progressive',
    async (fixture) => {
      writeLoopedRecording(path, fixture, SECONDS);
      const whole = new Uint8Array(readFileSync(path));
      const fragmented = await open();
      expect(fragmented.media).toBeInstanceOf(FragmentedMedia);
      for (const kind of ['video', 'audio'] as const)
        expect(samplesOf(await sentOf(fragmented.media, fragmented.file, kind), kind)).toEqual(
          samplesOf(whole, kind),
        );
      const before = fragmented.media.tracks.map(({ segments }) => segments.map(({ start }) => start));
      await fragmented.file.close();

      finalise({ path, minFree: 0, files: nodeFiles, rest: () => {} });
      const progressive = await open();
      expect(progressive.media).toBeInstanceOf(ProgressiveMedia);
      for (const kind of ['video', 'audio'] as const)
        expect(samplesOf(await sentOf(progressive.media, progressive.file, kind), kind)).toEqual(
          samplesOf(whole, kind),
        );
      await progressive.file.close();
      const after = progressive.media.tracks.map(({ segments }) => segments.map(({ start }) => start));
      // Sound is cut at samples now, and at chunks before: never later.
      expect(after[0]).toEqual(before[0]);
      expect(after[1]).toHaveLength(before[1]?.length ?? 0);
      for (const [index, start] of after[1]?.entries() ?? [])
        expect(start).toBeLessThanOrEqual(before[1]?.[index] ?? 0);
    },
  );

  it('is cut at keyframes, about every 4 s, and its sound where its picture is', async () => {
    writeLoopedRecording(path, PLAYABLE_FIXTURES[0] ?? '', SECONDS);
    const { media, file } = await open();
    await file.close();
    const [video, audio] = media.tracks;
    expect(video?.segments.every(({ independent }) => independent)).toBe(true);
    for (const [index, { start, duration }] of video?.segments.slice(0, -1).entries() ?? []) {
      const timescale = video?.track.timescale ?? 1;
      expect(duration / timescale).toBeGreaterThanOrEqual(4);
      expect(duration / timescale).toBeLessThan(8.5);
      const sound = (audio?.segments[index]?.start ?? 0) / (audio?.track.timescale ?? 1);
      expect(Math.abs(sound - start / timescale)).toBeLessThan(0.2);
    }
  });

  it.each([
    ['with sound', true],
    ['alone', false],
  ])('keeps the times of pictures that are shown in another order, %s', async (_, sound) => {
    writeReordered(sound);
    const whole = new Uint8Array(readFileSync(path));
    const sent = async () => {
      const { media, file } = await open();
      const video = samplesOf(await sentOf(media, file, 'video'), 'video');
      const audio = sound ? samplesOf(await sentOf(media, file, 'audio'), 'audio') : [];
      await file.close();
      return [video, audio];
    };
    const expected = [samplesOf(whole, 'video'), samplesOf(whole, 'audio')];
    expect(expected[0]).toHaveLength(500);
    expect(await sent()).toEqual(expected);
    finalise({ path, minFree: 0, files: nodeFiles, rest: () => {} });
    expect(await sent()).toEqual(expected);
  });

  it('is none where there is no such number, or no such track', async () => {
    writeLoopedRecording(path, PLAYABLE_FIXTURES[0] ?? '', 5);
    const { media, file } = await open();
    expect(await media.locate('video', 999, file)).toBeUndefined();
    finalise({ path, minFree: 0, files: nodeFiles, rest: () => {} });
    const progressive = await open();
    expect(await progressive.media.locate('audio', 999, progressive.file)).toBeUndefined();
    await Promise.all([file.close(), progressive.file.close()]);
  });
});

describe('a recording that grows', () => {
  it('lists what is complete and written, never less, and all of it at its end', async () => {
    writeLoopedRecording(path, PLAYABLE_FIXTURES[0] ?? '', SECONDS);
    const whole = readFileSync(path);
    const clock = new ManualClock();
    const library = new MediaLibrary({ clock });
    const listed: string[][] = [];
    // In steps that end anywhere, as writes do.
    writeFileSync(path, '');
    const step = Math.ceil(whole.byteLength / 23);
    for (let at = 0; at < whole.byteLength; at += step) {
      appendFileSync(path, whole.subarray(at, at + step));
      clock.advance(1500);
      const { media, file } = await library.open(recording(true));
      await file.close();
      const [video, audio] = media.tracks;
      expect(video?.segments.length).toBe(audio?.segments.length);
      listed.push(video?.segments.map((segment) => JSON.stringify(segment)) ?? []);
    }
    for (const [index, now] of listed.entries()) {
      const before = listed[index - 1] ?? [];
      expect(now.slice(0, before.length)).toEqual(before);
    }
    expect(listed[9]?.length).toBeGreaterThan(0);
    const { media, file } = await library.open(recording(false));
    expect(media.tracks[0]?.segments.length).toBeGreaterThan(listed.at(-1)?.length ?? 0);
    expect(samplesOf(await sentOf(media, file, 'video'), 'video')).toEqual(
      samplesOf(new Uint8Array(whole), 'video'),
    );
    await file.close();
  });

  it('is looked at once a second at most, by however many', async () => {
    writeLoopedRecording(path, PLAYABLE_FIXTURES[0] ?? '', SECONDS);
    const whole = readFileSync(path);
    truncateSync(path, Math.floor(whole.byteLength / 2));
    const clock = new ManualClock();
    const library = new MediaLibrary({ clock });
    const count = async () => {
      const { media, file } = await library.open(recording(true));
      await file.close();
      return media.tracks[0]?.segments.length ?? 0;
    };
    const [first] = await Promise.all([count(), count(), count()]);
    writeFileSync(path, whole);
    clock.advance(900);
    expect(await count()).toBe(first);
    clock.advance(200);
    expect(await count()).toBeGreaterThan(first);
  });

  it('is found again when another file took its place', async () => {
    writeLoopedRecording(path, PLAYABLE_FIXTURES[0] ?? '', 10);
    const library = new MediaLibrary({ clock: new ManualClock() });
    const before = await library.open(recording(false));
    finalise({ path, minFree: 0, files: nodeFiles, rest: () => {} });
    const after = await library.open(recording(false));
    expect(after.media).toBeInstanceOf(ProgressiveMedia);
    // Who has the old one open reads on.
    expect((await sentOf(before.media, before.file, 'video')).byteLength).toBeGreaterThan(1000);
    await Promise.all([before.file.close(), after.file.close()]);
  });
});

describe('a file that is broken', () => {
  it.each([
    ['is empty', () => writeFileSync(path, '')],
    ['is something else', () => writeFileSync(path, 'not an MP4 at all, but long enough to be looked at')],
    ['has no index', () => writeFileSync(path, Buffer.from('\0\0\0\x08free\0\0\0\x08free', 'latin1'))],
    ['is gone', () => rmSync(path)],
  ])('that %s is a 404', async (_, make) => {
    make();
    await expect(open()).rejects.toMatchObject({ code: 'media-not-found', status: 404 });
  });

  it('is played up to where it is whole', async () => {
    writeLoopedRecording(path, PLAYABLE_FIXTURES[0] ?? '', SECONDS);
    const whole = readFileSync(path);
    truncateSync(path, Math.floor(whole.byteLength / 2));
    const { media, file } = await open();
    const samples = samplesOf(await sentOf(media, file, 'video'), 'video');
    expect(samples.length).toBeGreaterThan(100);
    expect(samplesOf(new Uint8Array(whole), 'video').slice(0, samples.length)).toEqual(samples);
    await file.close();
  });
});

describe('a library', () => {
  it('forgets what was not used for longest', async () => {
    writeLoopedRecording(path, PLAYABLE_FIXTURES[0] ?? '', SECONDS);
    const library = new MediaLibrary({ clock: new ManualClock(), maxBytes: bytes(1) });
    const use = async (id: string) => {
      const { media, file } = await library.open(recording(false, id));
      await file.close();
      return media;
    };
    const first = await use('a');
    expect(await use('a')).toBe(first);
    await use('b');
    expect(await use('a')).not.toBe(first);
  });
});
