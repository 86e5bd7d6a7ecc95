import { describe, expect, it } from 'vitest';
import { ticks } from '../../media/time.ts';
import { GroupIndex, MAX_GROUPS } from './group-index.ts';

function filled(groups: number): GroupIndex {
  const index = new GroupIndex();
  for (let group = 0; group < groups; group += 1) index.add(1000 + group * 500, ticks(group * 90_000));
  return index;
}

describe('the index of groups', () => {
  it('says where each group starts and how long it is', () => {
    const references = filled(3).references(2600, ticks(250_000));
    expect(references.map(({ size, duration }) => [size, duration])).toEqual([
      [500, 90_000],
      [500, 90_000],
      [600, 70_000],
    ]);
  });

  it('stays bounded over a day, and covers it without a gap', () => {
    const day = 86_400;
    const references = filled(day).references(1000 + day * 500, ticks(day * 90_000));
    expect(references.length).toBeLessThanOrEqual(MAX_GROUPS);
    expect(references.length).toBeGreaterThan(MAX_GROUPS / 2);
    expect(references.reduce((sum, { size }) => sum + size, 0)).toBe(day * 500);
    expect(references.reduce((sum, { duration }) => sum + duration, 0)).toBe(day * 90_000);
  });

  it('leaves out what was not written', () => {
    const references = filled(10).references(1000 + 3 * 500 + 100, ticks(900_000));
    expect(references.map(({ size }) => size)).toEqual([500, 500, 500, 100]);
  });
});
