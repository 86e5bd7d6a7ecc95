import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../channel/manual-clock.ts';
import type { Rendition } from '../channel/rendition.ts';
import type { Chunk } from '../media/chunk.ts';
import { writeInit } from '../media/mp4/cmaf-header.ts';
import { milliseconds, ticks, timescale } from '../media/time.ts';
import type { AudioTrack, Track } from '../media/track.ts';
import { ChunkOutput } from '../package/chunk-output.ts';
import { type FakeChild, fakeChildren } from './fake-child.ts';
import type { FfmpegInfo } from './probe-ffmpeg.ts';
import { KeptLog, RenditionCollector, TestBroadcast } from './test-broadcast.ts';
import { Transcoder } from './transcoder.ts';

const INFO: FfmpegInfo = { version: '7.1', encoders: new Set(['aac', 'libx264']) };
const OPUS: AudioTrack = {
  ...{ kind: 'audio', codec: 'opus', codecString: 'opus', timescale: timescale(48_000) },
  ...{ configuration: Uint8Array.of(0, 2, 1, 56, 0, 0, 187, 128, 0, 0, 0), sampleRate: 48_000, channels: 2 },
};
const AAC: AudioTrack = {
  ...OPUS,
  ...{ codec: 'aac', codecString: 'mp4a.40.2', configuration: Uint8Array.of(0x11, 0x90) },
};
/** Frames of 1024 samples in a second, rounded up. */
const A_SECOND = 47;

let source: TestBroadcast;
let clock: ManualClock;
let children: FakeChild[];
let transcoder: Transcoder;
let found: FfmpegInfo | undefined;
let output: ChunkOutput;
let second = 0;

beforeEach(() => {
  source = new TestBroadcast();
  clock = new ManualClock();
  const fake = fakeChildren();
  children = fake.children;
  found = INFO;
  second = 0;
  output = new ChunkOutput(source);
  const settings = { enabled: true, ffmpeg: 'ffmpeg', maxChildren: 2 };
  const probe = () => Promise.resolve(found);
  transcoder = new Transcoder({ settings, clock, log: new KeptLog(), probe, openChild: fake.openChild });
});

function startEpoch(index: number, ...tracks: Track[]): void {
  source.epoch({ index, tracks, init: writeInit(tracks), mime: '' });
}

/** One second of sound that is a group, in one chunk of 50 packets. */
function playSecond({ atOnce = false } = {}): void {
  const sample = { duration: ticks(960), compositionOffset: ticks(0), data: Uint8Array.of(8, 1) };
  const samples = Array.from({ length: 50 }, () => sample);
  output.write(
    {
      ...{
        kind: 'audio',
        timescale: timescale(48_000),
        dts: ticks(second * 48_000),
        duration: ticks(48_000),
      },
      ...{ keyframe: true, startsGroup: true },
      moment: { wallClock: milliseconds(second * 1000), captured: true },
    },
    samples,
  );
  second += 1;
  if (!atOnce) clock.advance(1000);
}

/** Lets what is waited for happen. */
const settle = () => setImmediate();

async function follow(rendition: Rendition = transcoder.aac(source.broadcast)) {
  const out = new RenditionCollector();
  const leave = rendition.follow(out);
  await settle();
  return { rendition, out, leave };
}

const child = (index: number): FakeChild => {
  const one = children[index];
  if (!one) throw new Error(`there is no child ${index}`);
  return one;
};

