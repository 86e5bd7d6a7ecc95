/** Why the database refused. Stable: the API answers with it. */
export type StoreErrorCode = 'channel-exists' | 'database-unusable' | 'database-in-use';

/** The database refused, in words for the person who asked. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
