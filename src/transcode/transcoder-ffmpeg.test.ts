import { describe, expect, it, onTestFinished } from 'vitest';
import { ManualClock } from '../channel/manual-clock.ts';
import { writeInit } from '../media/mp4/cmaf-header.ts';
import { ticksToMilliseconds } from '../media/time.ts';
import {
  type BeepOptions,
  findBeeps,
  findFlashes,
  makeBeeps,
  packageRecording,
  type SessionOptions,
} from './beep-source.ts';
import { KeptLog, RenditionCollector, Script, TestBroadcast } from './test-broadcast.ts';
import { Transcoder } from './transcoder.ts';

const SETTINGS = { enabled: true, ffmpeg: 'ffmpeg', maxChildren: 4 };
/** In ms. 20 would do for lips; what should be exact is held to less. */
const LIP_SYNC = 5;

interface Scene {
  /** Of the timeline, between sessions. */
  readonly apart?: number;
  readonly lost?: SessionOptions['lost'];
  readonly log?: KeptLog;
  readonly clock?: ManualClock;
}

/** Plays sessions, one epoch each, through a rendition to the end. */
async function transcode(
  sessions: readonly BeepOptions[],
  kind: 'aac' | 'h264' | 'h264-always',
  { apart = 0, lost = [0, 0], log = new KeptLog(), clock = new ManualClock() }: Scene = {},
) {
  const made = new Script();
  const published = new RenditionCollector();
  let startAt = 0;
  for (const [firstEpoch, session] of sessions.entries()) {
    const recording = makeBeeps(session);
    packageRecording(recording, made, { startAt, firstEpoch, lost });
    startAt = packageRecording(recording, published, { startAt, firstEpoch, lost }) + apart;
  }
  const source = new TestBroadcast();
  const transcoder = new Transcoder({ settings: SETTINGS, clock, log });
  onTestFinished(() => transcoder.close());
  const when = kind === 'h264-always' ? 'always' : 'as needed';
  const rendition =
    kind === 'aac' ? transcoder.aac(source.broadcast) : transcoder.h264(source.broadcast, when);
  const out = new RenditionCollector();
  rendition.follow(out);
  await made.play(source, out);
  source.end();
  await out.ended;
  return { published, out, log, transcoder, rendition };
}

/** How far each beep of the rendition is from that of the source, in ms. */
function offsets(published: RenditionCollector, out: RenditionCollector, epoch = 0): number[] {
  const wanted = findBeeps(published.file(epoch));
  const found = findBeeps(out.file(epoch));
  expect(found).toHaveLength(wanted.length);
  return found.map((at, index) => at - (wanted[index] ?? Number.NaN));
}

const largest = (values: readonly number[]) => Math.max(...values.map(Math.abs));

