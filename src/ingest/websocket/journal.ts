import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AppendFile } from '../../disk/append-file.ts';
import type { StorageError } from '../../disk/storage-error.ts';

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

/**
 * Starts the journal of a session as `{folder}/{session}`; the session's name must be safe in a path. Durable means
 * written by this process: `AppendFile.onWritten` is the place where a batched fdatasync goes.
 */
export function openJournal(folder: string, session: string, owner: JournalOwner): Journal {
  return new FileJournal(join(folder, session), owner);
}

class FileJournal implements Journal {
  readonly #file: AppendFile;

  constructor(path: string, owner: JournalOwner) {
    this.#file = new AppendFile(path, {
      onWritten: (offset) => owner.onDurable(offset),
      onError: (error) => owner.onError(error),
    });
  }

  get durable(): number {
    return this.#file.written;
  }

  get queued(): number {
    return this.#file.queued;
  }

  append(bytes: Uint8Array): void {
    this.#file.append(bytes);
  }

  drained(): Promise<void> {
    return this.#file.drained();
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
