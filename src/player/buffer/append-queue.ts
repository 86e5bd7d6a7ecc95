import type { Bytes } from '../../media/time.ts';
import type { PlayChunk } from './read-chunks.ts';

/** The part of a SourceBuffer that is needed to fill it; times in seconds, as MSE has them. */
export type AppendTarget = Pick<
  SourceBuffer,
  | 'updating'
  | 'buffered'
  | 'appendBuffer'
  | 'remove'
  | 'changeType'
  | 'addEventListener'
  | 'removeEventListener'
>;

/** What the queue tells. */
interface AppendQueueEvents {
  /** Something was appended or removed. */
  changed(): void;
  /** Chunks that will never be appended. */
  skipped(chunks: number): void;
  /** The buffer refuses for good: it and its MediaSource must be made anew. The queue is dead. */
  failed(): void;
}

/** What the queue is made of. */
export interface AppendQueueOptions {
  /** Media that waits to be appended is dropped up to its newest group beyond this. */
  readonly maxBytes: Bytes;
  /** Where the playhead is, in seconds. */
  readonly position: () => number;
  readonly events: AppendQueueEvents;
}

type Operation =
  | { readonly type: 'init'; readonly bytes: Uint8Array<ArrayBuffer>; readonly mime: string | undefined }
  | { readonly type: 'media'; readonly bytes: Uint8Array<ArrayBuffer>; readonly startsGroup: boolean };

/** Chunks that are waiting together are appended together, up to this much. */
const MERGE_BYTES = 1024 * 1024;
/** What is kept behind the playhead when the browser is out of room, in seconds. */
const KEPT_WHEN_FULL = 1;

const isQuotaError = (error: unknown): boolean =>
  error instanceof Error && error.name === 'QuotaExceededError';

/**
 * Feeds one SourceBuffer, one operation at a time, within a bound. When the browser has no room left it frees what
 * was played, then everything, and goes on at the newest group.
 */
export class AppendQueue {
  readonly #options: AppendQueueOptions;
  #target: AppendTarget | undefined;
  #operations: Operation[] = [];
  #queuedBytes = 0;
  #removal: { readonly start: number; readonly end: number } | undefined;
  #awaitsGroup: boolean;
  #refusals = 0;
  #closed = false;

  /** With `awaitsGroup`, media before the next group is left out. */
  constructor(options: AppendQueueOptions, awaitsGroup = false) {
    this.#options = options;
    this.#awaitsGroup = awaitsGroup;
  }

