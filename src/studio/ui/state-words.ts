import type { PublisherState, PublisherStatus } from '../publish/publisher-status.ts';

/** A state as a pill shows it: a word, and what colour it has. */
export interface StateWords {
  readonly word: string;
  readonly tone: 'neutral' | 'busy' | 'live' | 'warning' | 'danger' | 'good';
}

const WORDS: Record<PublisherState, StateWords> = {
  ready: { word: 'Ready', tone: 'neutral' },
  connecting: { word: 'Connecting', tone: 'busy' },
  live: { word: 'Live', tone: 'live' },
  reconnecting: { word: 'Reconnecting', tone: 'warning' },
  ending: { word: 'Ending', tone: 'busy' },
  ended: { word: 'Ended', tone: 'good' },
  failed: { word: 'Failed', tone: 'danger' },
};

/** How a state is called. */
export const stateWords = (state: PublisherState): StateWords => WORDS[state];

/** What a state means for the person at the studio, in a sentence; undefined where the word says it all. */
export function stateSentence(status: PublisherStatus): string | undefined {
  switch (status.state) {
    case 'connecting':
      return status.problem
        ? `${status.problem} Trying again…`
        : 'Waiting for the server to confirm the first picture.';
    case 'reconnecting':
      return `${status.problem ?? 'The connection is back.'} Nothing is lost: what could not be sent is kept and follows.`;
    case 'ending':
      return status.problem ? `${status.problem} Trying again…` : 'Delivering the last part.';
    case 'failed':
      return status.error?.message;
    default:
      return undefined;
  }
}
