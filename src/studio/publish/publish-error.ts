import { CLOSE } from '../../wire/close-codes.ts';

/** Why publishing failed for good. Stable. */
export type PublishErrorCode =
  | 'unauthorized'
  | 'channel-not-found'
  | 'channel-busy'
  | 'taken-over'
  | 'bad-media'
  | 'bad-message'
  | 'session-lost'
  | 'bitrate-exceeded'
  | 'storage-failed'
  | 'closed-by-server'
  | 'unreachable'
  | 'max-duration'
  | 'backlog-full'
  | 'storage-full'
  | 'unfinished'
  | 'recorder-failed'
  | 'recorder-unsupported';

/** Publishing is over and did not end well. The message says what happened and what to do. */
export class PublishError extends Error {
  override readonly name = 'PublishError';
  readonly code: PublishErrorCode;
  /** What the server added, where it said more. */
  readonly detail: string | undefined;
  /** The server's own, finer code; undefined where it said none. */
  readonly reason: string | undefined;
  /** For `channel-busy`: since when the other publisher is live, in ms since 1970. */
  readonly since: number | undefined;

  constructor(
    code: PublishErrorCode,
    extra: { detail?: string | undefined; reason?: string | undefined; since?: number | undefined } = {},
  ) {
    super(WORDS[code]);
    this.code = code;
    this.detail = extra.detail;
    this.reason = extra.reason;
    this.since = extra.since;
  }

  /** Whether what was not delivered may still be, another time. */
  get mayTryLater(): boolean {
    return !HOPELESS.includes(this.code);
  }
}

const WORDS: Record<PublishErrorCode, string> = {
  unauthorized: 'The server did not accept your sign-in for this channel. Sign in again, then go live.',
  'channel-not-found':
    'This channel no longer exists. It may have been renamed or deleted: open the list of channels.',
  'channel-busy': 'This channel is already live from somewhere else.',
  'taken-over': 'Somebody else took this channel over. What you sent until then is kept in its recording.',
  'bad-media':
    'The server could not read what this browser recorded. Try another quality, or another browser.',
  'bad-message':
    'This page and the server do not understand each other. Reload the page: it may be from an older version.',
  'session-lost':
    'The connection was away for longer than this channel waits, and the broadcast has ended. What was not sent is kept on this device: upload it, and the recording is complete.',
  'bitrate-exceeded':
    'The server does not take this many bits a second. Choose a lower bitrate, then go live again.',
  'storage-failed':
    'The server cannot store the broadcast any more: its disk may be full. Make room there, then go live again.',
  'closed-by-server': 'The server ended the broadcast. The channel may have been deleted.',
  unreachable: 'The server cannot be reached. Check the network connection, then go live again.',
  'backlog-full':
    'The connection was away or too slow for too long, and no more could be kept. Choose a lower bitrate or a better connection, then go live again.',
  'max-duration': 'The broadcast was as long as this channel allows, and has ended.',
  'storage-full':
    'The connection was away for too long: the browser’s storage for this site is full, and no more could be kept. Free some space on this device, then upload what was kept, or go live again.',
  unfinished:
    'The last part could not be delivered: the server did not answer. The recording has everything that was acknowledged.',
  'recorder-unsupported':
    'This browser cannot record in a format that can be streamed. Use a current Chrome, Edge or Safari.',
  'recorder-failed': 'The browser stopped encoding. Check the camera and the microphone, then go live again.',
};

/** What the server said before it closed the socket. */
export interface ServerComplaint {
  readonly code: string;
  readonly message: string;
  readonly since?: number | undefined;
  readonly recording?: string | undefined;
}

/** After these nothing that was kept will ever be taken. */
const HOPELESS: readonly PublishErrorCode[] = [
  'channel-not-found',
  'bad-media',
  'bad-message',
  'bitrate-exceeded',
  'max-duration',
];

const FINAL: ReadonlyMap<number, PublishErrorCode> = new Map([
  [CLOSE.normal, 'closed-by-server'],
  [CLOSE.badMessage, 'bad-message'],
  [CLOSE.unauthorized, 'unauthorized'],
  [CLOSE.channelNotFound, 'channel-not-found'],
  [CLOSE.channelBusy, 'channel-busy'],
  [CLOSE.takenOver, 'taken-over'],
  [CLOSE.badMedia, 'bad-media'],
  [CLOSE.tooLong, 'max-duration'],
  [CLOSE.badOffset, 'session-lost'],
  [CLOSE.bitrateExceeded, 'bitrate-exceeded'],
  [CLOSE.storageFailed, 'storage-failed'],
]);

/** What a close code means for a publisher; undefined when it should come back and try again. */
export function publishErrorOfClose(code: number, complaint?: ServerComplaint): PublishError | undefined {
  const final = FINAL.get(code);
  return (
    final &&
    new PublishError(final, { detail: complaint?.message, reason: complaint?.code, since: complaint?.since })
  );
}

/** Why the connection is being tried again, in words. */
export function wordsOfRetry(code: number | undefined): string {
  switch (code) {
    case CLOSE.goingAway:
      return 'The server is restarting.';
    case CLOSE.internal:
      return 'The server had a problem.';
    case CLOSE.timeout:
      return 'The server heard nothing for too long.';
    default:
      return 'The connection is lost.';
  }
}
