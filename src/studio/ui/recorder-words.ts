import type { SourcesStatus } from '../capture/sources.ts';
import type { PublishError, PublishErrorCode } from '../publish/publish-error.ts';
import type { PublisherStatus } from '../publish/publisher-status.ts';
import type { RecorderStep } from '../recorder.ts';
import type { StateWords } from './state-words.ts';

/** What a recorder says of itself. */
export interface RecorderWords extends StateWords {
  readonly sentence: string;
  /** What its button does while nothing is recorded; none where there is nothing to do but to wait. */
  readonly action?: 'open' | 'start';
  /** What that button says. */
  readonly button?: string;
}

const OPENING: RecorderWords = {
  word: 'Not recording yet',
  tone: 'busy',
  sentence: 'Allow this page to use your camera and microphone.',
};
const SENDING: RecorderWords = {
  word: 'Not recording yet',
  tone: 'busy',
  sentence: 'What was left of the recording before is uploaded first.',
};
const CLICK: RecorderWords = {
  word: 'Not recording yet',
  tone: 'warning',
  sentence: 'Press the button to begin: this browser wants it.',
  action: 'start',
  button: 'Start recording',
};
const CONNECTING: RecorderWords = {
  word: 'Not recording yet',
  tone: 'busy',
  sentence: 'Connecting to the server.',
};
const STARTING: RecorderWords = {
  word: 'Recording',
  tone: 'live',
  sentence: 'Waiting for the server to save the first part.',
};
const ON: RecorderWords = { word: 'Recording', tone: 'live', sentence: 'It is saved as it goes.' };
const AWAY: RecorderWords = {
  word: 'Recording',
  tone: 'warning',
  sentence:
    'The connection is lost. Nothing is lost: what is recorded is kept on this device and saved later.',
};
const ENDING: RecorderWords = { word: 'Saving', tone: 'busy', sentence: 'Keep this page open for a moment.' };
const SAVED: RecorderWords = {
  word: 'Saved',
  tone: 'good',
  sentence: 'The recording is complete. You can close this page.',
  action: 'start',
  button: 'Record again',
};
const PARTLY: RecorderWords = {
  word: 'Stopped',
  tone: 'warning',
  sentence: 'The last part was not saved.',
  action: 'start',
  button: 'Record again',
};
const NOTHING: RecorderWords = { ...PARTLY, sentence: 'It ended before anything was recorded.' };
const LIMIT: RecorderWords = {
  word: 'Ended',
  tone: 'warning',
  sentence: 'The recording was as long as it may be. What was recorded until then is saved.',
  action: 'start',
  button: 'Record again',
};
const NOT_KEPT: RecorderWords = {
  word: 'Sent, but not recorded',
  tone: 'danger',
  sentence: 'This channel does not record. Tell the person who sent you here.',
};

/** What a recorder says at that step, with its session's status and why the last one could not begin. */
export function recorderWords(
  step: RecorderStep,
  status: PublisherStatus | null,
  refusal: PublishError | null,
  sources: Pick<SourcesStatus, 'camera' | 'microphone'>,
): RecorderWords {
  if (refusal) return failed(wordsOfError(refusal));
  switch (step) {
    case 'opening':
      return OPENING;
    case 'denied':
      return {
        ...failed((sources.camera.error ?? sources.microphone.error)?.message ?? 'There is no camera.'),
        action: 'open',
      };
    case 'sending':
      return SENDING;
    case 'click':
      return CLICK;
    case 'started':
      return status ? wordsOfStatus(status) : CONNECTING;
  }
}

function wordsOfStatus(status: PublisherStatus): RecorderWords {
  switch (status.state) {
    case 'ready':
    case 'connecting':
      return status.total > 0 ? STARTING : CONNECTING;
    case 'live':
      return status.recording === 'off' || status.recording === 'damaged' ? notKept(status.recording) : ON;
    case 'reconnecting':
      return AWAY;
    case 'ending':
      return status.problem
        ? { ...ENDING, tone: 'warning', sentence: `${status.problem} Trying again. Keep this page open.` }
        : ENDING;
    case 'ended':
      if (status.total === 0) return NOTHING;
      if (status.acknowledged < status.total) return PARTLY;
      return status.recordingId ? SAVED : NOT_KEPT;
    case 'failed':
      if (status.error?.code === 'max-duration') return LIMIT;
      return failed(wordsOfError(status.error));
  }
}

function notKept(state: 'off' | 'damaged'): RecorderWords {
  if (state === 'off') return NOT_KEPT;
  return {
    ...NOT_KEPT,
    word: 'Not saved',
    sentence: 'The server cannot save any more: its disk may be full.',
  };
}

/** In place of what is said in a studio. */
const WORDS: Partial<Record<PublishErrorCode, string>> = {
  unauthorized:
    'The key in this link is wrong, or was replaced. Ask the person who sent you here for a new link.',
  'channel-busy': 'Somebody else is recording here now. Try again when they are done.',
  'taken-over': 'Somebody else has begun to record here. What was recorded until then is saved.',
  'channel-not-found': 'There is no such channel any more. Ask the person who sent you here for a new link.',
  unreachable: 'The server cannot be reached. Check your network connection, then try again.',
  'session-lost':
    'The connection was away for longer than the server waits. What was saved until then is kept; record again for the rest.',
};

const wordsOfError = (error: PublishError | null): string =>
  (error && WORDS[error.code]) ?? error?.message ?? 'It did not work. Try again.';

const failed = (sentence: string): RecorderWords => ({
  word: 'Not recording',
  tone: 'danger',
  sentence,
  action: 'start',
  button: 'Try again',
});
