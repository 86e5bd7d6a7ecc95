import type { Broadcast } from '../../channel/broadcast.ts';
import type { Channel } from '../../channel/channel.ts';
import type { Clock, Timer } from '../../channel/clock.ts';
import type { Log } from '../../channel/log.ts';
import type { Publication, PublicationOutcome } from '../../channel/publication.ts';
import type { SyncBatch } from '../../disk/sync-batch.ts';
import { type Milliseconds, milliseconds } from '../../media/time.ts';
import type { RecordingState } from '../../wire/publish.ts';
import { BitrateLimit } from './bitrate-limit.ts';
import { BitrateMeter } from './bitrate-meter.ts';
import { type Journal, openJournal } from './journal.ts';
import { PublishError, toPublishError } from './publish-error.ts';
import type { PublishLimits } from './publish-limits.ts';
import { ToChannel } from './to-channel.ts';

/** The connection that a session has now. Called from the event loop; must not throw. */
export interface SessionOwner {
  /** Everything before this offset is stored. */
  stored(offset: number): void;
  /** The session is over, or another connection has it. */
  dismissed(error: PublishError): void;
}

/** A publisher that is away for this long is not waited for with the last frame: it goes out. */
const FLUSH_DELAY = milliseconds(1000);

/** What a session must know of its broadcast's recording. */
export interface RecordingView {
  /** Undefined before there is anything to record. */
  readonly id: string | undefined;
  readonly state: 'recording' | 'complete' | 'damaged' | 'no-room';
  /** Settles when nothing more is written. */
  readonly closed: Promise<void>;
}

/** What sessions have in common. */
export interface SessionHost {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: PublishLimits;
  /** Where journals are kept; the folder exists. */
  readonly journalFolder: string;
  /** Makes journals survive a power loss before they are acknowledged; without it they survive the end of the process. */
  readonly sync?: SyncBatch | undefined;
  /** The recording of a broadcast that is on; undefined where none is made. */
  recordingOf(broadcast: Broadcast): RecordingView | undefined;
}

/** What opens a session. */
export interface SessionStart {
  /** A UUID, lower case: the journal's name. */
  readonly id: string;
  readonly channel: Channel;
  readonly title?: string | undefined;
  /** What the names of its recordings begin with; must be safe in a file's name. */
  readonly namePrefix?: string | undefined;
  readonly takeover?: boolean | undefined;
}

/** What a publisher is told of its broadcast about every two seconds. */
export interface SessionStatus {
  readonly viewers: number;
  readonly recording: RecordingState;
  readonly bitrate: number;
  readonly elapsed: number;
  readonly remaining?: number;
}

/**
 * One container stream of a publisher, over any number of connections: bytes to the journal and through the demuxer
 * to the channel. It outlives its connection for the channel's grace.
 */
export class PublishSession {
  readonly id: string;
  readonly channel: Channel;
  /** Settles when the journal is put away too: after the recording of its broadcast is done. */
  readonly closed: Promise<void>;
  readonly #host: SessionHost;
  readonly #journal: Journal;
  readonly #limit: BitrateLimit;
  readonly #meter: BitrateMeter;
  readonly #settleClosed: () => void;
  #input: ToChannel | undefined;
  #owner: SessionOwner | undefined;
  #received = 0;
  #over: PublishError | undefined;
  #ended: Promise<string | null> | undefined;
  /** What a session that failed has left: the broadcast that waits for another publisher. */
  #lostHold: Publication | undefined;
  #expiry: Timer | undefined;
  #flushTimer: Timer | undefined;

