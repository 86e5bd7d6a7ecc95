/** A file could not be written: the disk is full or failing, or a file is in the way. The cause is the system's error. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly code = 'storage-failed';
  /** The system's own code, such as `ENOSPC` or `EEXIST`. */
  readonly reason: string;

  constructor(path: string, cause: unknown) {
    const reason = systemCode(cause);
    super(`${path} could not be written: ${reason}`, { cause });
    this.reason = reason;
  }
}

function systemCode(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
