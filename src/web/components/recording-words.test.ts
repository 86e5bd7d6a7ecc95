import { describe, expect, it } from 'vitest';
import { wordsOfFinalisation, wordsOfGap, wordsOfOriginal } from './recording-words.ts';

describe('what is missing of a recording', () => {
  it.each([
    [192_000, 25_000, '25 s are missing at 3:12'],
    [0, 1000, '1 s is missing at 0:00'],
    [5000, 400, 'Less than a second is missing at 0:05'],
    [3_723_000, 185_000, '3 min 5 s are missing at 1:02:03'],
    [1000, 120_000, '2 min are missing at 0:01'],
    [1000, 7_800_000, '2 h 10 min are missing at 0:01'],
    [61_000, null, 'Something is missing at 1:01; nobody knows how much'],
  ])('is said in words: at %i, %s ms', (at, duration, words) => {
    expect(wordsOfGap({ at, duration })).toBe(words);
  });
});

describe('whether a recording is finished', () => {
  it('is not asked while it is made', () => {
    expect(wordsOfFinalisation({ state: 'recording', finalisation: 'waiting' })).toBeNull();
  });

  it('is in the list only where it is not', () => {
    const short = (finalisation: 'done' | 'waiting' | 'no-room' | 'failed') =>
      wordsOfFinalisation({ state: 'complete', finalisation })?.short;
    expect(short('done')).toBeNull();
    expect(short('waiting')).toBe('to be finished');
    expect(short('no-room')).toBe('not finished: disk full');
    expect(short('failed')).toBe('not finished');
  });
});

describe('an original', () => {
  const original = { url: '', fileName: '', size: 1, mime: 'video/webm' };

  it('is numbered where there are more', () => {
    expect(wordsOfOriginal([original], 0)).toBe('WebM as recorded');
    expect(wordsOfOriginal([original, { ...original, mime: 'video/mp4' }], 1)).toBe(
      'MP4 as recorded, part 2',
    );
  });
});