  /** Takes the channel. Throws ChannelBusyError. */
  constructor(start: SessionStart, host: SessionHost) {
    const { clock, limits } = host;
    this.id = start.id;
    this.channel = start.channel;
    this.#host = host;
    this.#input = new ToChannel(start.channel, {
      title: start.title,
      namePrefix: start.namePrefix,
      takeover: start.takeover,
      limits: limits.demuxer,
      clock,
      onClosed: (outcome) => this.#channelLeft(outcome),
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#settleClosed = resolve;
    this.#limit = new BitrateLimit(limits.bitrate, clock.now());
    this.#meter = new BitrateMeter(clock.now());
    this.#journal = openJournal(
      start.id,
      {
        onDurable: (offset) => this.#owner?.stored(offset),
        onError: (error) => this.#fail(error.reason === 'EEXIST' ? sessionOver() : toPublishError(error)),
      },
      { folder: host.journalFolder, clock, maxQueue: limits.journalQueue, sync: host.sync },
    );
  }

  /** Bytes of the stream that the server holds: where a returning publisher goes on. */
  get received(): number {
    return this.#received;
  }

  /** Bytes that are stored: what the publisher may forget. */
  get stored(): number {
    return this.#journal.durable;
  }

  /** Chunks made so far: media is coming as long as it grows. */
  get chunks(): number {
    return this.#input?.chunks ?? 0;
  }

  /** Nothing of it is left but its outcome. */
  get settled(): boolean {
    return this.#input === undefined;
  }

  /** How long the publisher is to be held back, in milliseconds; 0 for not at all. */
  get holdFor(): number {
    return this.#limit.holdFor;
  }

  /** More bytes wait for the disk than may. */
  get congested(): boolean {
    return this.#journal.queued > this.#host.limits.journalQueue;
  }

  /**
   * Gives the session to a connection, and takes it from one that it has still: there are never two writers.
   * Throws PublishError when it is over.
   */
  attach(owner: SessionOwner): void {
    if (this.#over) throw resumeError(this.#over);
    this.#input?.resumed();
    this.#expiry?.cancel();
    this.#flushTimer?.cancel();
    const displaced = this.#owner;
    this.#owner = owner;
    displaced?.dismissed(
      new PublishError('session-resumed', 'This session goes on over another connection of its publisher.'),
    );
  }

  /** The connection is lost: the broadcast waits for the channel's grace. */
  detach(owner: SessionOwner): void {
    if (this.#owner !== owner) return;
    this.#owner = undefined;
    if (!this.#input || this.#ended !== undefined) return;
    this.#input.lost();
    // Before its tracks are known a lost publisher has left the channel: only this timer ends its session.
    this.#expiry = this.#host.clock.after(this.channel.grace, () => {
      if (this.#input?.left) this.#finish(expired());
    });
    this.#flushTimer = this.#host.clock.after(FLUSH_DELAY, () => this.flush());
  }

  /** Its connection is not there now. */
  get lost(): boolean {
    return this.#owner === undefined;
  }

  /** Sends on what the packager holds, the last frame: another publisher is about to take the channel, or nobody. */
  flush(): void {
    this.#flushTimer?.cancel();
    try {
      this.#input?.flush();
    } catch (error) {
      this.#fail(toPublishError(error));
    }
  }

  /** Takes the next bytes. Throws PublishError; the session is over then. */
  push(bytes: Uint8Array): void {
    const input = this.#input;
    if (!input || this.#ended !== undefined)
      throw new PublishError('bad-message', 'The session has ended: nothing may follow.');
    const now = this.#host.clock.now();
    this.#received += bytes.byteLength;
    this.#meter.add(bytes.byteLength, now);
    this.#journal.append(bytes);
    try {
      input.push(bytes);
    } catch (error) {
      throw this.#fail(toPublishError(error));
    }
    if (!this.#limit.add(bytes.byteLength, now, input.position)) {
      const limit = this.#host.limits.bitrate / 1_000_000;
      throw this.#fail(new PublishError('bitrate-exceeded', `The stream has more than ${limit} Mbit/s.`));
    }
  }

  /** What had timestamp `media` on the container's clock was captured at `wall`. */
  clock(media: Milliseconds, wall: Milliseconds): void {
    this.#input?.capturedAt(media, wall);
  }

  /**
   * The stream is complete: ends the broadcast and answers its recording's id when all is stored; idempotent. Throws
   * PublishError `bad-length` when bytes are missing, and what the container's end does not allow.
   */
  end(length: number): Promise<string | null> {
    if (length !== this.#received) {
      throw new PublishError(
        'bad-length',
        `The stream was said to have ${length} bytes, but ${this.#received} came.`,
      );
    }
    const input = this.#input;
    if (this.#ended !== undefined || !input) return this.#ended ?? Promise.resolve(null);
    const recording = this.#recording();
    const error = input.end();
    this.#ended = this.#settle(recording);
    if (error !== undefined) throw toPublishError(error);
    return this.#ended;
  }

  /** What the publisher is told from time to time. */
  status(): SessionStatus {
    const broadcast = this.#input?.broadcast;
    const recording = this.#recording();
    const { clock } = this.#host;
    const { remaining } = this.channel;
    return {
      ...(broadcast && remaining !== undefined && { remaining: Math.round(remaining) }),
      viewers: this.channel.viewers,
      recording: recordingStateOf(recording),
      bitrate: this.#meter.measure(clock.now()),
      elapsed: Math.round(broadcast?.position ?? 0),
    };
  }

  /** The server stops: the broadcast ends here. */
  close(): Promise<void> {
    this.#lostHold?.end();
    if (this.#input && this.#ended === undefined) {
      const recording = this.#recording();
      this.#input.end();
      this.#ended = this.#settle(recording);
    }
    return this.closed;
  }

  #recording(): RecordingView | undefined {
    const broadcast = this.#input?.broadcast;
    return broadcast && this.#host.recordingOf(broadcast);
  }

  async #settle(recording: RecordingView | undefined): Promise<string | null> {
    await this.#journal.drained();
    await this.#putAway(this.#input?.broadcast, recording);
    return recording?.id ?? null;
  }

  #channelLeft(outcome: PublicationOutcome): void {
    if (outcome === 'taken-over') this.#finish(takenOver());
    else if (outcome === 'expired') this.#finish(expired());
    else if (outcome === 'too-long') this.#finish(tooLong(this.#recording()?.id));
    else this.#finish(new PublishError('channel-closed', 'The channel was closed.'));
  }

  /** Bad media, a full disk: the publisher is done for, its broadcast waits for another one. */
  #fail(error: PublishError): PublishError {
    if (error.code === 'internal')
      this.#host.log.error({ session: this.id, err: error.cause }, 'a session failed');
    const input = this.#input;
    if (this.#over || !input) return error;
    this.#over = error;
    try {
      input.flush();
    } catch (cause) {
      this.#host.log.error({ session: this.id, err: cause }, 'what a failed session held is lost');
    }
    input.lost();
    this.#lostHold = input.publication;
    this.#finish(error);
    return error;
  }

  #finish(error: PublishError): void {
    if (!this.#input || this.#ended !== undefined) return;
    this.#over = error;
    const broadcast = this.#input?.broadcast;
    const recording = this.#recording();
    const owner = this.#owner;
    this.#owner = undefined;
    void this.#putAway(broadcast, recording);
    owner?.dismissed(error);
  }

  /** The journal goes when the recording has all of it; that of a damaged recording is all there is. */
  async #putAway(broadcast: Broadcast | undefined, recording: RecordingView | undefined): Promise<void> {
    this.#expiry?.cancel();
    this.#flushTimer?.cancel();
    this.#input = undefined;
    // The broadcast may go on for days under other publishers: what is kept of this one costs no more than its bytes.
    await this.#journal.close();
    await broadcast?.closed;
    await recording?.closed;
    if (recording?.state !== 'damaged') await this.#journal.discard();
    this.#settleClosed();
  }
}

/** One that is complete was on until now. */
function recordingStateOf(recording: RecordingView | undefined): RecordingState {
  if (!recording) return 'off';
  return recording.state === 'complete' ? 'recording' : recording.state;
}

const sessionOver = () => new PublishError('session-over', 'That session is over. Start another one.');
const takenOver = () => new PublishError('taken-over', 'Another publisher took the channel over.');
const tooLong = (recording: string | undefined) =>
  new PublishError('max-duration', 'The broadcast is as long as its channel allows, and was ended.', {
    recording,
  });
const expired = () =>
  new PublishError('session-expired', 'The publisher was away for too long: its broadcast has ended.');

/** What a publisher is told that comes back to a session which is over: only what it cannot mend is repeated. */
function resumeError(over: PublishError): PublishError {
  switch (over.code) {
    case 'storage-failed':
    case 'internal':
      return sessionOver();
    default:
      return over;
  }
}
