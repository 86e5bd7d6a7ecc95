/** Why RTMP bytes were refused. Stable: clients and the documentation rely on them. */
export type RtmpErrorCode =
  | 'rtmp-handshake-malformed'
  | 'rtmp-chunk-malformed'
  | 'rtmp-message-too-large'
  | 'rtmp-too-many-streams'
  | 'rtmp-amf-malformed'
  | 'rtmp-amf-too-deep'
  | 'rtmp-amf-too-large';

/** The other side does not speak RTMP as it should, or goes beyond a limit. The message is fit for people. */
export class RtmpError extends Error {
  override readonly name = 'RtmpError';
  readonly code: RtmpErrorCode;

  constructor(code: RtmpErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
