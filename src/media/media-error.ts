/** Why a stream was refused. Stable: clients and the documentation rely on them. */
export type MediaErrorCode =
  | 'container-unknown'
  | 'container-malformed'
  | 'container-truncated'
  | 'codec-unsupported'
  | 'codec-malformed'
  | 'element-too-large'
  | 'picture-too-large'
  | 'too-many-tracks'
  | 'no-tracks'
  | 'too-many-changes';

/** The bytes of a stream are not what they claim to be, or are beyond a limit. The message is fit for the publisher. */
export class MediaError extends Error {
  override readonly name = 'MediaError';
  readonly code: MediaErrorCode;

  constructor(code: MediaErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
