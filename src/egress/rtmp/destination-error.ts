/** Why media does not get to a destination. Stable: clients and the documentation rely on them. */
export type DestinationErrorCode =
  | 'url-invalid'
  | 'key-unreadable'
  | 'address-refused'
  | 'host-not-found'
  | 'unreachable'
  | 'certificate-refused'
  | 'not-rtmp'
  | 'no-answer'
  | 'connect-refused'
  | 'publish-refused'
  | 'closed'
  | 'stalled'
  | 'codec-unavailable';

/** A destination does not get media. The message says why and what to do; it never has the stream key in it. */
export class DestinationError extends Error {
  override readonly name = 'DestinationError';
  readonly code: DestinationErrorCode;
  /** Trying again as it is helps nothing. */
  readonly fatal: boolean;

  constructor(code: DestinationErrorCode, message: string, fatal = false) {
    super(message);
    this.code = code;
    this.fatal = fatal;
  }
}