describe('a rendition', () => {
  it('costs nothing until somebody follows it', async () => {
    const rendition = transcoder.aac(source.broadcast);
    startEpoch(0, OPUS);
    playSecond();
    await settle();
    expect([rendition.state, children.length, rendition.epoch]).toEqual(['idle', 0, undefined]);
  });

  it('is made once for all who follow it, from what the hub still holds', async () => {
    startEpoch(0, OPUS);
    for (let played = 0; played < 3; played += 1) playSecond();
    const first = await follow();
    const second = await follow();
    expect(children).toHaveLength(1);
    expect(child(0).fed).toHaveLength(3);
    expect(first.rendition.state).toBe('starting');
    child(0).make(1 + 2 * A_SECOND);
    expect(first.rendition.state).toBe('running');
    expect(first.out.chunks[0]?.dts).toBe(0);
    expect(second.out.chunks).toEqual(first.out.chunks);
    const third = await follow();
    expect(third.out.epochs).toEqual(first.out.epochs);
  });

  it('gives what was made of the last seconds to who asks for that, and to nobody else', async () => {
    startEpoch(0, OPUS);
    playSecond();
    await follow();
    for (let played = 1; played < 40; played += 1) {
      playSecond();
      child(0).make(A_SECOND);
    }
    const [late, earlier] = [new RenditionCollector(), new RenditionCollector()];
    const rendition = transcoder.aac(source.broadcast);
    rendition.follow(late);
    rendition.follow(earlier, () => []);
    const made = earlier.chunks.reduce((sum, { duration }) => sum + duration / 48_000, 0);
    expect([late.chunks.length, Math.floor(made), earlier.epochs.length]).toEqual([0, 24, 1]);
    child(0).make(A_SECOND);
    expect(earlier.chunks.at(-1)).toBe(late.chunks.at(-1));
    expect(new Set(earlier.chunks.map(({ dts }) => dts)).size).toBe(earlier.chunks.length);
  });

  it('is made of what its follower still has, before what the hub holds', async () => {
    startEpoch(0, OPUS);
    const had: Chunk[] = [];
    const leave = source.broadcast.tap({ epoch: () => {}, chunk: (chunk) => had.push(chunk), end: () => {} });
    for (let played = 0; played < 30; played += 1) playSecond();
    leave();
    transcoder.aac(source.broadcast).follow(new RenditionCollector(), () => had);
    await settle();
    expect(child(0).fed).toHaveLength(30);
  });

  it('stops half a minute after the last has left, and goes on without going back', async () => {
    startEpoch(0, OPUS);
    playSecond();
    const first = await follow();
    child(0).make(1 + A_SECOND);
    first.leave();
    clock.advance(29_999);
    expect(child(0).ended).toBe(false);
    const second = await follow();
    clock.advance(29_999);
    second.leave();
    clock.advance(30_000);
    expect([child(0).ended, first.rendition.state]).toEqual([true, 'idle']);
    child(0).exit();
    await settle();
    playSecond();
    const third = await follow();
    child(1).make(1 + 2 * A_SECOND);
    const last = first.out.chunks.at(-1);
    expect(third.out.chunks[0]?.dts).toBeGreaterThanOrEqual((last?.dts ?? 0) + (last?.duration ?? 0));
  });

  it('is the broadcast’s own chunks where they are AAC-LC already', async () => {
    startEpoch(0, AAC);
    playSecond();
    const { rendition, out } = await follow();
    playSecond();
    expect([rendition.state, children.length, out.chunks.length]).toEqual(['running', 0, 2]);
    expect(out.epochs[0]?.mime).toBe('audio/mp4; codecs="mp4a.40.2"');
  });

  it('waits where there is no sound, and starts when there is', async () => {
    const silent: Track = {
      ...{ kind: 'video', codec: 'vp9', codecString: 'vp09.00.10.08', timescale: timescale(90_000) },
      ...{ configuration: new Uint8Array(12), width: 64, height: 64 },
    };
    startEpoch(0, silent);
    const { rendition } = await follow();
    expect([rendition.state, children.length]).toEqual(['waiting', 0]);
    startEpoch(1, OPUS);
    await settle();
    expect([rendition.state, children.length]).toEqual(['starting', 1]);
  });

  it('gives the next epoch to another child when the last one has said all', async () => {
    startEpoch(0, OPUS);
    playSecond();
    const { out } = await follow();
    startEpoch(1, OPUS);
    playSecond();
    await settle();
    expect([child(0).ended, children.length]).toEqual([true, 1]);
    child(0).make(1 + A_SECOND);
    child(0).exit();
    await settle();
    expect(child(1).fed).toHaveLength(1);
    child(1).make(1 + A_SECOND);
    expect(out.epochs.map(({ index }) => index)).toEqual([0, 1]);
    expect(new Set(out.gaps('audio'))).toEqual(new Set([0]));
  });

  it('ends with the broadcast, after the last of it', async () => {
    startEpoch(0, OPUS);
    playSecond();
    const { rendition, out } = await follow();
    source.end();
    expect(child(0).ended).toBe(true);
    child(0).make(1 + A_SECOND);
    child(0).exit();
    await out.ended;
    expect(rendition.state).toBe('ended');
    const made = out.chunks.reduce((sum, { samples }) => sum + samples, 0);
    expect(made).toBe(A_SECOND);
    expect([transcoder.counts.running, clock.pending]).toEqual([0, 0]);
    await follow(rendition);
  });
});

