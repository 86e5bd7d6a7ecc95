import { close, fdatasync, open, write, writev } from 'node:fs';
import type { Clock, Timer } from '../channel/clock.ts';
import type { Bytes, Milliseconds } from '../media/time.ts';
import { StorageError } from './storage-error.ts';

/** Who is told what became of the bytes. Both calls come from the event loop, never from within `append`. */
export interface AppendFileOwner {
  /** All before this offset is written. */
  onWritten?(offset: number): void;
  /** Writing failed; called once. What is appended from here on is dropped. */
  onError(error: StorageError): void;
}

/** How appended bytes are gathered: a few large writes cost a fraction of many small ones. */
export interface Gathering {
  readonly clock: Clock;
  /** So long bytes wait for others before they are written. */
  readonly delay: Milliseconds;
  /** More bytes than this do not wait. */
  readonly bytes: Bytes;
}

/** One `writev` takes no more pieces than this (POSIX IOV_MAX). */
const MAX_PIECES = 1024;

/**
 * A new file that is only ever appended to, in order, with one gathered write in flight at most. The bytes are kept, not
 * copied, until they are written; its owner watches `queued` and decides what to do when the disk is too slow.
 */
export class AppendFile {
  readonly path: string;
  /** Settles when the file is closed, for whatever reason. */
  readonly closed: Promise<void>;
  readonly #owner: AppendFileOwner;
  readonly #gathering: Gathering;
  readonly #settleClosed: () => void;
  #fd: number | undefined;
  #queue: Uint8Array[] = [];
  #queueBytes = 0;
  #timer: Timer | undefined;
  #batch: Uint8Array[] = [];
  #appended = 0;
  #written = 0;
  #error: StorageError | undefined;
  #idle: (() => void)[] = [];
  #closing = false;

  /** Creates the file; one of that name that is there already is an error (`EEXIST`). */
  constructor(path: string, owner: AppendFileOwner, gathering: Gathering) {
    this.path = path;
    this.#owner = owner;
    this.#gathering = gathering;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#settleClosed = resolve;
    open(path, 'wx', (error, fd) => {
      if (error) {
        this.#fail(error);
        return;
      }
      this.#fd = fd;
      this.#writeOn();
    });
  }

  /** Bytes taken so far. */
  get appended(): number {
    return this.#appended;
  }

  /** Bytes written so far. */
  get written(): number {
    return this.#written;
  }

  /** Bytes that wait for the disk. */
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
    this.#writeSoon();
  }

  /** Writes over bytes that are written already. Rejects with StorageError. */
  async patch(position: number, bytes: Uint8Array): Promise<void> {
    await this.drained();
    let done = 0;
    while (done < bytes.byteLength) done += await this.#patchOnce(position + done, bytes.subarray(done));
  }

  /** Everything appended so far is written, or writing failed. */
  drained(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((settle) => {
      this.#idle.push(settle);
      this.#flush();
    });
  }

  /** Everything appended so far is on the disk itself. Rejects with StorageError. */
  async sync(): Promise<void> {
    await this.drained();
    const fd = this.#openFile();
    await new Promise<void>((settle, reject) => {
      fdatasync(fd, (error) => (error ? reject(new StorageError(this.path, error)) : settle()));
    });
  }

  /** Writes what is queued and closes; idempotent, never rejects. */
  close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      void this.drained().then(() => this.#closeFile());
    }
    return this.closed;
  }

  #isIdle(): boolean {
    return this.#error !== undefined || (this.#fd !== undefined && this.#written === this.#appended);
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
    return isFull || this.#idle.length > 0;
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
    else if (this.#queue.length > 0) {
      this.#timer ??= this.#gathering.clock.after(this.#gathering.delay, this.#flush);
    }
  }

  #writeOn(): void {
    if (this.#isIdle()) this.#settleIdle();
    else this.#writeSoon();
  }

  #write(fd: number): void {
    writev(fd, this.#batch, this.#written, this.#onWrite);
  }

  readonly #onWrite = (error: Error | null, count: number): void => {
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
    this.#owner.onWritten?.(this.#written);
    this.#writeOn();
  };

  #fail(cause: unknown): void {
    if (this.#error) return;
    this.#error = new StorageError(this.path, cause);
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#queue = [];
    this.#queueBytes = 0;
    this.#batch = [];
    this.#settleIdle();
    this.#owner.onError(this.#error);
  }

  #settleIdle(): void {
    const waiting = this.#idle;
    this.#idle = [];
    for (const settle of waiting) settle();
  }

  #closeFile(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    this.#error ??= new StorageError(this.path, new Error('closed'));
    if (fd === undefined) this.#settleClosed();
    else close(fd, () => this.#settleClosed());
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
