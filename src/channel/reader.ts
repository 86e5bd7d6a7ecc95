import type { Epoch } from '../media/chunk.ts';
import type { Bytes, Milliseconds } from '../media/time.ts';
import type { Broadcast, BroadcastInfo } from './broadcast.ts';
import type { ChunkItem, Group } from './group-buffer.ts';

/** What a reader is told, in order. */
export type ReaderItem =
  | ChunkItem
  /** Nobody is live. */
  | { readonly type: 'offline' }
  /** A broadcast is on; its epoch follows. */
  | { readonly type: 'live'; readonly broadcast: BroadcastInfo }
  /** Chunks from here on belong to this epoch. */
  | { readonly type: 'epoch'; readonly epoch: Epoch }
  /** The publisher is lost and waited for, up to `grace`. */
  | { readonly type: 'interrupted'; readonly grace: Milliseconds }
  | { readonly type: 'resumed' }
  | { readonly type: 'ended' }
  /** This reader was too slow; the newest group follows. */
  | { readonly type: 'skipped'; readonly chunks: number; readonly bytes: number }
  /** How many readers the channel has. */
  | { readonly type: 'viewers'; readonly count: number };

/** What a reader needs of its channel. */
export interface ReaderHost {
  /** The broadcast that is on and may be read. */
  readonly watchable: Broadcast | undefined;
  readonly grace: Milliseconds;
  /** As last announced, at most once a second. */
  readonly announcedViewers: number;
  skipped(chunks: number, bytes: number): void;
  left(reader: Reader): void;
}

/** How a reader reads. */
export interface ReaderOptions {
  /** How far it may lag before it is skipped to the newest group. */
  readonly maxLag: Bytes;
  /** There is something to read again, after `next` answered undefined. Called synchronously; must not throw. */
  readonly onReadable: () => void;
  /** The channel is gone. */
  readonly onClose?: () => void;
}

/**
 * A cursor into a channel's broadcasts, from one to the next. It pulls: what it does not read stays in the group
 * buffer, which every reader shares, so a slow one costs no memory and nobody's delay.
 */
export class Reader {
  readonly #host: ReaderHost;
  readonly #options: ReaderOptions;
  #broadcast: Broadcast | undefined;
  #told: 'nothing' | 'offline' | 'live' | 'interrupted' | 'ended' = 'nothing';
  #toldViewers = -1;
  #epoch: Epoch | undefined;
  #group: Group | undefined;
  #index = 0;
  #readBytes = 0;
  #readChunks = 0;
  #closed = false;
  #waiting = true;

  /** For {@link Channel}. */
  constructor(host: ReaderHost, options: ReaderOptions) {
    this.#host = host;
    this.#options = options;
  }

  /** Bytes of the present broadcast that are ready and not yet read. */
  get lag(): number {
    return this.#group && this.#broadcast ? this.#broadcast.buffer.totalBytes - this.#readBytes : 0;
  }

  /** The next thing to tell, or undefined when there is none: `onReadable` is called when there is. */
  next(): ReaderItem | undefined {
    const item = this.#closed ? undefined : this.#next();
    this.#waiting = item === undefined;
    return item;
  }

  /** Stops reading; idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#broadcast = undefined;
    this.#group = undefined;
    this.#host.left(this);
  }

  /** For {@link Channel}: something was added. */
  wake(): void {
    if (!this.#waiting || this.#closed) return;
    this.#waiting = false;
    this.#options.onReadable();
  }

  /** For {@link Channel}: it is gone. */
  dismiss(): void {
    if (this.#closed) return;
    this.close();
    this.#options.onClose?.();
  }

  #next(): ReaderItem | undefined {
    const broadcast = this.#broadcast;
    if (!broadcast || this.#told === 'ended') return this.#attach() ?? this.#viewers();
    if (this.#told === 'interrupted' && broadcast.state === 'live') {
      this.#told = 'live';
      return { type: 'resumed' };
    }
    return this.#media(broadcast) ?? this.#stateAfterMedia(broadcast) ?? this.#viewers();
  }

  #attach(): ReaderItem | undefined {
    const broadcast = this.#host.watchable;
    if (!broadcast) {
      if (this.#told !== 'nothing') return undefined;
      this.#told = 'offline';
      return { type: 'offline' };
    }
    this.#broadcast = broadcast;
    this.#told = 'live';
    this.#epoch = undefined;
    this.#group = undefined;
    return { type: 'live', broadcast: broadcast.info };
  }

  #media(broadcast: Broadcast): ReaderItem | undefined {
    const buffer = broadcast.buffer;
    const newest = buffer.newest;
    if (!newest) return undefined;
    let group = this.#group;
    if (!group) {
      group = this.#enter(newest);
    } else if (newest !== group) {
      const evicted = buffer.group(group.sequence) !== group;
      if (evicted || buffer.totalBytes - this.#readBytes > this.#options.maxLag) return this.#skipTo(newest);
      if (this.#index >= group.items.length) group = this.#enter(buffer.group(group.sequence + 1) ?? newest);
    }
    if (this.#epoch !== group.epoch) {
      this.#epoch = group.epoch;
      return { type: 'epoch', epoch: group.epoch };
    }
    const item = group.items[this.#index];
    if (!item) return undefined;
    this.#index += 1;
    this.#readBytes += item.chunk.bytes.byteLength;
    this.#readChunks += 1;
    return item;
  }

  #enter(group: Group): Group {
    this.#group = group;
    this.#index = 0;
    this.#readBytes = group.startBytes;
    this.#readChunks = group.startChunks;
    return group;
  }

  #skipTo(newest: Group): ReaderItem {
    const bytes = newest.startBytes - this.#readBytes;
    const chunks = newest.startChunks - this.#readChunks;
    this.#enter(newest);
    this.#host.skipped(chunks, bytes);
    return { type: 'skipped', chunks, bytes };
  }

  #stateAfterMedia(broadcast: Broadcast): ReaderItem | undefined {
    if (broadcast.state === 'ended') {
      this.#told = 'ended';
      this.#broadcast = undefined;
      this.#group = undefined;
      return { type: 'ended' };
    }
    if (broadcast.state === 'interrupted' && this.#told === 'live') {
      this.#told = 'interrupted';
      return { type: 'interrupted', grace: this.#host.grace };
    }
    return undefined;
  }

  #viewers(): ReaderItem | undefined {
    const count = this.#host.announcedViewers;
    if (count === this.#toldViewers) return undefined;
    this.#toldViewers = count;
    return { type: 'viewers', count };
  }
}