describe('a child that fails', () => {
  it('is replaced after 1 s, then 2 s, up to 30 s, and the timeline goes on', async () => {
    startEpoch(0, OPUS);
    playSecond();
    const { rendition, out } = await follow();
    child(0).make(1 + A_SECOND - 7);
    child(0).exit({ code: 1, words: 'ffmpeg ended with code 1: out of luck' });
    await settle();
    expect([rendition.state, rendition.words]).toEqual([
      'failing',
      'AAC: ffmpeg ended with code 1: out of luck',
    ]);
    clock.advance(1000);
    await settle();
    child(1).make(1 + A_SECOND);
    expect(rendition.state).toBe('running');
    expect(new Set(out.gaps('audio'))).toEqual(new Set([0]));
    const delays = [2, 4, 8, 16, 30, 30];
    for (const [index, delay] of delays.entries()) {
      child(index + 1).exit({ code: 1 });
      await settle();
      clock.advance(delay * 1000 - 1);
      await settle();
      expect(children).toHaveLength(index + 2);
      clock.advance(1);
      await settle();
      expect(children).toHaveLength(index + 3);
    }
    expect(transcoder.counts).toEqual({ running: 1, started: 8, failed: 7, stuck: 0 });
  });

  it.each(['does not read', 'makes nothing'])('is stopped and replaced when it %s', async (how) => {
    startEpoch(0, OPUS);
    playSecond();
    const { rendition, out } = await follow();
    child(0).make(1 + A_SECOND);
    const stopped = how === 'does not read';
    if (stopped) child(0).queued = 3 * 1024 * 1024;
    for (let played = 0; played < (stopped ? 1 : 12); played += 1) playSecond();
    expect(child(0).killed).toBe(true);
    await settle();
    expect(rendition.words).toBe('AAC: ffmpeg did not keep up, and was stopped');
    playSecond();
    await settle();
    // The next one starts at what was newest, and does not try again what was too much.
    expect(child(1).fed).toHaveLength(2);
    child(1).make(1 + A_SECOND);
    expect(out.gaps('audio').filter((gap) => gap < 0)).toEqual([]);
    expect(transcoder.counts).toMatchObject({ running: 1, failed: 0, stuck: 1 });
  });

  it('is left to work through what a publisher that was away brings at once', async () => {
    startEpoch(0, OPUS);
    playSecond();
    const { out } = await follow();
    child(0).make(1 + A_SECOND);
    clock.advance(20_000);
    for (let played = 0; played < 30; played += 1) playSecond({ atOnce: true });
    child(0).make(30 * A_SECOND);
    playSecond();
    expect([child(0).killed, children.length]).toEqual([false, 1]);
    expect(new Set(out.gaps('audio'))).toEqual(new Set([0]));
  });

  it('is replaced when it writes something else than AAC', async () => {
    startEpoch(0, OPUS);
    playSecond();
    const { rendition } = await follow();
    child(0).makeGarbage();
    await settle();
    expect(child(0).killed).toBe(true);
    expect(rendition.words).toMatch(/^AAC: ffmpeg wrote what cannot be read/);
  });
});

