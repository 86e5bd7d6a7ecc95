import { expect, it } from 'vitest';
import type { DestinationResource } from '../../wire/api.ts';
import { destinationSentences, destinationWords } from './destination-words.ts';

const NOW = 1_000_000;

const destination = (
  status: Partial<DestinationResource['status']>,
  rest: object = {},
): DestinationResource => ({
  ...{ id: 'd', name: 'Mine', provider: 'custom', url: 'rtmp://host/live', hasKey: true, playbackUrl: null },
  ...{ enabled: true, when: 'always', mode: 'copy', maxDuration: null, createdAt: 0 },
  ...rest,
  status: {
    ...{ state: 'idle', code: null, message: null, liveSince: null, nextTry: null, bitrate: 0, sentBytes: 0 },
    ...{ acknowledgedBytes: 0, droppedGroups: 0, holding: false, remaining: null },
    ...status,
  },
});

it('is called live only while media of the broadcaster arrives', () => {
  expect(destinationWords(destination({ state: 'live' }))).toEqual({ word: 'Live', tone: 'live' });
  expect(destinationWords(destination({ state: 'live', holding: true })).tone).toBe('warning');
  for (const state of ['idle', 'connecting', 'retrying', 'failed'] as const) {
    expect(destinationWords(destination({ state })).tone).not.toBe('live');
  }
  expect(destinationWords(destination({}, { enabled: false })).word).toBe('Off');
});

it('says since when, how fast, what is wrong and what comes next', () => {
  const live = destination({ state: 'live', liveSince: NOW - 65_000, bitrate: 2_500_000, droppedGroups: 1 });
  expect(destinationSentences(live, NOW)).toEqual([
    'For 1:05, 2.5 Mbit/s.',
    'It is too slow: 1 stretch was left out.',
  ]);
  const tooMuch = destination({ state: 'live', liveSince: NOW, bitrate: 8_000_000 }, { provider: 'twitch' });
  expect(destinationSentences(tooMuch, NOW)[1]).toBe('That is more than Twitch takes: 6.0 Mbit/s.');
  const retrying = destination({ state: 'retrying', message: 'It is gone.', nextTry: NOW + 3500 });
  expect(destinationSentences(retrying, NOW)).toEqual(['It is gone.', 'Trying again in 4 s.']);
  expect(destinationSentences(retrying, NOW + 9000).at(-1)).toBe('Trying again now.');
  expect(destinationSentences(destination({ state: 'live', holding: true, liveSince: NOW }), NOW)[1]).toMatch(
    /repeated/,
  );
  expect(destinationSentences(destination({}, { when: 'on-demand' }), NOW)).toEqual(['Started by hand.']);
  expect(destinationSentences(destination({}), NOW)).toEqual([]);
});

it('is known only while the server answers', () => {
  for (const state of ['idle', 'connecting', 'live', 'retrying', 'failed'] as const) {
    expect(destinationWords(destination({ state }), false)).toEqual({ word: 'Unknown', tone: 'warning' });
  }
});
