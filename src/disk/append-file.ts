import { close, fdatasync, ftruncate, open, write, writev } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Clock, Timer } from '../channel/clock.ts';
import type { Bytes, Milliseconds } from '../media/time.ts';
import { openExisting } from './open-existing.ts';
import { StorageError } from './storage-error.ts';
import type { SyncBatch } from './sync-batch.ts';
import { syncFolder } from './sync-folder.ts';

/** Who is told what became of the bytes. Both calls come from the event loop, never from within `append`. */
export interface AppendFileOwner {
  /** All before this offset is durable: synced where the file has a SyncBatch, else written. */
  onDurable?(offset: number): void;
  /** Writing or syncing failed; called once. What is appended from here on is dropped, and nothing becomes durable. */
  onError(error: StorageError): void;
}

/** How appended bytes are gathered: a few large writes cost a fraction of many small ones. */
export interface Gathering {
  readonly clock: Clock;
  /** So long bytes wait for others before they are written; with a SyncBatch they wait for the batch instead. */
  readonly delay: Milliseconds;
  /** More bytes than this do not wait. */
  readonly bytes: Bytes;
}

/** What the file is to survive, and where it begins. */
export interface AppendFileOptions {
  /** Makes the bytes survive a power loss; without it they survive the end of the process only. */
  readonly syncBatch?: SyncBatch | undefined;
  /** Goes on with a file that is there from this offset, and forgets what follows; without it the file is made. */
  readonly continueAt?: number | undefined;
  /** Nothing is done to the disk before this settles; where it rejects, the file has failed. */
  readonly after?: Promise<void> | undefined;
}

/** Somebody waits for the bytes before this offset to be written. */
interface Waiter {
  readonly offset: number;
  readonly settle: () => void;
}

const openFile = promisify(open);
const syncData = promisify(fdatasync);

/** One `writev` takes no more pieces than this (POSIX IOV_MAX). */
const MAX_PIECES = 1024;

/**
 * A file that is only ever appended to, in order, with one gathered write in flight at most. The bytes are kept, not
 * copied, until they are written; its owner watches `queued` and decides what to do when the disk is too slow.
 * A sync that failed is final: the kernel may have dropped the pages, and would call the next one a success. What it
 * was to make durable is cut off, so that nobody who goes on with the file believes it.
 */
export class AppendFile {
  readonly path: string;
  /** Settles when the file is closed, for whatever reason. */
  readonly closed: Promise<void>;
  readonly #owner: AppendFileOwner;
  readonly #gathering: Gathering;
  readonly #syncBatch: SyncBatch | undefined;
  readonly #settleClosed: () => void;
  #fd: number | undefined;
  #queue: Uint8Array[] = [];
  #queueBytes = 0;
  #timer: Timer | undefined;
  #batch: Uint8Array[] = [];
  readonly #continuedAt: number;
  #appended: number;
  #written: number;
  #durable = 0;
  /** There are bytes that no sync that began covers. */
  #dirty = false;
  /** It is opened after something else. */
  #isHeldUp: boolean;
  /** Its name may be lost with the power. */
  #isNew: boolean;
  #syncing: Promise<void> = Promise.resolve();
  #error: StorageError | undefined;
  #waiting: Waiter[] = [];
  #closing = false;
  #isWriting = false;
  #afterWrite: (() => void) | undefined;
  /** A sync failed: what follows this offset is worth nothing. */
  #cutAt: number | undefined;

  /**
   * Creates the file; one of that name that is there already is an error (`EEXIST`). Or goes on with one: that there is
   * none (`ENOENT`), or that it is shorter (`too-short`), is an error then.
   */
  constructor(path: string, owner: AppendFileOwner, gathering: Gathering, options: AppendFileOptions = {}) {
    const { syncBatch, continueAt, after } = options;
    this.path = path;
    this.#owner = owner;
    this.#gathering = gathering;
    this.#syncBatch = syncBatch;
    this.#isNew = continueAt === undefined;
    this.#isHeldUp = after !== undefined;
    this.#continuedAt = continueAt ?? 0;
    this.#appended = this.#continuedAt;
    this.#written = this.#appended;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#settleClosed = resolve;
    const open = () => (continueAt === undefined ? openFile(path, 'wx') : openExisting(path, continueAt));
    const opening = after === undefined ? open() : after.then(open);
    opening.then(
      (fd) => this.#opened(fd),
      (error) => this.#fail(error),
    );
  }

