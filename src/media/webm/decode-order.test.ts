import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ticks } from '../time.ts';
import { DecodeOrder } from './decode-order.ts';

const START = ticks(-Infinity);
const place = (order: DecodeOrder, times: readonly number[], reorderFrames: number) =>
  times.map((time) => order.place(ticks(time), reorderFrames));

describe('DecodeOrder', () => {
  it('takes presentation times as they are where nothing is reordered', () => {
    const placed = place(new DecodeOrder(ticks(40), START), [0, 33, 66, 100], 0);
    expect(placed.map(({ dts }) => dts)).toEqual([0, 33, 66, 100]);
  });

  it('places I P B B with the times of display order, the first ones extrapolated', () => {
    const placed = place(new DecodeOrder(ticks(40), START), [0, 160, 80, 40, 120, 320, 240, 200, 280], 2);
    expect(placed.map(({ dts }) => dts)).toEqual([-80, -40, 0, 40, 80, 120, 160, 200, 240]);
    expect(placed.map(({ pts }) => pts)).toEqual([0, 160, 80, 40, 120, 320, 240, 200, 280]);
  });

  it('never goes backwards nor passes the presentation time, whatever comes', () => {
    const frames = fc.array(fc.tuple(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: 0, max: 4 })));
    fc.assert(
      fc.property(frames, (all) => {
        const order = new DecodeOrder(ticks(40), ticks(-500));
        let last = -500;
        for (const [time, reorderFrames] of all) {
          const { dts, pts } = order.place(ticks(time), reorderFrames);
          expect(dts).toBeGreaterThanOrEqual(last);
          expect(pts).toBeGreaterThanOrEqual(dts);
          last = dts;
        }
      }),
    );
  });

  it('keeps every presentation time of a stream that keeps its word', () => {
    const groups = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(groups, (sizes) => {
        // Each anchor frame comes before that many frames that are shown before it.
        const times: number[] = [0];
        for (const size of sizes) {
          const shown = Math.max(...times);
          times.push(shown + size + 1, ...Array.from({ length: size }, (_, index) => shown + 1 + index));
        }
        const placed = place(new DecodeOrder(ticks(1), START), times, 1);
        expect(placed.map(({ pts }) => pts)).toEqual(times);
      }),
    );
  });
});
