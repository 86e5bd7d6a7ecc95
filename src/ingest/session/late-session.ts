import type { StorageError } from '../../disk/storage-error.ts';
import { BitrateMeter } from './bitrate-meter.ts';
import { PublishError, toPublishError } from './publish-error.ts';
import type { SessionHost } from './publish-session.ts';
import type { PublisherSession, SessionOwner, SessionStatus } from './publisher-session.ts';
import type { SessionFiles } from './session-files.ts';
import type { SessionRecord } from './session-record.ts';

/**
 * A session whose broadcast is over, and whose publisher brings the rest: of a tab that crashed, of a network that was
 * away for longer than the grace. Nobody is shown it; when it is whole, the recordings of the broadcast are made anew.
 */
export class LateSession implements PublisherSession {
  readonly #host: SessionHost;
  readonly #files: SessionFiles;
  readonly #meter: BitrateMeter;
  #owner: SessionOwner | undefined;
  #received: number;
  #pieces = 0;
  #failed: PublishError | undefined;
  #ended: Promise<string | null> | undefined;

  /** Goes on with the bytes that are on disk. */
  constructor(record: SessionRecord, host: SessionHost) {
    const size = host.journals.sizeOf(record.id);
    this.#host = host;
    this.#received = size;
    this.#meter = new BitrateMeter(host.clock.now());
    const calls = {
      onDurable: (offset: number) => this.#owner?.stored(offset),
      onError: (error: StorageError) => this.#fail(error),
    };
    this.#files = host.journals.open({ ...record, remake: true }, calls, size);
  }

  get received(): number {
    return this.#received;
  }

  get stored(): number {
    return this.#files.durable;
  }

  get chunks(): number {
    return this.#pieces;
  }

  readonly holdFor = 0;

  get congested(): boolean {
    return this.#files.queued > this.#host.limits.journalQueue;
  }

  attach(owner: SessionOwner): void {
    if (this.#failed) throw this.#failed;
    const displaced = this.#owner;
    this.#owner = owner;
    displaced?.dismissed(
      new PublishError('session-resumed', 'This session goes on over another connection of its publisher.'),
    );
  }

  detach(owner: SessionOwner): void {
    if (this.#owner === owner) this.#owner = undefined;
  }

  push(bytes: Uint8Array): void {
    if (this.#failed) throw this.#failed;
    if (this.#ended !== undefined)
      throw new PublishError('bad-message', 'The session has ended: nothing may follow.');
    this.#received += bytes.byteLength;
    this.#pieces += 1;
    this.#meter.add(bytes.byteLength, this.#host.clock.now());
    this.#files.append(bytes);
  }

  clock(): void {}

  tick(): void {}

  end(length: number): Promise<string | null> {
    if (length !== this.#received) {
      throw new PublishError(
        'bad-length',
        `The stream was said to have ${length} bytes, but ${this.#received} came.`,
      );
    }
    this.#ended ??= this.#settle(length);
    return this.#ended;
  }

  status(): SessionStatus {
    const bitrate = this.#meter.measure(this.#host.clock.now());
    return { viewers: 0, recording: 'recording', bitrate, elapsed: 0 };
  }

  /** The process stops: its publisher can bring the rest to the next one. */
  close(): Promise<void> {
    return this.#files.close();
  }

  async #settle(length: number): Promise<string | null> {
    await this.#files.drained();
    await this.#files.update({ status: 'ended', length });
    await this.#files.close();
    const { broadcast, recording } = this.#files.record;
    // The recording is made anew meanwhile: that takes as long as it is long.
    void this.#host.tidy(broadcast);
    return recording;
  }

  #fail(error: StorageError): void {
    this.#failed = toPublishError(error);
    this.#owner?.dismissed(this.#failed);
  }
}
