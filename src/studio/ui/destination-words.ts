import type { DestinationResource } from '../../wire/api.ts';
import { PROVIDER_PRESETS } from '../../wire/destination-providers.ts';
import { formatBitrate } from './format-amount.ts';
import { formatDuration } from './format-duration.ts';
import type { StateWords } from './state-words.ts';

type Status = DestinationResource['status'];

const WORDS: Record<Status['state'], StateWords> = {
  idle: { word: 'Idle', tone: 'neutral' },
  connecting: { word: 'Connecting', tone: 'busy' },
  live: { word: 'Live', tone: 'live' },
  retrying: { word: 'Retrying', tone: 'warning' },
  failed: { word: 'Failed', tone: 'danger' },
};

const HOLDING: StateWords = { word: 'Holding', tone: 'warning' };
const OFF: StateWords = { word: 'Off', tone: 'neutral' };
const UNKNOWN: StateWords = { word: 'Unknown', tone: 'warning' };

/**
 * How a destination's state is called. One that is live without its broadcaster is not called live, and none is while the
 * server does not answer: `isCurrent` is false then.
 */
export function destinationWords({ enabled, status }: DestinationResource, isCurrent = true): StateWords {
  if (!isCurrent) return UNKNOWN;
  if (status.state === 'live' && status.holding) return HOLDING;
  if (!enabled && status.state === 'idle') return OFF;
  return WORDS[status.state];
}

/** What a destination's state means, in sentences; empty where its word says it all. `now` in ms since 1970. */
export function destinationSentences(destination: DestinationResource, now: number): string[] {
  const { status, when, enabled, provider } = destination;
  const { state, message, holding, nextTry, liveSince, droppedGroups } = status;
  const said: string[] = [];
  if (state === 'live' && liveSince !== null) {
    said.push(`For ${formatDuration(now - liveSince)}, ${formatBitrate(status.bitrate)}.`);
  }
  const { label, maxBitrate } = PROVIDER_PRESETS[provider];
  if (state === 'live' && maxBitrate !== null && status.bitrate > maxBitrate) {
    said.push(`That is more than ${label} takes: ${formatBitrate(maxBitrate)}.`);
  }
  if (holding) said.push('The broadcaster is lost: the last second is repeated until it is back.');
  if (message !== null) said.push(message);
  if (state === 'retrying' && nextTry !== null) {
    const seconds = Math.max(0, Math.ceil((nextTry - now) / 1000));
    said.push(seconds === 0 ? 'Trying again now.' : `Trying again in ${seconds} s.`);
  }
  if (state === 'live' && droppedGroups > 0) {
    said.push(
      `It is too slow: ${droppedGroups} ${droppedGroups === 1 ? 'stretch was' : 'stretches were'} left out.`,
    );
  }
  if (state === 'idle' && enabled && message === null && when === 'on-demand') said.push('Started by hand.');
  return said;
}
