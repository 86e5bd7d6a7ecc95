/** A refusal of a request: its status, and the `error` and `message` of its body. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  /** Stable, in kebab-case. */
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** 404: there is no channel of that name. */
export const channelNotFound = (name: string) =>
  new HttpError(404, 'channel-not-found', `There is no channel named ${name}.`);

/** 404: there is no recording of that id. */
export const recordingNotFound = (id: string) =>
  new HttpError(404, 'recording-not-found', `There is no recording ${id}.`);