  /** Bytes of media that wait to be appended. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Gives it the buffer to fill, once there is one. */
  attach(target: AppendTarget): void {
    if (this.#closed) return;
    this.#target = target;
    target.addEventListener('updateend', this.#onUpdateEnd);
    target.addEventListener('error', this.#onError);
    this.#pump();
  }

  /** The init segment of what follows; `mime` when it is another than before. */
  init(bytes: Uint8Array<ArrayBuffer>, mime?: string): void {
    if (this.#closed) return;
    this.#operations.push({ type: 'init', bytes, mime });
    this.#pump();
  }

  /** The next chunk. It may be left out, which is told. */
  push(chunk: Pick<PlayChunk, 'bytes'>, startsGroup: boolean): void {
    if (this.#closed) return;
    if (startsGroup) this.#awaitsGroup = false;
    if (this.#awaitsGroup) {
      this.#options.events.skipped(1);
      return;
    }
    this.#operations.push({ type: 'media', bytes: chunk.bytes, startsGroup });
    this.#queuedBytes += chunk.bytes.length;
    if (this.#queuedBytes > this.#options.maxBytes) this.#dropToNewest();
    this.#pump();
  }

  /** Leaves out everything up to the next group: what was to come before it is damaged. */
  awaitGroup(): void {
    this.#awaitsGroup = true;
  }

  /** Frees what lies before that many seconds. */
  trim(before: number): void {
    const { buffered } = this.#target ?? {};
    if (this.#removal || !buffered?.length || buffered.start(0) >= before) return;
    this.#removal = { start: 0, end: before };
    this.#pump();
  }

  /** Nothing waits and nothing is under way. */
  get isIdle(): boolean {
    return (
      !this.#closed && this.#target?.updating === false && !this.#removal && this.#operations.length === 0
    );
  }

  /** Lets go of the buffer; idempotent. */
  close(): void {
    this.#closed = true;
    this.#operations = [];
    this.#queuedBytes = 0;
    this.#target?.removeEventListener('updateend', this.#onUpdateEnd);
    this.#target?.removeEventListener('error', this.#onError);
    this.#target = undefined;
  }

  readonly #onUpdateEnd = (): void => {
    this.#pump();
    this.#options.events.changed();
  };

  readonly #onError = (): void => this.#fail();

  #fail(): void {
    if (this.#closed) return;
    this.close();
    this.#options.events.failed();
  }

  #pump(): void {
    const target = this.#target;
    if (!target) return;
    try {
      while (!target.updating && this.#step(target));
    } catch (error) {
      if (isQuotaError(error)) this.#makeRoom(target);
      else this.#fail();
    }
  }

  #step(target: AppendTarget): boolean {
    if (this.#removal) {
      const { start, end } = this.#removal;
      this.#removal = undefined;
      target.remove(start, end);
      return true;
    }
    const next = this.#operations[0];
    if (!next) return false;
    if (next.type === 'init') {
      if (next.mime !== undefined) target.changeType(next.mime);
      target.appendBuffer(next.bytes);
      this.#operations.shift();
    } else {
      const count = this.#mergeable();
      target.appendBuffer(concatenate(this.#operations.slice(0, count)));
      for (const operation of this.#operations.splice(0, count)) this.#queuedBytes -= operation.bytes.length;
    }
    this.#refusals = 0;
    return true;
  }

  #mergeable(): number {
    let bytes = 0;
    let count = 0;
    for (const operation of this.#operations) {
      bytes += operation.bytes.length;
      if (operation.type !== 'media' || (count > 0 && bytes > MERGE_BYTES)) break;
      count += 1;
    }
    return count;
  }

  #makeRoom(target: AppendTarget): void {
    this.#refusals += 1;
    const played = this.#options.position() - KEPT_WHEN_FULL;
    const isPlayedHeld = target.buffered.length > 0 && target.buffered.start(0) < played;
    if (this.#refusals === 1 && isPlayedHeld) {
      this.#removal = { start: 0, end: played };
    } else if (this.#refusals <= 2 && target.buffered.length > 0) {
      this.#refusals = 2;
      this.#removal = { start: 0, end: Number.POSITIVE_INFINITY };
      this.#dropToNewest();
    } else {
      this.#dropAll();
      this.#refusals = 0;
      return;
    }
    this.#pump();
  }

  /** Drops waiting media before the newest group that waits; all of it when none does. */
  #dropToNewest(): void {
    const newest = this.#operations.findLastIndex(
      (operation) => operation.type === 'media' && operation.startsGroup,
    );
    const isHeadOnly = this.#operations.slice(0, Math.max(newest, 0)).every(({ type }) => type === 'init');
    if (newest < 0 || (isHeadOnly && this.#queuedBytes > this.#options.maxBytes)) this.#dropAll();
    else this.#drop((index) => index < newest);
  }

  #dropAll(): void {
    this.#awaitsGroup = true;
    this.#drop(() => true);
  }

  #drop(isDropped: (index: number) => boolean): void {
    let chunks = 0;
    this.#operations = this.#operations.filter((operation, index) => {
      if (operation.type === 'init' || !isDropped(index)) return true;
      chunks += 1;
      this.#queuedBytes -= operation.bytes.length;
      return false;
    });
    if (chunks > 0) this.#options.events.skipped(chunks);
  }
}

function concatenate(operations: readonly Operation[]): Uint8Array<ArrayBuffer> {
  const [only] = operations;
  if (only && operations.length === 1) return only.bytes;
  const all = new Uint8Array(operations.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let at = 0;
  for (const { bytes } of operations) {
    all.set(bytes, at);
    at += bytes.length;
  }
  return all;
}
