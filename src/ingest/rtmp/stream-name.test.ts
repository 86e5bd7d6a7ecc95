import { expect, it } from 'vitest';
import { parseStreamName } from './stream-name.ts';

it.each([
  ['main?key=abc', { channel: 'main', key: 'abc', takeover: false }],
  ['main?takeover=1&key=abc', { channel: 'main', key: 'abc', takeover: true }],
  ['main?key=a%26b', { channel: 'main', key: 'a&b', takeover: false }],
  ['abc', { channel: undefined, key: 'abc', takeover: false }],
  ['abc?takeover=true', { channel: undefined, key: 'abc', takeover: true }],
  ['abc?other=1', { channel: undefined, key: 'abc', takeover: false }],
  ['?key=abc', { channel: '', key: 'abc', takeover: false }],
])('%s names a channel, its key, and whether to take over', (text, expected) => {
  expect(parseStreamName(text)).toEqual(expected);
});

it.each(['', '?', 'main?key=', `main?key=${'x'.repeat(512)}`])('%s has no key', (text) => {
  expect(parseStreamName(text)).toBeUndefined();
});
