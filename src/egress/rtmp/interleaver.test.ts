import { expect, it } from 'vitest';
import { milliseconds } from '../../media/time.ts';
import type { FlvFrame } from './flv-track.ts';
import { Interleaver } from './interleaver.ts';
import { audioFrame, videoFrame } from './test-frames.ts';

class Output {
  now = 0;
  readonly times: number[] = [];
  readonly interleaver = new Interleaver((frame: FlvFrame) => this.times.push(frame.time));

  constructor(...kinds: ('video' | 'audio')[]) {
    this.interleaver.expect(kinds);
  }

  push(...frames: FlvFrame[]): void {
    for (const frame of frames) this.interleaver.push(frame, milliseconds(this.now));
  }
}

const videos = (...times: number[]) => times.map((time) => videoFrame(time));
const sounds = (...times: number[]) => times.map((time) => audioFrame(time));

it('brings two tracks into the order of their times, however they come', () => {
  const output = new Output('video', 'audio');
  output.push(...videos(0, 40, 80));
  expect(output.times).toEqual([]);
  output.push(...sounds(10, 30, 50, 90));
  expect(output.times).toEqual([0, 10, 30, 40, 50, 80]);
});

it('waits for no track that does not come, and for one that is late no longer than 1.5 s', () => {
  const alone = new Output('video');
  alone.push(videoFrame(0));
  expect(alone.times).toEqual([0]);
  const output = new Output('video', 'audio');
  output.push(videoFrame(0));
  output.now = 1000;
  output.push(videoFrame(40));
  expect(output.times).toEqual([]);
  output.now = 1500;
  output.push(videoFrame(80));
  expect(output.times).toEqual([0]);
});

it('waits with all that comes at once, up to a bound', () => {
  const output = new Output('video', 'audio');
  for (let time = 0; time < 20_000; time += 40) output.push(videoFrame(time));
  expect(output.times).toEqual([]);
  output.push(...sounds(0, 20_000));
  expect(output.times.length).toBe(501);
  for (let time = 20_000; time < 100_000; time += 40) output.push(videoFrame(time));
  expect(output.times.at(-1)).toBeGreaterThan(69_000);
});

it('gives out what waits when it is told to', () => {
  const output = new Output('video', 'audio');
  output.push(...videos(0, 40));
  output.interleaver.flush();
  expect(output.times).toEqual([0, 40]);
});

it('waits with no more than 16 MiB', () => {
  const output = new Output('video', 'audio');
  for (let time = 0; time < 10_000; time += 40) output.push(videoFrame(time, 256 * 1024));
  expect(output.times.length).toBe(250 - 63);
});
