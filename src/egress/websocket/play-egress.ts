import type { BroadcastInfo } from '../../channel/broadcast.ts';
import type { Channel } from '../../channel/channel.ts';
import type { Clock, Timer } from '../../channel/clock.ts';
import { bytes, type Milliseconds, milliseconds } from '../../media/time.ts';
import { CLOSE } from '../../wire/close-codes.ts';
import { ChannelFeed } from './from-channel.ts';
import { Viewer, type ViewerLimits, type ViewerSocket } from './viewer.ts';

/** How viewers are served. */
export interface PlayEgressOptions {
  readonly clock: Clock;
  /** 1 MiB in the socket, 4 MiB behind, 20 s without taking anything. */
  readonly limits?: ViewerLimits;
  /** How long chunks are gathered and sent as one message; default 0: each as it is made. */
  readonly mergeWindow?: Milliseconds;
  /** Whether viewers can go back to the beginning of a broadcast; they are told nothing of it by default. */
  readonly rewindable?: (broadcast: BroadcastInfo) => boolean;
}

/** What viewers are held to where nothing else is said. */
export const DEFAULT_VIEWER_LIMITS: ViewerLimits = {
  socketBuffer: bytes(1024 * 1024),
  maxLag: bytes(4 * 1024 * 1024),
  stallTimeout: milliseconds(20_000),
};

const TICK = milliseconds(1000);

/** Shows channels to viewers over WebSocket: the only thing of this folder that the server deals with. */
export class PlayEgress {
  readonly #options: PlayEgressOptions;
  readonly #viewers = new Set<Viewer>();
  readonly #feeds = new Map<Channel, ChannelFeed>();
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: PlayEgressOptions) {
    this.#options = options;
  }

  /** How many viewers are connected. */
  get connected(): number {
    return this.#viewers.size;
  }

  /** Takes an open WebSocket without extensions. Its errors are handled here. */
  accept(viewerSocket: ViewerSocket, channel: Channel): void {
    const { clock, limits = DEFAULT_VIEWER_LIMITS } = this.#options;
    if (viewerSocket.socket.extensions !== '')
      throw new Error('viewers are served without WebSocket extensions');
    const feed = this.#feed(channel);
    const viewer = new Viewer(viewerSocket, feed, clock, limits);
    this.#viewers.add(viewer);
    viewer.onClosed = () => {
      this.#viewers.delete(viewer);
      if (feed.members === 0 && this.#feeds.get(channel) === feed) this.#feeds.delete(channel);
    };
    viewer.pump();
    if (this.#closed) viewer.close(CLOSE.goingAway, 'going-away');
    else this.#timer ??= clock.after(TICK, this.#tick);
  }

  /** Lets every viewer go; idempotent. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const viewer of this.#viewers) viewer.close(CLOSE.goingAway, 'going-away');
  }

  #feed(channel: Channel): ChannelFeed {
    const { clock, mergeWindow = milliseconds(0), rewindable } = this.#options;
    const feed = this.#feeds.get(channel) ?? new ChannelFeed(channel, clock, mergeWindow, rewindable);
    this.#feeds.set(channel, feed);
    return feed;
  }

  readonly #tick = (): void => {
    const { clock } = this.#options;
    const now = clock.now();
    for (const viewer of this.#viewers) viewer.tick(now);
    this.#timer = this.#viewers.size > 0 ? clock.after(TICK, this.#tick) : undefined;
  };
}
