import { describe, expect, it } from 'vitest';
import { SavedTime } from './saved-time.ts';

describe('up to when a stream is stored', () => {
  it('is when the last byte that is stored was made, counted from the beginning', () => {
    const saved = new SavedTime();
    saved.begin(10_000);
    expect(saved.value).toBe(0);
    for (let second = 1; second <= 5; second += 1) saved.written(second * 100, 10_000 + second * 1000);
    saved.stored(99);
    expect(saved.value).toBe(0);
    saved.stored(250);
    expect(saved.value).toBe(2000);
    saved.stored(500);
    expect(saved.value).toBe(5000);
    saved.stored(400);
    expect(saved.value).toBe(5000);
  });

  it('is never later than what is stored, however small the pieces are', () => {
    const saved = new SavedTime();
    saved.begin(0);
    for (let piece = 1; piece <= 1000; piece += 1) {
      saved.written(piece, piece * 10);
      if (piece % 7 === 0) saved.stored(piece - 100);
      expect(saved.value).toBeLessThanOrEqual(Math.max(0, (piece - 100) * 10));
    }
    saved.stored(1000);
    expect(saved.value).toBe(10_000);
  });
});
