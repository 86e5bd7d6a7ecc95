import { expect, it } from 'vitest';
import type { FlvFrame } from './flv-track.ts';
import { Interleaver } from './interleaver.ts';
import { audioFrame, videoFrame } from './test-frames.ts';

class Output {
  readonly times: number[] = [];
  readonly interleaver = new Interleaver((frame: FlvFrame) => this.times.push(frame.time));

  constructor(...kinds: ('video' | 'audio')[]) {
    this.interleaver.expect(kinds);
  }
}

it('brings two tracks into the order of their times, however they come', () => {
  const { interleaver, times } = new Output('video', 'audio');
  for (const time of [0, 40, 80]) interleaver.push(videoFrame(time));
  expect(times).toEqual([]);
  for (const time of [10, 30, 50, 90]) interleaver.push(audioFrame(time));
  expect(times).toEqual([0, 10, 30, 40, 50, 80]);
});

it('waits for no track that does not come, and for one that is late no longer than 1.5 s of media', () => {
  const alone = new Output('video');
  alone.interleaver.push(videoFrame(0));
  expect(alone.times).toEqual([0]);
  const { interleaver, times } = new Output('video', 'audio');
  for (let time = 0; time <= 2000; time += 40) interleaver.push(videoFrame(time));
  expect(times.at(-1)).toBe(480);
  interleaver.expect(['video']);
  expect(times.at(-1)).toBe(2000);
});

it('gives out what waits when it is told to', () => {
  const { interleaver, times } = new Output('video', 'audio');
  for (const time of [0, 40]) interleaver.push(videoFrame(time));
  interleaver.flush();
  expect(times).toEqual([0, 40]);
});