describe('where it cannot be made', () => {
  it('says that there is no ffmpeg, and starts once there is', async () => {
    found = undefined;
    startEpoch(0, OPUS);
    const { rendition } = await follow();
    expect(rendition.state).toBe('unavailable');
    expect(rendition.words).toBe(
      'AAC: there is no ffmpeg that runs: install it, or name it in transcode.ffmpeg',
    );
    found = INFO;
    clock.advance(1000);
    await settle();
    expect([rendition.state, transcoder.aacUnavailable]).toEqual(['starting', undefined]);
  });

  it('keeps what it knows of an ffmpeg that the machine only has no room to start', async () => {
    startEpoch(0, OPUS);
    playSecond();
    const { rendition } = await follow();
    child(0).exit({ missing: false, words: 'spawn ffmpeg EMFILE' });
    await settle();
    expect([rendition.state, transcoder.aacUnavailable]).toEqual(['failing', undefined]);
    clock.advance(1000);
    await settle();
    expect([rendition.state, children.length]).toEqual(['starting', 2]);
  });

  it('gives back the place of a child that could not even be asked for, and tries again', async () => {
    const { openChild, children: later } = fakeChildren();
    let broken = true;
    transcoder = new Transcoder({
      ...{ settings: { enabled: true, ffmpeg: 'ffmpeg', maxChildren: 1 }, clock, log: new KeptLog() },
      probe: () => Promise.resolve(INFO),
      openChild: (options) => {
        if (broken) throw new Error('nobody foresaw this');
        return openChild(options);
      },
    });
    startEpoch(0, OPUS);
    playSecond();
    const { rendition } = await follow();
    expect([rendition.state, transcoder.counts]).toEqual([
      'failing',
      { running: 0, started: 0, failed: 0, stuck: 0 },
    ]);
    broken = false;
    clock.advance(1000);
    await settle();
    expect([rendition.state, later.length, transcoder.counts.running]).toEqual(['starting', 1, 1]);
  });

  it('looks for an ffmpeg that was not there again, for whoever only asks whether there is one', async () => {
    found = undefined;
    await transcoder.prepare();
    expect([transcoder.known, transcoder.h264Unavailable !== undefined]).toEqual([true, true]);
    found = INFO;
    clock.advance(9999);
    expect(transcoder.h264Unavailable).toBeDefined();
    await settle();
    expect(transcoder.h264Unavailable).toBeDefined();
    clock.advance(1);
    expect(transcoder.h264Unavailable).toBeDefined();
    await settle();
    expect(transcoder.h264Unavailable).toBeUndefined();
  });

  it.each([
    [{ version: '7.1', encoders: new Set(['aac']) }, 'ffmpeg 7.1 has no encoder libx264, which H.264 needs'],
    [{ ...INFO, version: '4.4.2-0ubuntu0' }, 'ffmpeg 4.4.2-0ubuntu0 is too old for H.264: it needs 5.1'],
    [{ ...INFO, version: 'n10.0' }, undefined],
    [{ ...INFO, version: 'N-117-g1234' }, undefined],
  ])('says what is missing in %o', async (info, words) => {
    found = info;
    await transcoder.prepare();
    expect([transcoder.aacUnavailable, transcoder.h264Unavailable]).toEqual([undefined, words]);
  });

  it('says that too many are running', async () => {
    const followed = [];
    for (let count = 0; count < 3; count += 1) {
      source = new TestBroadcast();
      startEpoch(0, OPUS);
      followed.push(await follow());
    }
    expect(followed.map(({ rendition }) => rendition.state)).toEqual(['starting', 'starting', 'unavailable']);
    expect(followed[2]?.rendition.words).toBe(
      'AAC: 2 are running already, and transcode.maxChildren allows no more',
    );
  });
});

it('ends every child when it is closed', async () => {
  startEpoch(0, OPUS);
  playSecond();
  const { out } = await follow();
  const closing = transcoder.close();
  expect(child(0).ended).toBe(true);
  child(0).exit();
  await closing;
  await out.ended;
  expect(clock.pending).toBe(0);
});
