/** Why bytes could not be kept: the browser's storage for this site is full, or there is none. */
export type VaultErrorCode = 'quota' | 'unavailable';

/** Bytes could not be written to, or read from, the browser's storage. */
export class VaultError extends Error {
  override readonly name = 'VaultError';
  readonly code: VaultErrorCode;

  constructor(code: VaultErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Where one session's bytes outlive the tab. Calls take effect in order. Offsets count from the session's first byte. */
export interface Vault {
  /**
   * Adds bytes at its end. What it has already is passed over; after a gap it begins anew: all before was released.
   * Rejects with VaultError; part of the bytes may be kept then.
   */
  write(offset: number, pieces: readonly Uint8Array<ArrayBuffer>[]): Promise<void>;
  /** At least one byte from `offset` on, at most `most`. Rejects with VaultError. */
  read(offset: number, most: number): Promise<Uint8Array<ArrayBuffer>>;
  /** What lies before is not needed any more. Rejects with VaultError. */
  release(offset: number): Promise<void>;
  /** Lets go of it; what it has stays. Idempotent. */
  close(): Promise<void>;
  /** Forgets everything, and closes. Idempotent. */
  discard(): Promise<void>;
}
