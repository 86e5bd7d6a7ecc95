/** The API refused, or could not be reached. The message is fit for people. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** Stable, such as `channel-exists`. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** What to tell a person of any error. */
export function wordsOfFailure(error: unknown): string {
  return error instanceof ApiFailure
    ? error.message
    : 'Something went wrong on this page. Reload it and try again.';
}
