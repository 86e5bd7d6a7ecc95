import type { Chunk, Epoch } from '../media/chunk.ts';
import { type Bytes, bytes, type Milliseconds, ticksToMilliseconds } from '../media/time.ts';

/** A chunk as readers get it: made once, shared by all of them. */
export interface ChunkItem {
  readonly type: 'chunk';
  readonly chunk: Chunk;
}

/** The chunks from one keyframe up to the next; the first of an epoch that goes on has the sound before it, too. Items are only ever appended, until it is evicted whole. */
export interface Group {
  /** Counts up by one, over all epochs of a broadcast. */
  readonly sequence: number;
  readonly epoch: Epoch;
  readonly items: ChunkItem[];
  /** All bytes of the broadcast before this group: what a reader's lag is measured by. */
  readonly startBytes: number;
  /** All chunks of the broadcast before this group. */
  readonly startChunks: number;
  /** Where its keyframe is on the broadcast's timeline. */
  readonly start: Milliseconds;
}

/** How much of a broadcast is kept in memory. The newest group is always kept, up to `maxBytes`. */
export interface GroupBufferLimits {
  readonly maxBytes: Bytes;
  readonly maxAge: Milliseconds;
}

/** What waits for the first keyframe of its epoch is as much of a session as a packager waits for, and seldom anything. */
const MOST_WAITING = bytes(1024 * 1024);

/** The newest groups of a broadcast, bounded in bytes and in media time. */
export class GroupBuffer {
  readonly #limits: GroupBufferLimits;
  #groups: Group[] = [];
  #sequence = 0;
  #totalBytes = 0;
  #totalChunks = 0;
  /** What came of an epoch that has no group yet: without it a hole would be in the sound of who watches. */
  #waiting: ChunkItem[] = [];
  #waitingEpoch: Epoch | undefined;
  /** The newest that had a group. */
  #begunEpoch: Epoch | undefined;
  #waitingBytes = 0;

  constructor(limits: GroupBufferLimits) {
    this.#limits = limits;
  }

  /** Bytes of all chunks that ever went in. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** Bytes held now. */
  get heldBytes(): number {
    const oldest = this.#groups[0];
    return oldest ? this.#totalBytes - oldest.startBytes : 0;
  }

  /** The group that a late reader starts at; undefined until the next group starts when the last one outgrew its bound. */
  get newest(): Group | undefined {
    return this.#groups[this.#groups.length - 1];
  }

  /** The held group of that sequence number. */
  group(sequence: number): Group | undefined {
    const oldest = this.#groups[0];
    return oldest && this.#groups[sequence - oldest.sequence];
  }

  /** Takes the next chunk. Those that go on with the epoch before, in front of the first group of theirs, are in that, up to a bound. */
  push(epoch: Epoch, chunk: Chunk): void {
    const group = chunk.startsGroup ? this.#startGroup(epoch, chunk) : this.newest;
    this.#totalBytes += chunk.bytes.byteLength;
    this.#totalChunks += 1;
    if (group?.epoch === epoch) group.items.push({ type: 'chunk', chunk });
    else if (this.#begunEpoch && epoch !== this.#begunEpoch) this.#wait(epoch, chunk);
    this.#evict(chunk);
  }

  #startGroup(epoch: Epoch, chunk: Chunk): Group {
    const items = this.#waitingEpoch === epoch ? this.#waiting : [];
    const group: Group = {
      sequence: this.#sequence++,
      epoch,
      items,
      startBytes: this.#totalBytes - (items.length > 0 ? this.#waitingBytes : 0),
      startChunks: this.#totalChunks - items.length,
      start: ticksToMilliseconds(chunk.dts, chunk.timescale),
    };
    this.#groups.push(group);
    this.#forgetWaiting(undefined);
    this.#begunEpoch = epoch;
    return group;
  }

  #wait(epoch: Epoch, chunk: Chunk): void {
    const most = Math.min(MOST_WAITING, this.#limits.maxBytes);
    const tooMany = this.#waitingBytes + chunk.bytes.byteLength > most;
    if (epoch !== this.#waitingEpoch || tooMany) this.#forgetWaiting(epoch);
    if (chunk.bytes.byteLength > most) return;
    this.#waiting.push({ type: 'chunk', chunk });
    this.#waitingBytes += chunk.bytes.byteLength;
  }

  #forgetWaiting(next: Epoch | undefined): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#waitingEpoch = next;
  }

  #evict(latest: Chunk): void {
    const now = ticksToMilliseconds(latest.dts, latest.timescale);
    for (;;) {
      const oldest = this.#groups[0];
      if (!oldest) return;
      const tooOld = this.#groups.length > 1 && now - oldest.start > this.#limits.maxAge;
      if (!tooOld && this.#totalBytes - oldest.startBytes <= this.#limits.maxBytes) return;
      this.#groups.shift();
    }
  }
}
