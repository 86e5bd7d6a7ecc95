import type { Broadcast } from '../../channel/broadcast.ts';
import type { Channel } from '../../channel/channel.ts';
import type { Timer } from '../../channel/clock.ts';
import type { Publication, PublicationOutcome } from '../../channel/publication.ts';
import { StorageError } from '../../disk/storage-error.ts';
import { type Milliseconds, milliseconds } from '../../media/time.ts';
import { BitrateLimit } from './bitrate-limit.ts';
import { BitrateMeter } from './bitrate-meter.ts';
import { openInput } from './open-input.ts';
import { OwnerSlot } from './owner-slot.ts';
import { type PublishError, toPublishError } from './publish-error.ts';
import type { PublisherSession, SessionOwner, SessionStatus } from './publisher-session.ts';
import { type RecordingView, recordingStateOf } from './recording-view.ts';
import { SessionCheckpoints } from './session-checkpoints.ts';
import type { SessionFiles } from './session-files.ts';
import type { SessionHost } from './session-host.ts';
import type { SessionRecord } from './session-record.ts';
import {
  badLength,
  bitrateExceeded,
  channelClosed,
  mayHaveMore,
  nothingMayFollow,
  resumeError,
  sessionExpired,
  sessionOver,
  takenOver,
  tooLong,
} from './session-refusals.ts';
import { newSessionRecord, type SessionStart } from './session-start.ts';
import type { ToChannel } from './to-channel.ts';

/** A publisher that is away for this long is not waited for with the last frame: it goes out. */
const FLUSH_DELAY = milliseconds(1000);

/** A session that another process had. */
export interface SavedSession {
  readonly channel: Channel;
  readonly record: SessionRecord;
  /** Bytes of it that are on disk. */
  readonly size: number;
}

/**
 * One container stream of a publisher, over any number of connections: bytes to the journal and through the demuxer
 * to the channel. It outlives its connection for the channel's grace, and the process that it began in.
 */
export class PublishSession implements PublisherSession {
  readonly id: string;
  readonly channel: Channel;
  /** Settles when it is put away: after the recording of its broadcast is done, or when the process stops. */
  readonly closed: Promise<void>;
  readonly #host: SessionHost;
  readonly #files: SessionFiles;
  readonly #limit: BitrateLimit;
  readonly #meter: BitrateMeter;
  readonly #settleClosed: () => void;
  #input: ToChannel | undefined;
  readonly #owner = new OwnerSlot();
  #received = 0;
  #over: PublishError | undefined;
  #ended: Promise<string | null> | undefined;
  /** What a session that failed has left: the broadcast that waits for another publisher. */
  #lostHold: Publication | undefined;
  #expiry: Timer | undefined;
  #flushTimer: Timer | undefined;
  readonly #stopped = Promise.withResolvers<void>();
  readonly #checkpoints: SessionCheckpoints;
  /** Its bytes are being read again; its broadcast ended before they all were. */
  #isReplaying = false;
  #isCutShort = false;

  /** Takes the channel: for a new session, or for one of another process, which is to `replay`. Throws ChannelBusyError. */
  constructor(start: SessionStart | SavedSession, host: SessionHost) {
    const { clock, limits } = host;
    const saved = 'record' in start ? start : undefined;
    const record = 'record' in start ? start.record : newSessionRecord(start, clock, host.journals);
    this.id = record.id;
    this.channel = start.channel;
    this.#host = host;
    this.#input = openInput(record, {
      ...{ channel: start.channel, host },
      takeover: saved !== undefined || ('takeover' in start && start.takeover === true),
      onClosed: (outcome) => this.#channelLeft(outcome),
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#settleClosed = resolve;
    this.#limit = new BitrateLimit(limits.bitrate, clock.now());
    this.#meter = new BitrateMeter(clock.now());
    const calls = {
      onDurable: (offset: number) => this.#owner.stored(offset),
      onError: (error: StorageError) => {
        if (error.reason === 'EEXIST') this.#fail(sessionOver());
        else this.#loseTrust(error);
      },
    };
    this.#files = host.journals.open(record, calls, saved?.size);
    const checkpointed = {
      files: this.#files,
      input: () => this.#input,
      recording: () => this.#recording(),
      isToRemake: (recording: RecordingView | undefined) => this.#isToRemake(recording),
    };
    this.#checkpoints = new SessionCheckpoints(checkpointed, host);
  }