  /** Bytes taken so far, with those that the file went on from. */
  get appended(): number {
    return this.#appended;
  }

  /** Bytes written so far. */
  get written(): number {
    return this.#written;
  }

  /**
   * Bytes that are durable: synced where there is a SyncBatch, else written. A file that goes on begins with 0, until it is
   * open and, with a SyncBatch, synced: the process before may not have come to it.
   */
  get durable(): number {
    return this.#durable;
  }

  /** Bytes that wait to be written. */
  get queued(): number {
    return this.#error ? 0 : this.#appended - this.#written;
  }

  /** Why nothing more is written. */
  get error(): StorageError | undefined {
    return this.#error;
  }

  /** Takes the next bytes; they must not change until they are written. */
  append(bytes: Uint8Array): void {
    if (this.#error || this.#closing || bytes.byteLength === 0) return;
    this.#appended += bytes.byteLength;
    this.#queue.push(bytes);
    this.#queueBytes += bytes.byteLength;
    if (!this.#dirty) this.#markDirty();
    this.#writeSoon();
  }

  /** Writes over bytes that are written already. Rejects with StorageError. */
  async patch(position: number, bytes: Uint8Array): Promise<void> {
    await this.drained();
    let done = 0;
    while (done < bytes.byteLength) done += await this.#patchOnce(position + done, bytes.subarray(done));
    this.#markDirty();
  }

  /** Everything appended so far is written, or writing failed. */
  drained(): Promise<void> {
    if (this.#error || (this.#fd !== undefined && this.#written === this.#appended)) return Promise.resolve();
    return new Promise((settle) => {
      this.#waiting.push({ offset: this.#appended, settle });
      this.#flush();
    });
  }

  /**
   * Everything appended or patched so far is on the disk itself, at once: no batch is waited for. Rejects with StorageError;
   * when it was the sync that failed, the file has failed.
   */
  async sync(): Promise<void> {
    // One at a time: of two that run beside each other the kernel tells only one of an error, and the other of success.
    this.#syncing = this.#syncing.then(() => this.#sync());
    await this.#syncing;
    if (this.#error) throw this.#error;
  }

  /** Writes what is queued, syncs it where there is a SyncBatch, and closes; idempotent, never rejects. */
  close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      const last = this.#syncBatch ? this.sync().catch(() => {}) : this.drained();
      void last.then(() => {
        this.#syncing = this.#syncing.then(() => this.#closeFile());
      });
    }
    return this.closed;
  }

  #opened(fd: number): void {
    this.#fd = fd;
    if (this.#isHeldUp && this.#dirty) this.#syncBatch?.add(this);
    this.#isHeldUp = false;
    if (!this.#isNew) this.#markDirty();
    if (!this.#syncBatch) this.#tellDurable(this.#written);
    this.#writeOn();
  }

  #markDirty(): void {
    if (this.#dirty || this.#error) return;
    this.#dirty = true;
    // A batch waits for its files: what this one waits for before it is opened may wait for the batch.
    if (!this.#isHeldUp) this.#syncBatch?.add(this);
  }

  async #sync(): Promise<void> {
    if (this.#error || !(this.#dirty || this.#isNew)) return;
    this.#dirty = false;
    this.#syncBatch?.remove(this);
    await this.drained();
    if (this.#error || this.#fd === undefined) return;
    const offset = this.#written;
    try {
      await this.#syncDisk(this.#fd);
    } catch (error) {
      this.#syncBatch?.reportFailure(new StorageError(this.path, error));
      if (this.#syncBatch) this.#cutAt = Math.max(this.#durable, this.#continuedAt);
      this.#fail(error);
      return;
    }
    // A write may have failed meanwhile: then its owner has been told the end of it.
    if (this.#syncBatch && !this.#error) this.#tellDurable(offset);
  }

  async #syncDisk(fd: number): Promise<void> {
    if (!this.#syncBatch) return syncData(fd);
    await this.#syncBatch.syncData(fd);
    if (!this.#isNew) return;
    await syncFolder(dirname(this.path));
    this.#isNew = false;
  }

  #tellDurable(offset: number): void {
    if (offset <= this.#durable) return;
    this.#durable = offset;
    this.#owner.onDurable?.(offset);
  }

  #openFile(): number {
    if (this.#fd === undefined) throw this.#error ?? new StorageError(this.path, new Error('closed'));
    return this.#fd;
  }

  #patchOnce(position: number, bytes: Uint8Array): Promise<number> {
    const fd = this.#openFile();
    return new Promise((settle, reject) => {
      write(fd, bytes, 0, bytes.byteLength, position, (error, written) => {
        if (error || written === 0) reject(new StorageError(this.path, error ?? new Error('ENOSPC')));
        else settle(written);
      });
    });
  }

  /** More is gathered than may be or than one write takes, however small the pieces; or somebody waits for it. */
  #isDue(): boolean {
    const isFull = this.#queueBytes > this.#gathering.bytes || this.#queue.length >= MAX_PIECES;
    return isFull || this.#waiting.length > 0;
  }

  readonly #flush = (): void => {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#fd === undefined || this.#error || this.#batch.length > 0 || this.#queue.length === 0) return;
    if (this.#queue.length <= MAX_PIECES) {
      this.#batch = this.#queue;
      this.#queue = [];
    } else {
      this.#batch = this.#queue.splice(0, MAX_PIECES);
    }
    for (const piece of this.#batch) this.#queueBytes -= piece.byteLength;
    this.#write(this.#fd);
  };

  #writeSoon(): void {
    if (this.#isDue()) this.#flush();
    else if (this.#queue.length > 0 && !this.#syncBatch) {
      this.#timer ??= this.#gathering.clock.after(this.#gathering.delay, this.#flush);
    }
  }

  #writeOn(): void {
    this.#settleWaiters(this.#written);
    this.#writeSoon();
  }

  #write(fd: number): void {
    this.#isWriting = true;
    writev(fd, this.#batch, this.#written, this.#onWrite);
  }

  readonly #onWrite = (error: Error | null, count: number): void => {
    this.#isWriting = false;
    if (this.#error) {
      this.#afterWrite?.();
      return;
    }
    if (error || count === 0) {
      this.#fail(error ?? new Error('ENOSPC'));
      return;
    }
    this.#written += count;
    this.#batch = without(this.#batch, count);
    if (this.#batch.length > 0 && this.#fd !== undefined) {
      this.#write(this.#fd);
      return;
    }
    if (!this.#syncBatch) this.#tellDurable(this.#written);
    this.#writeOn();
  };

  #fail(cause: unknown): void {
    if (this.#error) return;
    this.#error = new StorageError(this.path, cause);
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#syncBatch?.remove(this);
    this.#queue = [];
    this.#queueBytes = 0;
    this.#batch = [];
    this.#settleWaiters(this.#appended);
    this.#owner.onError(this.#error);
  }

  #settleWaiters(offset: number): void {
    while (this.#waiting[0] && this.#waiting[0].offset <= offset) this.#waiting.shift()?.settle();
  }

  #closeFile(): void {
    // A sync may have failed while more was written: that write has the file until it is done.
    if (this.#isWriting) {
      this.#afterWrite = () => this.#closeFile();
      return;
    }
    const fd = this.#fd;
    this.#fd = undefined;
    this.#error ??= new StorageError(this.path, new Error('closed'));
    const closed = () => this.#settleClosed();
    if (fd === undefined) closed();
    else if (this.#cutAt === undefined) close(fd, closed);
    else ftruncate(fd, this.#cutAt, () => close(fd, closed));
  }
}

/** What is left of the pieces after that many bytes; a write may stop short. */
function without(pieces: Uint8Array[], count: number): Uint8Array[] {
  let left = count;
  for (const [index, piece] of pieces.entries()) {
    if (left < piece.byteLength) {
      return left === 0 ? pieces.slice(index) : [piece.subarray(left), ...pieces.slice(index + 1)];
    }
    left -= piece.byteLength;
  }
  return [];
}
