import type { Chunk, ChunkSink, Epoch } from '../media/chunk.ts';
import type { Milliseconds } from '../media/time.ts';
import type { TrackEnds } from './broadcast.ts';

/**
 * Why a publisher no longer holds its channel: it ended the broadcast, another took over, nobody came back within
 * the grace, the broadcast was as long as the channel allows, or the channel was closed.
 */
export type PublicationOutcome = 'ended' | 'taken-over' | 'expired' | 'too-long' | 'closed';

/** The broadcast that a publisher begins, or goes on with where another process began it. */
export interface BroadcastBeginning {
  readonly id: string;
  /** Wall clock; by default when it begins. */
  readonly startedAt?: Milliseconds | undefined;
  /** Where its timeline stands already; 0 by default. */
  readonly position?: Milliseconds | undefined;
  /** Where each of its tracks stands already; none has begun by default. */
  readonly ends?: TrackEnds | undefined;
}

/** How a publisher takes a channel. */
export interface PublishOptions {
  readonly title?: string | undefined;
  /** What the names of its recordings begin with; must be safe in a file's name. */
  readonly namePrefix?: string | undefined;
  /** Take it even from a publisher that is there. */
  readonly takeover?: boolean | undefined;
  /** What its broadcast is to be, where none is on; by default a new one. */
  readonly beginning?: BroadcastBeginning | undefined;
}

/** What a publication needs of its channel. */
export interface PublicationHost {
  /** Where the timeline of the broadcast to be continued stands; 0 for a new one. */
  position(): Milliseconds;
  /** Where its tracks stand; nothing for a new one. */
  ends(): TrackEnds;
  nextEpoch(): number;
  epoch(publication: Publication, epoch: Epoch): void;
  chunk(publication: Publication, epoch: Epoch, chunk: Chunk): void;
  end(publication: Publication): void;
  lost(publication: Publication): void;
  resumed(publication: Publication): void;
}

/**
 * One publisher's hold on a channel, through any number of its reconnects. What is written after it closed is
 * ignored: a publisher that was taken over cannot disturb the one that came after it.
 */
export class Publication implements ChunkSink {
  /** Wall clock at which it took the channel. */
  readonly since: Milliseconds;
  readonly title: string | null;
  readonly namePrefix: string | null;
  readonly beginning: BroadcastBeginning | undefined;
  /** Settles when the channel is no longer held. */
  readonly closed: Promise<PublicationOutcome>;
  readonly #host: PublicationHost;
  #settle: (outcome: PublicationOutcome) => void = () => {};
  #outcome: PublicationOutcome | undefined;
  #epoch: Epoch | undefined;
  #lost = false;

  /** For {@link Channel}. */
  constructor(host: PublicationHost, since: Milliseconds, { title, namePrefix, beginning }: PublishOptions) {
    this.#host = host;
    this.since = since;
    this.beginning = beginning;
    this.title = title ?? null;
    this.namePrefix = namePrefix ?? null;
    this.closed = new Promise((settle) => {
      this.#settle = settle;
    });
  }

  /** The publisher is away and waited for: another one may have the channel without asking to take over. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Why it closed; undefined while the channel is held. */
  get outcome(): PublicationOutcome | undefined {
    return this.#outcome;
  }

  /** Where this publisher's media continues on the broadcast's timeline: what its packager starts at. */
  get position(): Milliseconds {
    return this.#host.position();
  }

  /** Where the tracks of what it continues end: what its packager's tracks follow from. */
  get ends(): TrackEnds {
    return this.#host.ends();
  }

  /** The index of the epoch that this publisher's packager starts with. */
  get nextEpoch(): number {
    return this.#host.nextEpoch();
  }

  /** Makes the channel live, or starts the next epoch of its broadcast. */
  epoch(epoch: Epoch): void {
    if (this.#outcome) return;
    this.#epoch = epoch;
    this.#host.epoch(this, epoch);
  }

  /** Sends one chunk to everybody. */
  chunk(chunk: Chunk): void {
    if (this.#outcome || !this.#epoch) return;
    this.#host.chunk(this, this.#epoch, chunk);
  }

  /** The connection is lost: the broadcast is held for its grace. */
  markLost(): void {
    if (this.#outcome || this.#lost) return;
    this.#lost = true;
    this.#host.lost(this);
  }

  /** The same publisher is back. */
  markResumed(): void {
    if (this.#outcome || !this.#lost) return;
    this.#lost = false;
    this.#host.resumed(this);
  }

  /** The publisher is done: the broadcast ends now. */
  end(): void {
    if (!this.#outcome) this.#host.end(this);
  }

  /** For {@link Channel}: the hold is over. */
  close(outcome: PublicationOutcome): void {
    if (this.#outcome) return;
    this.#outcome = outcome;
    this.#settle(outcome);
  }
}
