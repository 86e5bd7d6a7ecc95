import { describe, expect, it } from 'vitest';
import { parseRecordAddress } from './record-options.ts';

describe('the address of a recorder', () => {
  it('needs a channel, and has a default for all else', () => {
    expect(parseRecordAddress('?channel=exam', '')).toEqual({
      channel: 'exam',
      namePrefix: 'noname',
      chunkTime: 1000,
      key: undefined,
    });
    for (const search of ['', '?channel=', '?channel=../x', '?channel=Not%20a%20name']) {
      expect(parseRecordAddress(search, '')).toBeUndefined();
    }
  });

  it.each([
    ['name_prefix=anna', 'anna'],
    ['fname_prefix=anna', 'anna'],
    ['name_prefix=anna&fname_prefix=bert', 'anna'],
    ['name_prefix=', 'noname'],
    ['name_prefix=%2e%2e%2fx', '../x'],
    [`name_prefix=${'a'.repeat(3000)}`, 'a'.repeat(1000)],
  ])('asks by %s for a name that begins with %s: the server makes it safe', (query, namePrefix) => {
    expect(parseRecordAddress(`?channel=exam&${query}`, '')).toMatchObject({ namePrefix });
  });

  it.each([
    ['250', 250],
    ['1', 100],
    ['1e9', 10_000],
    ['-5', 1000],
    ['Infinity', 1000],
    ['soon', 1000],
  ])('asks for pieces of %s ms and gets %i', (asked, chunkTime) => {
    expect(parseRecordAddress(`?channel=exam&chunk_time=${asked}`, '')).toMatchObject({ chunkTime });
  });

  it('has the key in the part that is never sent, and only there', () => {
    expect(parseRecordAddress('?channel=exam&key=wrong', '#key=a%2Bb-_')).toMatchObject({ key: 'a+b-_' });
    expect(parseRecordAddress('?channel=exam&key=wrong', '')).toMatchObject({ key: undefined });
  });
});
