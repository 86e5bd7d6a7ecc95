import { join } from 'node:path';
import type { Log } from '../../channel/log.ts';
import { StorageError } from '../../disk/storage-error.ts';
import { writeFileDurably } from '../../disk/write-file-durably.ts';
import type { DurableMarks } from './durable-marks.ts';
import { type Journal, type JournalOptions, type JournalOwner, openJournal } from './journal.ts';
import type { SessionRecord } from './session-record.ts';

/** How a session's files are kept. */
export interface SessionFilesOptions extends Omit<JournalOptions, 'after'> {
  /** Say how much of the journal to believe after a power loss; there are none without a `sync`. */
  readonly marks: DurableMarks | undefined;
  readonly log: Log;
  /** The record on disk is this one now. */
  saved(record: SessionRecord): void;
}

/** A session's bytes, and what it is: what is durable of the bytes is so only once somebody can know whose they are. */
export class SessionFiles {
  readonly #owner: JournalOwner;
  readonly #options: SessionFilesOptions;
  readonly #journal: Journal;
  #record: SessionRecord;
  #known = false;
  #saving: Promise<void>;
  /** Bytes that are durable, and known to be. */
  #stored = 0;
  #marking: Promise<void> = Promise.resolve();
  #failed = false;

  /** Starts saving the record, and opens the journal: after it is noted that nothing of it is to be believed yet. */
  constructor(record: SessionRecord, owner: JournalOwner, options: SessionFilesOptions) {
    this.#owner = owner;
    this.#options = options;
    this.#record = record;
    const calls = {
      onDurable: (offset: number) => this.#mark(offset),
      onError: (error: StorageError) => this.#fail(error),
    };
    const after = options.marks?.set(record.id, options.continueAt ?? 0);
    this.#journal = openJournal(record.id, calls, { ...options, after });
    const saved = async () => {
      await after;
      await this.#save(record);
      this.#known = true;
      this.#tell();
    };
    this.#saving = saved().catch((error: unknown) => this.#fail(new StorageError(record.id, error)));
  }

  /** Writes a record; settles when it is as durable as is asked. Rejects with StorageError. */
  static async save(folder: string, record: SessionRecord, sync: boolean): Promise<void> {
    await writeFileDurably(join(folder, `${record.id}.json`), Buffer.from(JSON.stringify(record)), { sync });
  }

  /** What is known of the session; on disk as soon as may be. */
  get record(): SessionRecord {
    return this.#record;
  }

  /** Bytes of the session that may be acknowledged. */
  get durable(): number {
    return this.#known ? this.#stored : 0;
  }

  /** Bytes that wait for the disk. */
  get queued(): number {
    return this.#journal.queued;
  }

  /** Takes the next bytes; they must not change. */
  append(bytes: Uint8Array): void {
    this.#journal.append(bytes);
  }

  /** Changes what is known; settles when it is on disk. A failure is logged: what was known before stays. */
  update(changes: Partial<SessionRecord>): Promise<void> {
    const record = { ...this.#record, ...changes };
    this.#record = record;
    this.#saving = this.#saving
      .then(() => this.#save(record))
      .catch((error: unknown) =>
        this.#options.log.error(
          { session: record.id, err: error },
          'what is known of a session is not saved',
        ),
      );
    return this.#saving;
  }

  /** Everything appended is durable, or storing failed. */
  async drained(): Promise<void> {
    await this.#journal.drained();
    await this.#marking;
    await this.#saving;
  }

  /** Keeps the files; idempotent. */
  async close(): Promise<void> {
    await this.#journal.close();
    await this.#marking;
    await this.#saving;
    // It is synced as long as it is.
    if (!this.#failed) this.#options.marks?.forget(this.#record.id);
  }

  async #save(record: SessionRecord): Promise<void> {
    await SessionFiles.save(this.#options.folder, record, this.#options.sync !== undefined);
    this.#options.saved(record);
  }

  #mark(offset: number): void {
    const { marks } = this.#options;
    if (marks) this.#marking = this.#markDurably(marks, offset);
    else this.#store(offset);
  }

  async #markDurably(marks: DurableMarks, offset: number): Promise<void> {
    try {
      await marks.set(this.#record.id, offset);
      this.#store(offset);
    } catch (error) {
      this.#fail(new StorageError(this.#record.id, error));
    }
  }

  #store(offset: number): void {
    this.#stored = Math.max(this.#stored, offset);
    this.#tell();
  }

  #fail(error: StorageError): void {
    this.#failed = true;
    this.#owner.onError(error);
  }

  #tell(): void {
    if (this.#known && this.#stored > 0 && !this.#failed) this.#owner.onDurable(this.#stored);
  }
}
