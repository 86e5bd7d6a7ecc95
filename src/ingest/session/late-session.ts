import type { StorageError } from '../../disk/storage-error.ts';
import { BitrateMeter } from './bitrate-meter.ts';
import { OwnerSlot } from './owner-slot.ts';
import { type PublishError, toPublishError } from './publish-error.ts';
import type { PublisherSession, SessionOwner, SessionStatus } from './publisher-session.ts';
import type { SessionFiles } from './session-files.ts';
import type { SessionHost } from './session-host.ts';
import type { SessionRecord } from './session-record.ts';
import { badLength, nothingMayFollow } from './session-refusals.ts';

/**
 * A session whose broadcast is over, and whose publisher brings the rest: of a tab that crashed, of a network that was
 * away for longer than the grace. Nobody is shown it; when it is whole, the recordings of the broadcast are made anew.
 */
export class LateSession implements PublisherSession {
  readonly #host: SessionHost;
  readonly #closed: () => void;
  readonly #record: SessionRecord;
  /** From the first connection on that has it. */
  #files: SessionFiles | undefined;
  readonly #meter: BitrateMeter;
  readonly #owner = new OwnerSlot();
  #received: number;
  #pieces = 0;
  #failed: PublishError | undefined;
  #ended: Promise<string | null> | undefined;

  /**
   * Goes on with the bytes that are on disk. `closed` is called when nothing is open any more: it is whole, failed, or its
   * publisher left, who may come again.
   */
  constructor(record: SessionRecord, host: SessionHost, closed: () => void) {
    this.#host = host;
    this.#closed = closed;
    this.#record = record;
    this.#received = host.journals.sizeOf(record.id);
    this.#meter = new BitrateMeter(host.clock.now());
  }

  get received(): number {
    return this.#received;
  }

  get stored(): number {
    return this.#files?.durable ?? 0;
  }

  get chunks(): number {
    return this.#pieces;
  }

  readonly holdFor = 0;

  get congested(): boolean {
    return (this.#files?.queued ?? 0) > this.#host.limits.journalQueue;
  }

  attach(owner: SessionOwner): void {
    if (this.#failed) throw this.#failed;
    this.#files ??= this.#open();
    this.#owner.give(owner);
  }

  detach(owner: SessionOwner): void {
    if (!this.#owner.leave(owner) || this.#ended !== undefined) return;
    void this.#files?.drained().then(() => this.#closeUnowned());
  }

  push(bytes: Uint8Array): void {
    if (this.#failed) throw this.#failed;
    if (this.#ended !== undefined) throw nothingMayFollow();
    this.#received += bytes.byteLength;
    this.#pieces += 1;
    this.#meter.add(bytes.byteLength, this.#host.clock.now());
    this.#files?.append(bytes);
  }

  clock(): void {}

  tick(): void {}

  end(length: number): Promise<string | null> {
    if (length !== this.#received) throw badLength(length, this.#received);
    this.#ended ??= this.#settle(length);
    return this.#ended;
  }

  status(): SessionStatus {
    const bitrate = this.#meter.measure(this.#host.clock.now());
    return { viewers: 0, recording: 'recording', bitrate, elapsed: 0 };
  }

  /** The process stops: its publisher can bring the rest to the next one. */
  async close(): Promise<void> {
    await this.#files?.close();
  }

  #open(): SessionFiles {
    const calls = {
      onDurable: (offset: number) => this.#owner.stored(offset),
      onError: (error: StorageError) => this.#fail(error),
    };
    // What is kept for a time is kept for that time from now on.
    const record = { ...this.#record, remake: true, closedAt: this.#host.clock.wall() };
    return this.#host.journals.open(record, calls, this.#received);
  }

  async #settle(length: number): Promise<string | null> {
    const { broadcast, recording } = this.#record;
    await this.#files?.drained();
    // Its publisher has been told, and keeps what is missing.
    if (this.#failed) return recording;
    await this.#files?.update({ status: 'ended', length });
    await this.#close();
    // The recording is made anew meanwhile: that takes as long as it is long.
    void this.#host.tidy(broadcast);
    return recording;
  }

  #fail(error: StorageError): void {
    this.#failed = toPublishError(error);
    this.#owner.dismiss(this.#failed);
    void this.#close();
  }

  /** All is on disk, where another one finds it. */
  #closeUnowned(): void {
    if (!this.#owner.isEmpty || this.#failed || this.#ended !== undefined) return;
    this.#closed();
    void this.#files?.close();
  }

  async #close(): Promise<void> {
    await this.#files?.close();
    this.#closed();
  }
}
