import { expect, it } from 'vitest';
import { MESSAGE } from '../../media/rtmp/message.ts';
import { milliseconds } from '../../media/time.ts';
import { SILENT_TRACK } from './silence.ts';
import { Splicer, type TimedMessage } from './splicer.ts';
import { audioFrame, framesBetween, TEST_AUDIO, TEST_VIDEO, videoFrame } from './test-frames.ts';

const BOTH = ['video', 'audio'] as const;

class Stream {
  readonly sent: TimedMessage[] = [];
  readonly splicer = new Splicer((message) => this.sent.push(message));
  now = 50_000;

  /** Media of that stretch of the broadcast, each frame when it is due. */
  play(from: number, to: number): void {
    const begin = this.now;
    for (const frame of framesBetween(from, to)) {
      this.now = begin + frame.time - from;
      this.splicer.take(frame, milliseconds(this.now));
    }
    this.now = begin + to - from;
  }

  /** The same at once. */
  flood(from: number, to: number): void {
    for (const frame of framesBetween(from, to)) this.splicer.take(frame, milliseconds(this.now));
  }

  /** Nothing comes. */
  wait(time: number): void {
    for (const end = this.now + time; this.now < end; ) {
      this.now += 500;
      this.splicer.hold(milliseconds(this.now), BOTH);
    }
  }

  of(type: number): TimedMessage[] {
    return this.sent.filter((message) => message.type === type && !message.isConfiguration);
  }

  /** The longest step from one message of a kind to the next, and whether any went back. */
  step(type: number): { longest: number; monotonic: boolean } {
    const times = this.of(type).map(({ timestamp }) => timestamp);
    const steps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    return { longest: Math.max(...steps), monotonic: steps.every((step) => step >= 0) };
  }
}

it('begins at 0 with a keyframe, wherever the broadcast stands, each track behind its configuration', () => {
  const stream = new Stream();
  stream.play(7400, 9000);
  expect(stream.sent.slice(0, 4)).toEqual([
    {
      ...{ type: MESSAGE.video, timestamp: 0, startsGroup: false, isConfiguration: true },
      payload: TEST_VIDEO.configuration,
    },
    {
      type: MESSAGE.video,
      timestamp: 0,
      startsGroup: true,
      isConfiguration: false,
      payload: videoFrame(8000).payload,
      rest: videoFrame(8000).rest,
    },
    {
      ...{ type: MESSAGE.audio, timestamp: 0, startsGroup: false, isConfiguration: true },
      payload: TEST_AUDIO.configuration,
    },
    {
      type: MESSAGE.audio,
      timestamp: 0,
      startsGroup: false,
      isConfiguration: false,
      payload: audioFrame(0).payload,
      rest: audioFrame(0).rest,
    },
  ]);
  expect(stream.sent.at(-1)?.timestamp).toBe(980);
});

it('repeats the last group in silence while nothing comes, at its pace, and goes on from a keyframe without a jump', () => {
  const stream = new Stream();
  stream.play(0, 3000);
  stream.wait(20_000);
  expect(stream.splicer.holding).toBe(true);
  const repeated = stream.of(MESSAGE.video).filter(({ timestamp }) => timestamp >= 3000);
  expect(repeated.length).toBe((20 * 1000) / 40 + 1);
  for (const [index, { timestamp, rest, startsGroup }] of repeated.entries()) {
    expect(timestamp).toBe(3000 + 40 * index);
    expect(rest).toEqual(videoFrame(2000 + 40 * (index % 25)).rest);
    expect(startsGroup).toBe(index % 25 === 0);
  }
  // The next session goes on where the broadcast's timeline stood.
  stream.play(3000, 6000);
  expect(stream.splicer.holding).toBe(false);
  expect(stream.step(MESSAGE.audio)).toEqual({ longest: 22, monotonic: true });
  expect(stream.step(MESSAGE.video)).toEqual({ longest: 40, monotonic: true });
  expect(Math.abs((stream.sent.at(-1)?.timestamp ?? 0) - 25_980)).toBeLessThan(22);
});

it('goes on holding until a keyframe comes', () => {
  const stream = new Stream();
  stream.play(0, 2000);
  stream.wait(5000);
  stream.play(2040, 2900);
  expect(stream.splicer.holding).toBe(true);
  stream.splicer.take(videoFrame(3000), milliseconds(stream.now));
  expect(stream.splicer.holding).toBe(false);
});

it('leaves out what was kept through a cut, so that it stays live', () => {
  const stream = new Stream();
  stream.play(0, 3000);
  stream.wait(10_000);
  // The publisher is back with 10 s that it kept, then with what is live.
  stream.flood(3000, 13_000);
  stream.play(13_000, 30_000);
  expect(stream.splicer.skippedGroups).toBeGreaterThan(5);
  const last = stream.sent.at(-1)?.timestamp ?? 0;
  const elapsed = stream.now - 50_000;
  expect(Math.abs(last - elapsed)).toBeLessThan(1300);
  expect(stream.step(MESSAGE.video).monotonic).toBe(true);
  expect(stream.step(MESSAGE.video).longest).toBeLessThanOrEqual(40);
});

it('takes what the hub held when it began as a head start, not as old media', () => {
  const stream = new Stream();
  stream.flood(0, 6000);
  stream.play(6000, 12_000);
  expect(stream.splicer.skippedGroups).toBe(0);
  expect(stream.sent.at(-1)?.timestamp).toBe(11_980);
  expect(stream.step(MESSAGE.video).longest).toBe(40);
});

