import type { Epoch } from '../media/chunk.ts';
import { bytes, milliseconds } from '../media/time.ts';
import type { Broadcast } from './broadcast.ts';
import { Channel, type ChannelSettings } from './channel.ts';
import type { Clock } from './clock.ts';
import type { GroupBufferLimits } from './group-buffer.ts';
import { Listeners } from './listeners.ts';

/** What a hub is made of. */
export interface HubOptions {
  readonly clock: Clock;
  readonly newBroadcastId: () => string;
  readonly groupBuffer?: GroupBufferLimits;
  readonly standIn?: StandIn;
}

/**
 * What readers are given in place of a broadcast that begins with that epoch; undefined for the broadcast itself. It has the
 * same info, calls `wake` whenever it has something for readers, and ends after the broadcast, by itself.
 */
type StandIn = (broadcast: Broadcast, epoch: Epoch, wake: () => void) => Broadcast | undefined;

/** A reader was too slow, and was skipped over that much. */
export interface ReaderSkip {
  readonly channel: string;
  readonly chunks: number;
  readonly bytes: number;
}

/** 64 MiB and 10 s of media a broadcast: enough for viewers that stumble, and for five HLS segments of 2 s. */
export const DEFAULT_GROUP_BUFFER: GroupBufferLimits = {
  maxBytes: bytes(64 * 1024 * 1024),
  maxAge: milliseconds(10_000),
};

/** Every channel that is in use on this node. It knows no protocol and no codec. */
export class Hub {
  readonly clock: Clock;
  /** A broadcast started; its first chunk comes later: the place to tap it. */
  readonly broadcastStarted = new Listeners<Broadcast>();
  /** A channel is closed: the name that it had. */
  readonly channelRemoved = new Listeners<string>();
  /** A broadcast was interrupted, went on, or ended. */
  readonly broadcastChanged = new Listeners<Broadcast>();
  /** Of any channel: often, where many are slow. */
  readonly readerSkipped = new Listeners<ReaderSkip>();
  readonly #channels = new Map<string, Channel>();
  readonly #options: HubOptions;
  #skippedChunks = 0;
  #skippedBytes = 0;

  constructor(options: HubOptions) {
    this.#options = options;
    this.clock = options.clock;
  }

  /** What all readers together were skipped over. */
  get skipped(): { readonly chunks: number; readonly bytes: number } {
    return { chunks: this.#skippedChunks, bytes: this.#skippedBytes };
  }

  /** The channels in use. */
  channels(): Iterable<Channel> {
    return this.#channels.values();
  }

  /** The channel of that name where it is in use. */
  find(name: string): Channel | undefined {
    return this.#channels.get(name);
  }

  /** The channel of that name, put to use where it is not; whether it may exist is the caller's to know. */
  open(name: string, settings: ChannelSettings): Channel {
    const found = this.#channels.get(name);
    if (found) return found;
    const channel = new Channel(name, settings, {
      clock: this.clock,
      groupBuffer: this.#options.groupBuffer ?? DEFAULT_GROUP_BUFFER,
      newBroadcastId: this.#options.newBroadcastId,
      broadcastStarted: (broadcast) => this.broadcastStarted.emit(broadcast),
      broadcastChanged: (broadcast) => this.broadcastChanged.emit(broadcast),
      standIn: (broadcast, epoch, wake) => this.#options.standIn?.(broadcast, epoch, wake),
      skipped: (chunks, bytes) => {
        this.#skippedChunks += chunks;
        this.#skippedBytes += bytes;
        this.readerSkipped.emit({ channel: name, chunks, bytes });
      },
    });
    this.#channels.set(name, channel);
    return channel;
  }

  /** Closes the channel of that name: it was deleted or renamed. */
  remove(name: string): void {
    this.#channels.get(name)?.close();
    this.#channels.delete(name);
    this.channelRemoved.emit(name);
  }

  /** Ends every broadcast and dismisses every reader; idempotent. */
  close(): void {
    for (const name of [...this.#channels.keys()]) this.remove(name);
  }
}
