import { describe, expect, it } from 'vitest';
import { VIDEO } from '../../media/mp4/synthetic-mp4.ts';
import { bytes, milliseconds, ticks } from '../../media/time.ts';
import type { OpenedRecording } from './replay.ts';
import { finishedPeriods, ReplayClock } from './replay-clock.ts';

const START = Date.UTC(2026, 0, 1);

/** A recording that began so many seconds after the broadcast, with segments of 4 s. */
function recorded(id: string, began: number, count: number): OpenedRecording {
  const segments = Array.from({ length: count }, (_, index) => ({
    start: ticks(index * 4000),
    duration: ticks(4000),
    byteLength: bytes(1000),
    independent: true,
  }));
  return {
    recording: { id, path: '', growing: true, generation: 0, startedAt: milliseconds(START + began * 1000) },
    media: {
      tracks: [{ track: VIDEO, segments }],
      inBandParameterSets: false,
      form: 'fragmented',
      heldBytes: 0,
      locate: async () => undefined,
    },
  };
}

const at = (seconds: number) => milliseconds(START + seconds * 1000);
const periodsOf = (clock: ReplayClock, opened: readonly OpenedRecording[], now: number) =>
  clock
    .periods(opened, at(now))
    .map(({ id, first, end, start, mediaStart }) => [id, first, end, start, mediaStart]);

describe('the periods of a broadcast that is on', () => {
  it('are one while it follows the wall clock, and begin with it', () => {
    const clock = new ReplayClock(at(0));
    expect(periodsOf(clock, [recorded('a', 0, 1)], 5)).toEqual([['a-0', 0, undefined, 0, 0]]);
    expect(periodsOf(clock, [recorded('a', 0, 20)], 88)).toEqual([['a-0', 0, undefined, 0, 0]]);
  });

  it('begin anew as much later as it was interrupted, and stay as they were said', () => {
    const clock = new ReplayClock(at(0));
    periodsOf(clock, [recorded('a', 0, 5)], 22);
    const after = periodsOf(clock, [recorded('a', 0, 6)], 58);
    expect(after).toEqual([
      ['a-0', 0, 5, 0, 0],
      ['a-5', 5, undefined, 44_000, 20_000],
    ]);
    expect(periodsOf(clock, [recorded('a', 0, 7)], 63)).toEqual(after);
    expect(clock.finished([recorded('a', 0, 9)]).map(({ id }) => id)).toEqual(['a-0', 'a-5']);
  });

  it('begin where the broadcast is when nobody looked before', () => {
    const clock = new ReplayClock(at(0));
    expect(periodsOf(clock, [recorded('a', 0, 5)], 52)).toEqual([['a-0', 0, undefined, 22_000, 0]]);
  });

  it('are one through long segments and sound that is waited for, and never let ask for what is not there', () => {
    const clock = new ReplayClock(at(0));
    for (const [now, count] of [
      [5, 1],
      [10, 1],
      [15, 1],
      [20, 4],
      [35, 5],
      [40, 9],
    ] as const)
      expect(periodsOf(clock, [recorded('a', 0, count)], now)).toEqual([['a-0', 0, undefined, 0, 0]]);
  });

  it('go on with the next recording', () => {
    const clock = new ReplayClock(at(0));
    periodsOf(clock, [recorded('a', 0, 3)], 14);
    const both = [recorded('a', 0, 3), recorded('b', 15, 1)];
    expect(periodsOf(clock, both, 20).map(([id, , , start]) => [id, start])).toEqual([
      ['a-0', 0],
      ['b-0', 15_000],
    ]);
  });

  it('are none before there is a segment', () => {
    expect(new ReplayClock(at(0)).periods([recorded('a', 0, 0)], at(3))).toEqual([]);
  });
});

describe('the periods of a broadcast that is over', () => {
  const startsOf = (clock: ReplayClock, opened: readonly OpenedRecording[]) =>
    clock.finished(opened).map(({ id, start }) => [id, start]);

  it('are all of it, also where nobody looked before there was any, or after a recording had begun', () => {
    const clock = new ReplayClock(at(0));
    clock.periods([recorded('a', 0, 0)], at(3));
    const both = [recorded('a', 0, 3), recorded('b', 60, 2)];
    expect(startsOf(clock, both)).toEqual([
      ['a', 0],
      ['b', 12_000],
    ]);
    clock.periods([recorded('a', 0, 2)], at(10));
    expect(startsOf(clock, both)).toEqual([
      ['a-0', 0],
      ['b', 12_000],
    ]);
  });

  it('are others where what was said is no more', () => {
    const clock = new ReplayClock(at(0));
    clock.periods([recorded('a', 0, 2), recorded('b', 9, 1)], at(15));
    expect(startsOf(clock, [recorded('b', 9, 3)])).toEqual([['b', 0]]);
    expect(clock.finished([])).toEqual([]);
  });

  it('are in the order of the recordings, also of one that nothing was known of before the next', () => {
    const clock = new ReplayClock(at(0));
    clock.periods([recorded('a', 0, 0), recorded('b', 9, 1)], at(15));
    expect(clock.periods([recorded('a', 0, 1), recorded('b', 9, 1)], at(15)).map(({ id }) => id)).toEqual([
      'b-0',
    ]);
    expect(startsOf(clock, [recorded('a', 0, 1), recorded('b', 9, 1)])).toEqual([
      ['a', 0],
      ['b', 4000],
    ]);
  });

  it('follow one another without a hole', () => {
    const periods = finishedPeriods([recorded('a', 0, 3), recorded('b', 60, 2)]);
    expect(periods.map(({ id, start }) => [id, start])).toEqual([
      ['a', 0],
      ['b', 12_000],
    ]);
  });
});