describe('the AAC of a broadcast, made by the real ffmpeg', () => {
  it('is in sync with its Opus at the start and after a minute, and without a gap', async () => {
    const { published, out, log } = await transcode([{ seconds: 65 }], 'aac');
    const differences = offsets(published, out);
    expect(differences).toHaveLength(65);
    expect(largest(differences)).toBeLessThan(LIP_SYNC);
    expect(new Set(out.gaps('audio'))).toEqual(new Set([0]));
    expect(out.chunks[0]?.dts).toBe(0);
    expect(out.epochs.map(({ mime }) => mime)).toEqual(['audio/mp4; codecs="mp4a.40.2"']);
    expect(log.lines).toEqual(['a transcode started']);
  });

  it('goes on in the next epoch, with other channels and after a hole, in sync and on the same grid', async () => {
    const sessions: BeepOptions[] = [{ seconds: 7 }, { seconds: 7, channels: 1 }];
    const { published, out, transcoder } = await transcode(sessions, 'aac', { apart: 2345 });
    expect(out.epochs.map(({ index, tracks }) => [index, tracks[0]?.codecString])).toEqual([
      [0, 'mp4a.40.2'],
      [1, 'mp4a.40.2'],
    ]);
    expect(out.epochs.map(({ tracks }) => tracks[0]?.kind === 'audio' && tracks[0].channels)).toEqual([2, 1]);
    expect(largest(offsets(published, out, 0))).toBeLessThan(LIP_SYNC);
    expect(largest(offsets(published, out, 1))).toBeLessThan(LIP_SYNC);
    expect(out.chunks.filter(({ dts }) => dts % 1024 !== 0)).toEqual([]);
    expect(out.gaps('audio').filter((gap) => gap < 0)).toEqual([]);
    expect(transcoder.counts).toEqual({ running: 0, started: 2, failed: 0, stuck: 0 });
  });

  it('is in sync behind a hole in the sound, which is silence, and behind what was concealed', async () => {
    for (const lost of [
      [3200, 6700],
      [3200, 4700],
    ] as const) {
      const { published, out, transcoder } = await transcode([{ seconds: 10 }], 'aac', { lost });
      const holes = published.gaps('audio').filter((gap) => gap !== 0);
      expect(holes.length).toBe(lost[1] > 6000 ? 1 : 0);
      expect(largest(offsets(published, out))).toBeLessThan(LIP_SYNC);
      expect(new Set(out.gaps('audio'))).toEqual(new Set([0]));
      expect(transcoder.counts.started).toBe(1);
    }
  });

  it('goes on without a gap, in sync, when its child is killed', async () => {
    const clock = new ManualClock();
    const log = new KeptLog();
    const pids: number[] = [];
    log.onLine = (message, { pid }) => {
      if (pid) pids.push(pid);
      if (message === 'a transcode failed') setImmediate(() => clock.advance(1000));
    };
    let killed = false;
    const watch = new RenditionCollector();
    const made = new Script();
    const published = new RenditionCollector();
    const recording = makeBeeps({ seconds: 15 });
    for (const sink of [made, published]) packageRecording(recording, sink);
    const source = new TestBroadcast();
    const transcoder = new Transcoder({ settings: SETTINGS, clock, log });
    onTestFinished(() => transcoder.close());
    transcoder.aac(source.broadcast).follow(watch);
    const kill = async () => {
      await watch.reaches(5000);
      process.kill(pids[0] ?? 0, 'SIGKILL');
      killed = true;
    };
    await Promise.all([made.play(source, watch), kill()]);
    source.end();
    await watch.ended;
    expect(killed).toBe(true);
    expect(transcoder.counts).toEqual({ running: 0, started: 2, failed: 1, stuck: 0 });
    expect(largest(offsets(published, watch))).toBeLessThan(LIP_SYNC);
    expect(new Set(watch.gaps('audio'))).toEqual(new Set([0]));
    expect(watch.epochs).toHaveLength(1);
  });

  it('tells when each chunk was captured', async () => {
    const { out } = await transcode([{ seconds: 5 }], 'aac');
    for (const { dts, timescale, wallClock } of out.chunks) {
      expect(Math.abs(ticksToMilliseconds(dts, timescale) - wallClock)).toBeLessThan(20);
    }
  });

  it('starts groups where sound alone does', async () => {
    const { published, out } = await transcode([{ seconds: 5 }], 'aac');
    const groups = (sink: RenditionCollector) =>
      sink.chunks.filter(({ startsGroup }) => startsGroup).map(({ dts }) => Math.round(dts / 4800));
    expect(groups(out)).toEqual(groups(published));
  });
});

describe('the H.264 of a broadcast, made by the real ffmpeg', () => {
  const VP9 = ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-g', '300'];

  it('has each picture at its time, in sync with the sound, and a keyframe every 2 s', async () => {
    const video = { size: '321:181', encoder: [...VP9, '-pix_fmt', 'yuv420p'] };
    const { published, out } = await transcode([{ seconds: 9, video }], 'h264');
    const [epoch] = published.epochs;
    const pictures = published.of('video');
    expect(out.chunks.map(({ dts }) => dts)).toEqual(pictures.map(({ dts }) => dts));
    expect(new Set(out.gaps('video'))).toEqual(new Set([0]));
    const keyframes = out.chunks.filter(({ keyframe }) => keyframe).map(({ dts }) => dts / 90_000);
    expect(keyframes.map((at) => Math.round(at))).toEqual([0, 2, 4, 6, 8]);
    const track = out.epochs[0]?.tracks[0];
    expect(track).toMatchObject({ kind: 'video', codec: 'avc', width: 320, height: 180 });
    const videoTracks = epoch?.tracks.filter(({ kind }) => kind === 'video') ?? [];
    const wanted = findFlashes([writeInit(videoTracks), ...pictures.map(({ bytes }) => bytes)]);
    expect(wanted).toHaveLength(9);
    expect(findFlashes(out.file(0))).toEqual(wanted);
  });

  it('is the broadcast’s own where that is H.264, unless asked for', async () => {
    const encoder = [
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-bf',
      '0',
      '-g',
      '90',
      '-pix_fmt',
      'yuv420p',
    ];
    const session = { seconds: 6, video: { size: '320:180', encoder } };
    const copied = await transcode([session], 'h264');
    expect(copied.out.chunks.map(({ bytes }) => bytes)).toEqual(
      copied.published.of('video').map(({ bytes }) => bytes),
    );
    expect(copied.transcoder.counts.started).toBe(0);
    const encoded = await transcode([session], 'h264-always');
    expect(encoded.out.chunks).toHaveLength(copied.out.chunks.length);
    expect(encoded.transcoder.counts.started).toBe(1);
  });
});
