import type { Chunk, Epoch } from '../media/chunk.ts';
import { bytes, type Milliseconds, milliseconds } from '../media/time.ts';
import { Broadcast, type TrackEnds } from './broadcast.ts';
import { ChannelBusyError } from './channel-error.ts';
import type { Clock, Timer } from './clock.ts';
import type { GroupBufferLimits } from './group-buffer.ts';
import {
  Publication,
  type PublicationHost,
  type PublicationOutcome,
  type PublishOptions,
} from './publication.ts';
import { Reader, type ReaderHost, type ReaderOptions } from './reader.ts';

/** What a channel needs of its hub. */
export interface ChannelHost {
  readonly clock: Clock;
  readonly groupBuffer: GroupBufferLimits;
  newBroadcastId(): string;
  broadcastStarted(broadcast: Broadcast): void;
  broadcastChanged(broadcast: Broadcast): void;
  /** What readers are given in place of a broadcast that begins so; undefined for itself. */
  standIn(broadcast: Broadcast, epoch: Epoch, wake: () => void): Broadcast | undefined;
  skipped(chunks: number, bytes: number): void;
}

/** What may differ from channel to channel. */
export interface ChannelSettings {
  /** How long a broadcast waits for its lost publisher. */
  readonly reconnectGrace: Milliseconds;
  /** How long a broadcast may be; none by default. */
  readonly maxDuration?: Milliseconds | undefined;
  /** Whether readers are given the next broadcasts; true by default. */
  readonly live?: boolean | undefined;
}

/** What is kept in memory of a broadcast that nobody reads. */
const NOTHING: GroupBufferLimits = { maxBytes: bytes(0), maxAge: milliseconds(0) };
const VIEWERS_INTERVAL = milliseconds(1000);

/** The live side of a channel: at most one publisher and one broadcast, any number of readers. Made by {@link Hub}. */
export class Channel implements ReaderHost, PublicationHost {
  readonly name: string;
  readonly #host: ChannelHost;
  readonly #readers = new Set<Reader>();
  #settings: ChannelSettings;
  #publication: Publication | undefined;
  #broadcast: Broadcast | undefined;
  #watchable: Broadcast | undefined;
  /** On the monotonic clock. */
  #startedAt = milliseconds(0);
  #limitTimer: Timer | undefined;
  #graceTimer: Timer | undefined;
  #viewersTimer: Timer | undefined;
  #announcedViewers = 0;
  #otherViewers = 0;
  #closed = false;

  constructor(name: string, settings: ChannelSettings, host: ChannelHost) {
    this.name = name;
    this.#settings = settings;
    this.#host = host;
  }

  /** The broadcast that is on. */
  get broadcast(): Broadcast | undefined {
    return this.#broadcast;
  }

  /** What readers are given now: the broadcast that is on, or what stands in for it. */
  get watchable(): Broadcast | undefined {
    return this.#watchable;
  }

