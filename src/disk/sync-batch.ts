import { fdatasync } from 'node:fs';
import { promisify } from 'node:util';
import type { Clock, Timer } from '../channel/clock.ts';
import { type Milliseconds, milliseconds } from '../media/time.ts';
import { StorageError } from './storage-error.ts';

/** What a batch syncs: a file that tells its owner itself what is durable now. */
export interface SyncedFile {
  /** Writes what it holds and syncs it. Rejects with StorageError; its owner knows by then. */
  sync(): Promise<void>;
}

/** Who counts what syncing takes. Called from the event loop. */
export interface SyncObserver {
  /** A file is durable: so long after its batch began, and so long after the oldest byte of it came. */
  synced(latency: Milliseconds, age: Milliseconds): void;
  /** A sync failed: that file is given up, which its owner is told too. */
  failed(error: StorageError): void;
}

/** How files are synced. */
export interface SyncBatchOptions {
  readonly clock: Clock;
  /** From the start of one batch to the start of the next; default 500. */
  readonly interval?: Milliseconds;
  readonly observer?: SyncObserver;
  /** Makes the data of an open file durable; default `fdatasync`. Tests have others. */
  readonly sync?: (fd: number) => Promise<void>;
}

const DEFAULT_INTERVAL = milliseconds(500);
/** Of the four threads that Node has for files two stay free for reading and writing. */
const LANES = 2;

const fdatasyncFile = promisify(fdatasync);

/**
 * Makes appended bytes survive a power loss: once in an interval it syncs every file that was written to since its last
 * sync, two at a time (docs/decisions/0009). Owned by the server, which closes it after the files.
 */
export class SyncBatch {
  readonly #clock: Clock;
  readonly #interval: Milliseconds;
  readonly #observer: SyncObserver | undefined;
  readonly #sync: (fd: number) => Promise<void>;
  /** What waits for the next batch, with the time when it began to wait. */
  #waiting = new Map<SyncedFile, Milliseconds>();
  /** What is left of the batch that runs. */
  #running = new Map<SyncedFile, Milliseconds>();
  #run: Promise<void> | undefined;
  #startedAt: number = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #closed = false;

  constructor({ clock, interval = DEFAULT_INTERVAL, observer, sync = fdatasyncFile }: SyncBatchOptions) {
    this.#clock = clock;
    this.#interval = interval;
    this.#observer = observer;
    this.#sync = sync;
  }

  /** The file has bytes that are not synced. To be said again only after a sync of it began. */
  add(file: SyncedFile): void {
    if (this.#closed) return;
    this.#waiting.set(file, this.#clock.now());
    this.#schedule();
  }

  /** The file has nothing to sync any more. */
  remove(file: SyncedFile): void {
    this.#running.delete(file);
    this.#waiting.delete(file);
    if (this.#waiting.size === 0) this.#stopTimer();
  }

  /** For the files: syncs one that is open, in whatever way this batch does. Rejects with the system's error. */
  syncData(fd: number): Promise<void> {
    return this.#sync(fd);
  }

  /** Settles when no batch is running: all that the present one makes durable is so. */
  settled(): Promise<void> {
    return this.#run ?? Promise.resolve();
  }

  /** For the files: a sync failed. */
  reportFailure(error: StorageError): void {
    this.#observer?.failed(error);
  }

  /** Begins no other batch; settles when the one that runs is done. What is not synced stays so. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting.clear();
    this.#stopTimer();
    await this.#run;
  }

  /** After a pause the next batch begins at once, but never within `add`: what comes in the same turn is in it too. */
  #schedule(): void {
    if (this.#timer || this.#run || this.#waiting.size === 0) return;
    const delay = Math.max(0, this.#startedAt + this.#interval - this.#clock.now());
    this.#timer = this.#clock.after(milliseconds(delay), this.#start);
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  readonly #start = (): void => {
    this.#timer = undefined;
    const startedAt = this.#clock.now();
    this.#startedAt = startedAt;
    this.#running = this.#waiting;
    this.#waiting = new Map();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#run = promise;
    const files = this.#running.entries();
    const lanes = Array.from({ length: LANES }, () => this.#syncEach(files, startedAt));
    void Promise.all(lanes).then(() => {
      this.#run = undefined;
      this.#schedule();
      resolve();
    });
  };

  async #syncEach(files: Iterable<[SyncedFile, Milliseconds]>, startedAt: Milliseconds): Promise<void> {
    for (const [file, since] of files) {
      try {
        await file.sync();
      } catch (error) {
        if (error instanceof StorageError) continue;
        throw error;
      }
      const now = this.#clock.now();
      this.#observer?.synced(milliseconds(now - startedAt), milliseconds(now - since));
    }
  }
}
