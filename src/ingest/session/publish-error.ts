import { ChannelBusyError } from '../../channel/channel-error.ts';
import { StorageError } from '../../disk/storage-error.ts';
import { MediaError, type MediaErrorCode } from '../../media/media-error.ts';
import type { Milliseconds } from '../../media/time.ts';
import { CLOSE, type CloseCode } from '../../wire/close-codes.ts';

/** Why a publisher was let go. Stable: the `code` of `error` messages and the reason of the close frame. */
export type PublishErrorCode =
  | MediaErrorCode
  | 'bad-message'
  | 'unauthorized'
  | 'no-media'
  | 'channel-busy'
  | 'channel-closed'
  | 'taken-over'
  | 'session-resumed'
  | 'session-expired'
  | 'session-over'
  | 'max-duration'
  | 'session-elsewhere'
  | 'bad-length'
  | 'bitrate-exceeded'
  | 'storage-failed'
  | 'going-away'
  | 'internal';

const CLOSE_CODES: Readonly<Record<Exclude<PublishErrorCode, MediaErrorCode>, CloseCode>> = {
  'bad-message': CLOSE.badMessage,
  unauthorized: CLOSE.unauthorized,
  'no-media': CLOSE.timeout,
  'channel-busy': CLOSE.channelBusy,
  'channel-closed': CLOSE.normal,
  'taken-over': CLOSE.takenOver,
  'session-resumed': CLOSE.takenOver,
  'session-expired': CLOSE.badOffset,
  'session-over': CLOSE.badOffset,
  'max-duration': CLOSE.tooLong,
  'session-elsewhere': CLOSE.badOffset,
  'bad-length': CLOSE.badOffset,
  'bitrate-exceeded': CLOSE.bitrateExceeded,
  'storage-failed': CLOSE.storageFailed,
  'going-away': CLOSE.goingAway,
  internal: CLOSE.internal,
};

/** Ends a publisher's connection. The message is fit for the publisher. */
export class PublishError extends Error {
  override readonly name = 'PublishError';
  readonly code: PublishErrorCode;
  /** For `channel-busy`: when the other publisher came, wall clock. */
  readonly since: Milliseconds | undefined;
  /** For `max-duration`: the id of the broadcast's recording, where one was made. */
  readonly recording: string | undefined;

  constructor(
    code: PublishErrorCode,
    message: string,
    options?: { since?: Milliseconds; recording?: string | undefined; cause?: unknown },
  ) {
    super(message, { cause: options?.cause });
    this.code = code;
    this.since = options?.since;
    this.recording = options?.recording;
  }

  get closeCode(): CloseCode {
    return this.code in CLOSE_CODES ? CLOSE_CODES[this.code as keyof typeof CLOSE_CODES] : CLOSE.badMedia;
  }
}

/** What went wrong, as the publisher is told it; what nobody foresaw is `internal`, with its cause for the log. */
export function toPublishError(error: unknown): PublishError {
  if (error instanceof PublishError) return error;
  if (error instanceof MediaError) return new PublishError(error.code, error.message, { cause: error });
  if (error instanceof ChannelBusyError) {
    return new PublishError('channel-busy', error.message, { since: error.since, cause: error });
  }
  if (error instanceof StorageError) {
    return new PublishError(
      'storage-failed',
      'The server could not store the stream. Its disk may be full.',
      {
        cause: error,
      },
    );
  }
  return new PublishError('internal', 'The server failed. Try again.', { cause: error });
}