it('begins a stream that was lost again at 0, with what it knows where nothing comes', () => {
  const stream = new Stream();
  stream.play(0, 2000);
  stream.splicer.restart();
  stream.sent.length = 0;
  stream.wait(1000);
  expect(
    stream.sent.slice(0, 2).map(({ type, timestamp, isConfiguration }) => [type, timestamp, isConfiguration]),
  ).toEqual([
    [MESSAGE.video, 0, true],
    [MESSAGE.video, 0, false],
  ]);
  expect(stream.sent.some(({ type, isConfiguration }) => type === MESSAGE.audio && isConfiguration)).toBe(
    true,
  );
});

it('has nothing to hold with before a keyframe came, and fills no more than a while after a sleep', () => {
  const stream = new Stream();
  stream.splicer.hold(milliseconds(stream.now), BOTH);
  expect(stream.splicer.holding).toBe(false);
  stream.play(0, 1000);
  stream.now += 86_400_000;
  stream.splicer.hold(milliseconds(stream.now), BOTH);
  expect(stream.sent.at(-1)?.timestamp).toBeLessThan(11_100);
  stream.play(1000, 3000);
  expect(stream.step(MESSAGE.video).longest).toBeLessThanOrEqual(40);
});

it('follows a broadcast that has only sound', () => {
  const stream = new Stream();
  const sound = (from: number) => {
    for (let time = from; time < from + 4000; time += 20) {
      stream.now += 20;
      const startsGroup = time % 2000 === 0;
      stream.splicer.take({ ...audioFrame(time), startsGroup }, milliseconds(stream.now));
    }
  };
  sound(0);
  for (let count = 0; count < 20; count += 1) {
    stream.now += 500;
    stream.splicer.hold(milliseconds(stream.now), ['audio']);
  }
  sound(4000);
  expect(stream.step(MESSAGE.audio).monotonic).toBe(true);
  expect(stream.step(MESSAGE.audio).longest).toBeLessThan(42);
  expect(stream.of(MESSAGE.video)).toEqual([]);
});

it('puts silence beside the pictures of a broadcast that has no sound, and lets sound that comes later take over', () => {
  const stream = new Stream();
  const silent = (from: number, to: number) => {
    for (let time = from; time < to; time += 40) {
      stream.now += 40;
      stream.splicer.take(videoFrame(time), milliseconds(stream.now), ['video']);
    }
  };
  silent(0, 4000);
  for (let count = 0; count < 20; count += 1) {
    stream.now += 500;
    stream.splicer.hold(milliseconds(stream.now), ['video']);
  }
  silent(4000, 6000);
  const [configuration] = stream.sent.filter(({ type }) => type === MESSAGE.audio);
  expect(configuration).toMatchObject({ isConfiguration: true, payload: SILENT_TRACK.configuration });
  expect(stream.step(MESSAGE.audio)).toEqual({ longest: 22, monotonic: true });
  expect(stream.step(MESSAGE.video)).toEqual({ longest: 40, monotonic: true });
  const ends = [MESSAGE.audio, MESSAGE.video].map((type) => stream.of(type).at(-1)?.timestamp ?? 0);
  expect(Math.abs((ends[0] ?? 0) - (ends[1] ?? 0))).toBeLessThanOrEqual(40);
  stream.play(6000, 8000);
  // Up to where the last silent picture began, there is silence.
  expect(stream.step(MESSAGE.audio).monotonic).toBe(true);
  expect(stream.step(MESSAGE.audio).longest).toBeLessThan(65);
  expect(
    stream.sent.filter(({ type, isConfiguration }) => type === MESSAGE.audio && isConfiguration),
  ).toHaveLength(2);
});

it('sends the sound of pictures that went out although groups behind them were left out meanwhile', () => {
  const stream = new Stream();
  stream.play(0, 3000);
  stream.wait(10_000);
  const kept = framesBetween(3000, 13_000);
  const now = milliseconds(stream.now);
  // The encoder of sound needs longer for 10 s than pictures wait for it.
  for (const frame of kept) if (frame.track.kind === 'video') stream.splicer.take(frame, now);
  for (const frame of kept) if (frame.track.kind === 'audio') stream.splicer.take(frame, now);
  stream.play(13_000, 20_000);
  expect(stream.splicer.skippedGroups).toBeGreaterThan(5);
  expect(stream.step(MESSAGE.audio).monotonic).toBe(true);
  expect(stream.step(MESSAGE.audio).longest).toBeLessThan(45);
});

it('fills no more than ten seconds of silence at once, when the sound is gone after hours', () => {
  const stream = new Stream();
  const take = (time: number, kinds: readonly ('video' | 'audio')[]) => {
    stream.now = 50_000 + time;
    stream.splicer.take(videoFrame(time), milliseconds(stream.now), kinds);
  };
  const hours = 5 * 3_600_000;
  for (let time = 0; time <= hours; time += 1000) take(time, BOTH);
  take(hours + 1000, ['video']);
  take(hours + 2000, ['video']);
  const sound = stream.of(MESSAGE.audio);
  expect(sound.length).toBeGreaterThan(40);
  expect(sound.length).toBeLessThan(600);
  expect(stream.step(MESSAGE.audio)).toMatchObject({ monotonic: true });
});
