import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../channel/clock.ts';
import { AppendFile } from '../../disk/append-file.ts';
import type { StorageError } from '../../disk/storage-error.ts';
import type { SyncBatch } from '../../disk/sync-batch.ts';
import { type Bytes, bytes, milliseconds } from '../../media/time.ts';

/** A session's bytes as they arrived. What is durable may be acknowledged. */
export interface Journal {
  /** Bytes of the session that are stored: what the publisher may forget. */
  readonly durable: number;
  /** Bytes that wait for the disk. Its session keeps them bounded: it holds the publisher back. */
  readonly queued: number;
  /** Takes the next bytes; they must not change. */
  append(bytes: Uint8Array): void;
  /** Everything appended is durable, or storing failed. */
  drained(): Promise<void>;
  /** Keeps the file; idempotent. */
  close(): Promise<void>;
  /** Deletes the file: its bytes are safe elsewhere, or worth nothing. */
  discard(): Promise<void>;
}

/** Who is told what became of the bytes. */
export interface JournalOwner {
  onDurable(offset: number): void;
  onError(error: StorageError): void;
}

/** How a journal is kept. */
export interface JournalOptions {
  /** The folder exists. */
  readonly folder: string;
  readonly clock: Clock;
  /** Bytes that may wait for the disk before the publisher is held back: these are never gathered. */
  readonly maxQueue: Bytes;
  /** Makes the bytes survive a power loss before they are durable; without it they survive the end of the process. */
  readonly sync?: SyncBatch | undefined;
  /** Goes on with the journal that is there, of so many bytes; by default a new one is started. */
  readonly continueAt?: number | undefined;
  /** The file is left alone before this settles. */
  readonly after?: Promise<void> | undefined;
}

/** Publishers keep what is not acknowledged, and an acknowledgement every 500 ms is what they were promised. */
const GATHER_DELAY = milliseconds(300);
const GATHER_BYTES = 256 * 1024;

/**
 * Starts the journal of a session as `{folder}/{session}`; the session's name must be safe in a path. Durable means
 * synced where there is a `sync`, else written.
 */
export function openJournal(session: string, owner: JournalOwner, options: JournalOptions): Journal {
  return new FileJournal(join(options.folder, session), owner, options);
}

class FileJournal implements Journal {
  readonly #file: AppendFile;
  readonly #isSynced: boolean;

  constructor(
    path: string,
    owner: JournalOwner,
    { clock, maxQueue, sync, continueAt, after }: JournalOptions,
  ) {
    const calls = {
      onDurable: (offset: number) => owner.onDurable(offset),
      onError: (error: StorageError) => owner.onError(error),
    };
    const gathered = bytes(Math.min(GATHER_BYTES, maxQueue));
    const gathering = { clock, delay: GATHER_DELAY, bytes: gathered };
    this.#file = new AppendFile(path, calls, gathering, { syncBatch: sync, continueAt, after });
    this.#isSynced = sync !== undefined;
  }

  get durable(): number {
    return this.#file.durable;
  }

  get queued(): number {
    return this.#file.queued;
  }

  append(bytes: Uint8Array): void {
    this.#file.append(bytes);
  }

  async drained(): Promise<void> {
    // Whoever waits for it is told of a failure by onError.
    if (this.#isSynced) await this.#file.sync().catch(() => {});
    else await this.#file.drained();
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async discard(): Promise<void> {
    await this.#file.close();
    // A file that was in the way belongs to another session; one that is gone already is what was wanted.
    if (this.#file.error?.reason !== 'EEXIST') await unlink(this.#file.path).catch(() => {});
  }
}