  get received(): number {
    return this.#received;
  }

  get stored(): number {
    return this.#files.durable;
  }

  get chunks(): number {
    return this.#input?.chunks ?? 0;
  }

  /** Nothing of it is left but its outcome. */
  get settled(): boolean {
    return this.#input === undefined;
  }

  /** More of it may come. */
  get isOn(): boolean {
    return this.#input !== undefined && this.#ended === undefined;
  }

  get holdFor(): number {
    return this.#limit.holdFor;
  }

  get congested(): boolean {
    return this.#files.queued > this.#host.limits.journalQueue;
  }

  /** Throws PublishError when it is over. */
  attach(owner: SessionOwner): void {
    if (this.#over) throw resumeError(this.#over);
    this.#input?.resumed();
    this.#expiry?.cancel();
    this.#flushTimer?.cancel();
    this.#owner.give(owner);
  }

  /** The broadcast waits for the channel's grace. */
  detach(owner: SessionOwner): void {
    if (this.#owner.leave(owner) && this.#ended === undefined) this.#wait();
  }

  /** Its connection is not there now. */
  get lost(): boolean {
    return this.#owner.isEmpty;
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

  /** Throws PublishError; the session is over then. */
  push(bytes: Uint8Array): void {
    const input = this.#input;
    if (!input || this.#ended !== undefined) throw nothingMayFollow();
    const now = this.#host.clock.now();
    this.#received += bytes.byteLength;
    this.#meter.add(bytes.byteLength, now);
    this.#files.append(bytes);
    try {
      input.push(bytes);
    } catch (error) {
      throw this.#fail(toPublishError(error));
    }
    const { bitrate } = this.#host.limits;
    if (!this.#limit.add(bytes.byteLength, now, input.position)) throw this.#fail(bitrateExceeded(bitrate));
  }

  /**
   * For a session that another process had: makes from the bytes that are on disk what its recording lacks, and then
   * waits for its publisher. What is wrong with the bytes ends the session, as when they came. Never rejects.
   */
  async replay(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const { header = 0, offset = 0 } = this.#files.record.checkpoint ?? {};
    this.#setReplaying(true);
    try {
      for await (const piece of bytes) {
        const start = this.#received;
        this.#received += piece.byteLength;
        if (start < header) this.#input?.push(piece.subarray(0, header - start));
        if (start < header && this.#received >= header) this.#input?.skipTo(offset);
        if (this.#received > offset) this.#input?.push(piece.subarray(Math.max(0, offset - start)));
        await this.#recording()?.drained();
      }
      this.#setReplaying(false);
    } catch (error) {
      this.#setReplaying(false);
      this.#fail(toPublishError(error));
    }
    if (this.#files.record.distrusted) this.#loseTrust(new StorageError(this.id, 'not all of it was stored'));
    this.#wait();
  }

  clock(media: Milliseconds, wall: Milliseconds): void {
    this.#input?.capturedAt(media, wall);
    // Later words are better ones: they are noted with what was made.
    if (this.#files.record.captureDistance === null)
      void this.#files.update({ captureDistance: wall - media });
  }

  /** About once a second: notes from time to time what was made, for a process that goes on after this one. */
  tick(now: Milliseconds): void {
    this.#checkpoints.tick(now);
  }

  /** Throws PublishError `bad-length` when bytes are missing, and what the container's end does not allow. */
  end(length: number): Promise<string | null> {
    if (length !== this.#received) throw badLength(length, this.#received);
    const input = this.#input;
    if (this.#ended !== undefined || !input) return this.#ended ?? Promise.resolve(null);
    const recording = this.#recording();
    const error = input.end();
    this.#ended = this.#settle(recording, length);
    if (error !== undefined) throw toPublishError(error);
    return this.#ended;
  }

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

  /**
   * The process stops: what is on disk is left for the next one, which goes on with the broadcast. Only what no session
   * can be restored of ends here.
   */
  async close(): Promise<void> {
    this.#lostHold?.end();
    if (this.#input && this.#ended === undefined) await this.#suspend();
    this.#stopped.resolve();
    await this.closed;
  }

  #wait(): void {
    if (!this.#input) return;
    this.#input.lost();
    // Before its tracks are known a lost publisher has left the channel: only this timer ends its session.
    this.#expiry = this.#host.clock.after(this.channel.grace, () => {
      if (this.#input?.left) this.#finish(sessionExpired());
    });
    this.#flushTimer = this.#host.clock.after(FLUSH_DELAY, () => this.flush());
  }

  async #suspend(): Promise<void> {
    const recording = this.#recording();
    this.#expiry?.cancel();
    this.#flushTimer?.cancel();
    this.#input = undefined;
    recording?.suspend();
    await this.#files.close();
    this.#settleClosed();
  }

  #recording(): RecordingView | undefined {
    const broadcast = this.#input?.broadcast;
    return broadcast && this.#host.recordingOf(broadcast);
  }

  async #settle(recording: RecordingView | undefined, length: number): Promise<string | null> {
    await this.#files.drained();
    const failure = this.#over;
    if (failure) this.#owner.dismiss(failure);
    const outcome = failure ? this.#outcomeOf(failure) : { status: 'ended' as const, length };
    await this.#putAway(outcome, this.#input?.broadcast, recording);
    return recording?.id ?? null;
  }

  #channelLeft(outcome: PublicationOutcome): void {
    if (outcome === 'taken-over') this.#finish(takenOver());
    else if (outcome === 'expired') this.#finish(sessionExpired());
    else if (outcome === 'too-long') this.#finish(tooLong(this.#recording()?.id));
    else this.#finish(channelClosed());
  }

  /** What was acknowledged may be lost: the recording says so, whoever reads its file later. */
  #loseTrust(error: StorageError): void {
    void this.#files.update({ distrusted: true });
    this.#recording()?.damage(error.message);
    this.#fail(toPublishError(error));
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
    this.#isCutShort = this.#isReplaying;
    const broadcast = this.#input?.broadcast;
    const recording = this.#recording();
    void this.#putAway(this.#outcomeOf(error), broadcast, recording);
    this.#owner.dismiss(error);
  }

  #outcomeOf(error: PublishError): Pick<SessionRecord, 'status'> {
    const isUnfinished = this.#files.record.resumable && mayHaveMore(error);
    return { status: isUnfinished ? 'unfinished' : 'over' };
  }

  /** Until its broadcast and the recording are over, another process would restore it. Never rejects. */
  async #putAway(
    outcome: Pick<SessionRecord, 'status'> & Partial<SessionRecord>,
    broadcast: Broadcast | undefined,
    recording: RecordingView | undefined,
  ): Promise<void> {
    this.#expiry?.cancel();
    this.#flushTimer?.cancel();
    this.#input = undefined;
    // The broadcast may go on for days under other publishers: what is kept of this one costs no more than its bytes.
    await this.#files.close();
    await Promise.race([broadcast?.closed, this.#stopped.promise]);
    if (broadcast === undefined || broadcast.state === 'ended') await this.#note(outcome, recording);
    this.#settleClosed();
  }

  async #note(outcome: Partial<SessionRecord>, recording: RecordingView | undefined): Promise<void> {
    await recording?.closed;
    // One without a byte has nothing to be brought.
    if (this.#received === 0) outcome = { ...outcome, status: 'over' };
    const closedAt = this.#host.clock.wall();
    const remake = this.#isToRemake(recording);
    await this.#files.update({ ...outcome, closedAt, remake, recording: recording?.id ?? null });
    await this.#host.tidy(this.#files.record.broadcast);
  }

  /** All that the recording lacks is in the journal, unless that is what failed. */
  #isToRemake(recording: RecordingView | undefined): boolean {
    const isDamaged = recording?.state === 'damaged' && !this.#files.record.distrusted;
    return isDamaged || this.#isCutShort || this.#files.record.remake;
  }

  #setReplaying(replaying: boolean): void {
    this.#isReplaying = replaying;
    if (this.#input) this.#input.replaying = replaying;
  }
}
