import { describe, expect, it } from 'vitest';
import { delayText, statusText } from './status-text.ts';

const text = (state: Parameters<typeof statusText>[0]['state'], hasPicture = false) =>
  statusText({ state, hasPicture, problem: { code: 'not-found', message: 'There is no such channel.' } });

describe('the words of the player', () => {
  it('say nothing while all is well', () => {
    expect(text('live', true)).toEqual({ message: '', detail: '' });
  });

  it('tell a lost connection from a first one', () => {
    expect(text('connecting').message).toBe('Connecting…');
    expect(text('connecting', true)).toEqual({ message: 'Connection lost', detail: 'Reconnecting…' });
  });

  it('say why nothing plays', () => {
    expect(text('error').detail).toBe('There is no such channel.');
  });

  it.each([
    [0, '0.0 s'],
    [384, '0.4 s'],
    [9940, '9.9 s'],
    [9960, '10 s'],
    [61_400, '61 s'],
  ])('show a delay of %i ms as %s', (delay, shown) => {
    expect(delayText(delay)).toBe(shown);
  });
});