  /** How long the broadcast may go on; undefined where nothing ends it. */
  get remaining(): Milliseconds | undefined {
    const { maxDuration } = this.#settings;
    if (!this.#broadcast || maxDuration === undefined) return undefined;
    return milliseconds(Math.max(0, this.#startedAt + maxDuration - this.#host.clock.now()));
  }

  /** Who holds the channel, present or waited for. */
  get publication(): Publication | undefined {
    return this.#publication;
  }

  /** Readers are given the broadcasts that begin now. */
  get isShown(): boolean {
    return this.#settings.live !== false;
  }

  get state(): 'offline' | 'live' | 'interrupted' {
    const state = this.#broadcast?.state;
    return state === 'live' || state === 'interrupted' ? state : 'offline';
  }

  /** An id for a broadcast that a publisher is to begin. */
  newBroadcastId(): string {
    return this.#host.newBroadcastId();
  }

  /** How many watch now: readers, and viewers who are served in other ways. */
  get viewers(): number {
    return this.#readers.size + this.#otherViewers;
  }

  /** How many watch without a reader of their own: by segments. */
  set otherViewers(count: number) {
    this.#otherViewers = count;
    this.#announceViewers();
  }

  get announcedViewers(): number {
    return this.#announcedViewers;
  }

  get grace(): Milliseconds {
    return this.#settings.reconnectGrace;
  }

  /** Takes effect from the next event on; `maxDuration` at once, `live` with the next broadcast. */
  configure(settings: ChannelSettings): void {
    this.#settings = settings;
    this.#limitDuration();
  }

  /**
   * Takes the channel for a publisher. A broadcast that is still on is continued. Throws ChannelBusyError while
   * another publisher is there, unless asked to take over.
   */
  publish(options: PublishOptions = {}): Publication {
    if (this.#closed) throw new Error(`channel ${this.name} is closed`);
    const holder = this.#publication;
    if (holder && !holder.lost && !options.takeover) throw new ChannelBusyError(holder.since);
    const publication = new Publication(this, this.#host.clock.wall(), options);
    this.#publication = publication;
    // The broadcast waits for the newcomer's tracks; if it is lost in turn, the grace starts anew.
    this.#graceTimer?.cancel();
    holder?.close('taken-over');
    return publication;
  }

  /** Follows the channel from its newest group on, from one broadcast to the next, until closed. */
  read(options: ReaderOptions): Reader {
    const reader = new Reader(this, options);
    this.#readers.add(reader);
    this.#announceViewers();
    return reader;
  }

  /** Ends the broadcast and dismisses every reader; idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#endBroadcast('closed');
    this.#viewersTimer?.cancel();
    for (const reader of [...this.#readers]) reader.dismiss();
  }

  /** For {@link Publication}. */
  position(): Milliseconds {
    return this.#broadcast?.position ?? milliseconds(0);
  }

  /** For {@link Publication}. */
  ends(): TrackEnds {
    return this.#broadcast?.ends ?? {};
  }

  /** For {@link Publication}. */
  nextEpoch(): number {
    const epoch = this.#broadcast?.epoch;
    return epoch ? epoch.index + 1 : 0;
  }

  /** For {@link Publication}. */
  epoch(publication: Publication, epoch: Epoch): void {
    const broadcast = this.#broadcast;
    if (broadcast) {
      this.#goOn(broadcast);
      broadcast.startEpoch(epoch);
    } else {
      this.#startBroadcast(publication, epoch);
    }
    this.#wake();
  }

  /** For {@link Publication}. */
  chunk(_publication: Publication, epoch: Epoch, chunk: Chunk): void {
    this.#broadcast?.push(epoch, chunk);
    this.#wake();
  }

  /** For {@link Publication}. */
  lost(publication: Publication): void {
    if (!this.#broadcast) {
      this.end(publication);
      return;
    }
    this.#setState(this.#broadcast, 'interrupted');
    this.#host.broadcastChanged(this.#broadcast);
    this.#graceTimer?.cancel();
    this.#graceTimer = this.#host.clock.after(this.grace, () => this.#endBroadcast('expired'));
    this.#wake();
  }

  /** For {@link Publication}. */
  resumed(_publication: Publication): void {
    if (this.#broadcast) this.#goOn(this.#broadcast);
    this.#wake();
  }

  /** For {@link Publication}. */
  end(_publication: Publication): void {
    this.#endBroadcast('ended');
  }

  /** For {@link Reader}. */
  skipped(chunks: number, bytes: number): void {
    this.#host.skipped(chunks, bytes);
  }

  /** For {@link Reader}. */
  left(reader: Reader): void {
    this.#readers.delete(reader);
    this.#announceViewers();
  }

  #startBroadcast(publication: Publication, epoch: Epoch): void {
    const { clock, groupBuffer, newBroadcastId } = this.#host;
    const now = clock.wall();
    const { id = newBroadcastId(), startedAt = now, position, ends } = publication.beginning ?? {};
    const { title, namePrefix } = publication;
    const broadcast = new Broadcast(
      { id, channel: this.name, title, namePrefix, startedAt },
      this.isShown ? groupBuffer : NOTHING,
      position,
      ends,
    );
    this.#broadcast = broadcast;
    const shown = () => this.#host.standIn(broadcast, epoch, () => this.#wake()) ?? broadcast;
    this.#watchable = this.isShown ? shown() : undefined;
    // A wall clock that was set back since then is no reason to go on for longer.
    this.#startedAt = milliseconds(clock.now() - Math.max(0, now - startedAt));
    this.#limitDuration();
    broadcast.startEpoch(epoch);
    this.#host.broadcastStarted(broadcast);
  }

  #goOn(broadcast: Broadcast): void {
    this.#graceTimer?.cancel();
    this.#graceTimer = undefined;
    if (broadcast.state !== 'interrupted') return;
    this.#setState(broadcast, 'live');
    this.#host.broadcastChanged(broadcast);
  }

  /** What stands in for a broadcast ends by itself, when the last of it is out. */
  #setState(broadcast: Broadcast, state: 'live' | 'interrupted'): void {
    broadcast.setState(state);
    this.#watchable?.setState(state);
  }

  #limitDuration(): void {
    this.#limitTimer?.cancel();
    const { remaining } = this;
    if (remaining === undefined) return;
    this.#limitTimer = this.#host.clock.after(remaining, () => this.#endBroadcast('too-long'));
  }

  #endBroadcast(outcome: PublicationOutcome): void {
    this.#limitTimer?.cancel();
    this.#graceTimer?.cancel();
    this.#graceTimer = undefined;
    const broadcast = this.#broadcast;
    const publication = this.#publication;
    this.#broadcast = undefined;
    this.#watchable = undefined;
    this.#publication = undefined;
    broadcast?.setState('ended');
    publication?.close(outcome);
    if (broadcast) this.#host.broadcastChanged(broadcast);
    this.#wake();
  }

  #wake(): void {
    for (const reader of this.#readers) reader.wake();
  }

  #announceViewers(): void {
    if (this.#viewersTimer || this.#closed) return;
    this.#viewersTimer = this.#host.clock.after(VIEWERS_INTERVAL, () => {
      this.#viewersTimer = undefined;
      if (this.#announcedViewers === this.viewers) return;
      this.#announcedViewers = this.viewers;
      this.#wake();
    });
  }
}
