import type { SourcesStatus } from '../capture/sources.ts';
import type { PublishError } from '../publish/publish-error.ts';
import type { PublisherStatus } from '../publish/publisher-status.ts';
import type { RecorderStep } from '../recorder.ts';
import type { StateWords } from './state-words.ts';

/** What a recorder says of itself. */
export interface RecorderWords extends StateWords {
  readonly sentence: string;
  /** What its button does while nothing is recorded; none where there is nothing to do but to wait. */
  readonly action?: 'open' | 'start';
  /** Something was recorded before. */
  readonly again?: boolean;
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
  again: true,
};
const PARTLY: RecorderWords = {
  word: 'Stopped',
  tone: 'warning',
  sentence: 'The last part was not saved.',
  action: 'start',
  again: true,
};
const NOTHING: RecorderWords = { ...PARTLY, sentence: 'It ended before anything was recorded.' };
const LIMIT: RecorderWords = {
  word: 'Ended',
  tone: 'warning',
  sentence: 'The recording was as long as it may be. What was recorded until then is saved.',
  action: 'start',
  again: true,
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
  if (refusal) return failed(refusal.message);
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
      return failed(status.error?.message ?? 'It failed.');
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

const failed = (sentence: string): RecorderWords => ({
  word: 'Not recording',
  tone: 'danger',
  sentence,
  action: 'start',
});
