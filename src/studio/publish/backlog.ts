/**
 * The bytes of one session that the server has not acknowledged yet. Offsets count from the session's first byte.
 * Reading is asynchronous so that an implementation may keep older bytes on disk.
 */
export interface Backlog {
  /** The oldest offset that can still be read. */
  readonly start: number;
  /** All bytes that were ever appended. */
  readonly end: number;
  /** Keeps the next bytes of the session. Throws `BacklogFullError` when they go beyond the bound. */
  append(piece: Uint8Array<ArrayBuffer>): void;
  /** Bytes from `offset` on: at least one and at most `most`, where `start <= offset < end`. */
  read(offset: number, most: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Forgets what lies before `offset`. */
  release(offset: number): void;
  /** Forgets everything; with `keep`, what outlives the tab stays, to be sent another time. Never rejects. Idempotent. */
  close(keep?: boolean): Promise<void>;
}

/** More is waiting to be acknowledged than may be kept. */
export class BacklogFullError extends Error {
  override readonly name = 'BacklogFullError';
  readonly code = 'backlog-full';
  /** The bound, in bytes. */
  readonly limit: number;
  /** The browser gives this site no more room on its disk either. */
  readonly diskFull: boolean;

  constructor(limit: number, diskFull = false) {
    super(`More than ${Math.round(limit / 1_048_576)} MiB wait for the server`);
    this.limit = limit;
    this.diskFull = diskFull;
  }
}
