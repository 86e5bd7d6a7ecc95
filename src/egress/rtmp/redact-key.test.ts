import { expect, it } from 'vitest';
import { redactKey } from './redact-key.ts';

it.each(['abcdef', 'abc12', 'k1', '12345-ab'])('takes the stream key %s out of what a server says', (key) => {
  expect(redactKey(`about ${key} !`, key)).toBe('about •••• !');
});

it('takes its longer parts out as well, however they are written, and leaves common words', () => {
  expect(redactKey('no room abc+def in live', 'live?token=abc+def&user=ada')).toBe('no room •••• in live');
  expect(redactKey('FB%2D12 and a%2Bb%26c12', 'a+b&c12')).toBe('FB%2D12 and ••••');
});

it('answers one line that is not too long', () => {
  expect(redactKey('one\r\ntwo\u0000', 'key')).toBe('one two');
  expect(redactKey('x'.repeat(500), 'key').length).toBe(200);
});
