import { describe, expect, it } from 'vitest';
import { ticks, timescale } from '../../media/time.ts';
import { SegmentLists } from './segment-list.ts';

const PICTURE = 0;
const SOUND = 1;

/** A picture of 10 frames a second, at 1000 ticks, and sound in packets of 100 ms, at 48,000. */
class TestLists {
  readonly lists = new SegmentLists<number>([timescale(1000), timescale(48_000)], PICTURE);

  frame(tenth: number, keyframe = tenth % 10 === 0): this {
    return this.#add(PICTURE, 1000, tenth, keyframe);
  }

  packet(tenth: number): this {
    return this.#add(SOUND, 48_000, tenth, true);
  }

  both(from: number, to: number): this {
    for (let tenth = from; tenth < to; tenth += 1) this.frame(tenth).packet(tenth);
    return this;
  }

  /** Of a track: where each segment is and how long, in seconds, and how many samples it has. */
  listed(track: number, ended = false): (readonly [number, number, number])[] {
    this.lists.list(ended);
    const list = this.lists.lists[track];
    const scale = list?.timescale ?? 1;
    return (list?.segments ?? []).map(
      ({ start, duration }, index) => [start / scale, duration / scale, list?.place(index) ?? 0] as const,
    );
  }

  #add(track: number, scale: number, tenth: number, keyframe: boolean): this {
    const start = ticks((tenth * scale) / 10);
    const end = ticks(start + scale / 10);
    this.lists.add(track, { start, end, keyframe, byteLength: 10 }, (place = 0) => place + 1);
    return this;
  }
}

describe('segments of a recording', () => {
  it('begin at the first keyframe after four seconds, in every track', () => {
    const lists = new TestLists().both(0, 101);
    expect(lists.listed(PICTURE)).toEqual([
      [0, 4, 40],
      [4, 4, 40],
    ]);
    expect(lists.listed(SOUND)).toEqual([
      [0, 4, 40],
      [4, 4, 40],
    ]);
    expect(lists.listed(PICTURE, true).at(-1)).toEqual([8, 2.1, 21]);
  });

  it('end after eight seconds where no keyframe comes', () => {
    const lists = new TestLists().frame(0).packet(0);
    for (let tenth = 1; tenth < 170; tenth += 1) lists.frame(tenth, false).packet(tenth);
    expect(lists.listed(PICTURE).map(([start]) => start)).toEqual([0, 8]);
    expect(lists.lists.lists[PICTURE]?.segments[1]?.independent).toBe(false);
  });

  it('are not complete before their sound is', () => {
    const lists = new TestLists().both(0, 39).frame(39).frame(40).frame(41);
    expect(lists.listed(PICTURE)).toEqual([]);
    lists.packet(39).packet(40);
    expect(lists.listed(SOUND)).toEqual([[0, 4, 40]]);
  });

  it('go without sound that stays away, and take what comes late where it can still be', () => {
    const lists = new TestLists();
    for (let tenth = 0; tenth < 130; tenth += 1) lists.frame(tenth);
    expect(lists.listed(PICTURE)).toHaveLength(1);
    expect(lists.listed(SOUND)).toEqual([[0, 4, 0]]);
    expect(lists.lists.lists[SOUND]?.segments[0]?.byteLength).toBe(0);
    for (let tenth = 20; tenth < 130; tenth += 1) lists.packet(tenth);
    const sound = lists.listed(SOUND, true);
    expect(sound[0]).toEqual([0, 4, 0]);
    expect(sound.reduce((sum, [, , count]) => sum + count, 0)).toBe(110);
    expect(sound).toHaveLength(lists.listed(PICTURE).length);
  });

  it.each([5, 13])(
    'say where sound is that begins after %s seconds, as they did while it was awaited',
    (seconds) => {
      const live = new TestLists();
      const whole = new TestLists();
      for (let tenth = 0; tenth < 300; tenth += 1) {
        live.frame(tenth);
        if (tenth >= seconds * 10) live.packet(tenth);
        live.listed(SOUND);
        whole.frame(tenth);
      }
      for (let tenth = seconds * 10; tenth < 300; tenth += 1) whole.packet(tenth);
      const sound = whole.listed(SOUND, true);
      expect(sound.map(([start, duration]) => [start, duration])).toEqual(
        whole.listed(PICTURE, true).map(([start, duration]) => [start, duration]),
      );
      expect(sound[0]).toEqual([0, 4, 0]);
      expect(live.listed(SOUND, true)).toEqual(sound);
    },
  );

  it('are not longer for sound that is missing where they end', () => {
    const lists = new TestLists();
    for (let tenth = 0; tenth < 160; tenth += 1) {
      lists.frame(tenth, tenth % 80 === 0);
      if (tenth < 70 || tenth > 140) lists.packet(tenth);
    }
    expect(lists.listed(SOUND, true).map(([start, duration]) => [start, duration])).toEqual([
      [0, 8],
      [8, 8],
    ]);
  });

  it('never last longer than players were told, whatever frames do', () => {
    const lists = new SegmentLists<number>([timescale(1000)], 0);
    let start = 0;
    for (const duration of [100, 3800, 9000, 100, 7900, 10_000, 100, 100, 2500]) {
      const media = {
        start: ticks(start),
        end: ticks(start + duration),
        keyframe: start === 0,
        byteLength: 5,
      };
      lists.add(0, media, (place = 0) => place + 1);
      start += duration;
    }
    lists.list(true);
    const segments = lists.lists[0]?.segments ?? [];
    expect(segments.map(({ duration }) => duration)).toEqual([3900, 9000, 8000, 10_000, 2700]);
  });

  it('never change once they are listed', () => {
    const lists = new TestLists();
    let before: unknown[] = [];
    for (let tenth = 0; tenth < 600; tenth += 1) {
      lists.frame(tenth);
      if (tenth < 100 || tenth > 380) lists.packet(tenth);
      const now = lists.listed(SOUND);
      expect(now.slice(0, before.length)).toEqual(before);
      expect(now).toHaveLength(lists.listed(PICTURE).length);
      before = now;
    }
    expect(before.length).toBeGreaterThan(12);
  });

  it('are of sound alone where there is nothing else', () => {
    const lists = new SegmentLists<number>([timescale(1000)], 0);
    for (let start = 0; start < 9000; start += 60) {
      const media = { start: ticks(start), end: ticks(start + 60), keyframe: true, byteLength: 5 };
      lists.add(0, media, (place = 0) => place + 1);
    }
    lists.list(true);
    expect(lists.lists[0]?.segments.map(({ start }) => start)).toEqual([0, 4020, 8040]);
  });
});
