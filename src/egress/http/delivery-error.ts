/** Why a request for media or for a playlist is refused. */
export type DeliveryCode =
  /** There is no broadcast, or nothing of it is ready. */
  | 'not-live'
  /** A playlist, an init segment, a segment or a part that was never there, or is no more. */
  | 'media-not-found'
  | 'invalid-request'
  | 'range-not-satisfiable'
  /** What was waited for did not come. */
  | 'not-in-time'
  /** What has to be made for it cannot be made now. */
  | 'rendition-unavailable'
  | 'too-many-waiting';

const STATUS: Readonly<Record<DeliveryCode, number>> = {
  'not-live': 404,
  'media-not-found': 404,
  'invalid-request': 400,
  'range-not-satisfiable': 416,
  'not-in-time': 503,
  'rendition-unavailable': 503,
  'too-many-waiting': 503,
};

/** A refusal: its status, code and headers, in words for a person. Nothing was sent yet. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  readonly code: DeliveryCode;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: DeliveryCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.code = code;
    this.status = STATUS[code];
    this.headers = headers;
  }
}
