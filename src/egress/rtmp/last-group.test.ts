import { expect, it } from 'vitest';
import type { FlvFrame } from './flv-track.ts';
import { LastGroup } from './last-group.ts';
import { videoFrame } from './test-frames.ts';

function add(group: LastGroup, from: number, to: number, size?: number): void {
  for (let time = from; time < to; time += 40) group.add(videoFrame(time, size));
}
const timesOf = (group: LastGroup) => group.repeated?.pictures.map(({ time }) => time) ?? [];

it('is the newest group, from its keyframe on', () => {
  const group = new LastGroup();
  add(group, 40, 1000);
  expect(group.repeated).toBeUndefined();
  add(group, 1000, 2600);
  expect(timesOf(group)).toEqual(Array.from({ length: 15 }, (_, index) => 2000 + 40 * index));
  expect(group.repeated?.period).toBe(600);
});

it('is the one before, where the newest has hardly begun', () => {
  const group = new LastGroup();
  add(group, 0, 1200);
  expect(timesOf(group)).toHaveLength(25);
  expect(group.repeated?.period).toBe(1000);
  add(group, 1200, 1520);
  expect(timesOf(group)[0]).toBe(1000);
});

it('brings a keyframe twice a second at most, where there is no other group', () => {
  const group = new LastGroup();
  add(group, 0, 120);
  expect(group.repeated).toMatchObject({ period: 500, pictures: { length: 3 } });
});

it('is a keyframe alone, where more would be too much to keep', () => {
  const group = new LastGroup();
  add(group, 0, 1000, 512 * 1024);
  expect(timesOf(group)).toEqual([0]);
});

it('is never of another track than what comes now', () => {
  const group = new LastGroup();
  add(group, 0, 1000);
  const { track } = videoFrame(0);
  const other: FlvFrame = { ...videoFrame(1000), track: Object.create(track) as typeof track };
  group.add(other);
  expect(group.repeated?.pictures).toEqual([other]);
});
