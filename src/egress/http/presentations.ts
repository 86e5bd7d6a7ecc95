import type { Broadcast } from '../../channel/broadcast.ts';
import type { Channel } from '../../channel/channel.ts';
import type { Clock, Timer } from '../../channel/clock.ts';
import { milliseconds } from '../../media/time.ts';
import type { SegmentLimits } from '../../package/segment.ts';
import type { AacRenditions } from './aac-on-demand.ts';
import { DeliveryError } from './delivery-error.ts';
import type { Presentation } from './presentation.ts';
import { PresentationFeed } from './presentation-feed.ts';
import { WaitingPlaces } from './waiting-list.ts';

/** How broadcasts are presented to players of segments. */
export interface PresentationsOptions {
  readonly clock: Clock;
  readonly limits: SegmentLimits;
  newPresentationId(): string;
  /** How many requests may wait for what is not there yet; 10,000 by default. */
  readonly mostWaiting?: number;
  /** Makes sound into AAC; nobody does by default. */
  readonly renditions?: AacRenditions;
  /** AAC is made of every broadcast: who asks for something else is told of it, too. Not by default. */
  readonly alwaysAac?: boolean;
}

const MOST_WAITING = 10_000;
/** How long what has ended can still be had: players may be a minute behind. */
const KEPT_AFTER_END = milliseconds(60_000);

/**
 * Every broadcast that a player of segments has asked for, until a minute after its end. Cutting begins with the first
 * request, from what the group buffer holds: a broadcast that nobody watches so costs nothing.
 */
export class Presentations {
  readonly limits: SegmentLimits;
  readonly #options: PresentationsOptions;
  readonly #places: WaitingPlaces;
  readonly #feeds = new Map<Broadcast, PresentationFeed>();
  readonly #ended = new Map<string, Presentation>();
  readonly #byId = new Map<string, Presentation>();
  readonly #timers = new Set<Timer>();
  #closed = false;

  constructor(options: PresentationsOptions) {
    this.#options = options;
    this.limits = options.limits;
    this.#places = new WaitingPlaces(options.mostWaiting ?? MOST_WAITING);
  }

  /** AAC is made of every broadcast. */
  get alwaysAac(): boolean {
    return this.#options.alwaysAac === true;
  }

  /** Bytes of all segments that are held. */
  get heldBytes(): number {
    let sum = 0;
    for (const { segmenter, aac } of this.#byId.values())
      sum += segmenter.heldBytes + (aac?.track?.heldBytes ?? 0);
    return sum;
  }

  /** How many requests wait. */
  get waiting(): number {
    return this.#places.taken;
  }

  /**
   * What to play on a channel, which may be in use or not: its broadcast, or the one that has just ended. Throws DeliveryError `not-live` where there
   * is none, or nothing of it is ready.
   */
  current(name: string, channel: Channel | undefined): Presentation {
    const broadcast = channel?.watchable ?? this.#ending(name);
    const presentation = broadcast ? this.#feed(broadcast).presentation : this.#ended.get(name);
    if (presentation?.playable) return presentation;
    const message = broadcast ? `${name} has just gone live. Try again in a moment.` : `${name} is not live.`;
    throw new DeliveryError('not-live', message, { 'retry-after': broadcast ? '1' : '5' });
  }

  /** The presentation of that id on that channel. Throws DeliveryError `media-not-found`. */
  find(channel: string, id: string): Presentation {
    const presentation = this.#byId.get(id);
    if (presentation?.broadcast.channel === channel) return presentation;
    throw new DeliveryError('media-not-found', 'This broadcast is over, or never was.');
  }

  /** The channel of that name is no more: another one may be called so, which is not to show what this one did. */
  forget(channel: string): void {
    for (const [{ info }, feed] of this.#feeds) if (info.channel === channel) feed.end();
    for (const presentation of [...this.#byId.values()]) {
      if (presentation.broadcast.channel !== channel) continue;
      this.#byId.delete(presentation.id);
      presentation.close();
    }
    this.#ended.delete(channel);
  }

  /** Forgets everything; idempotent. The hub ends the broadcasts. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    for (const feed of this.#feeds.values()) feed.end();
    for (const presentation of this.#byId.values()) presentation.close();
    this.#feeds.clear();
    this.#ended.clear();
    this.#byId.clear();
  }

  /** What stands in for a broadcast that is over ends a moment after it. */
  #ending(channel: string): Broadcast | undefined {
    return [...this.#feeds.keys()].find(({ info, state }) => info.channel === channel && state !== 'ended');
  }

  #feed(broadcast: Broadcast): PresentationFeed {
    const found = this.#feeds.get(broadcast);
    if (found) return found;
    const { clock, limits, newPresentationId, renditions } = this.#options;
    const feed = new PresentationFeed(broadcast, {
      clock,
      limits,
      places: this.#places,
      aac: renditions && { renditions, broadcast },
      newPresentationId,
      onBegun: (presentation) => this.#byId.set(presentation.id, presentation),
      onEnded: (presentation) => this.#onEnded(presentation),
    });
    this.#feeds.set(broadcast, feed);
    void broadcast.closed.then(() => this.#feeds.delete(broadcast));
    return feed;
  }

  #onEnded(presentation: Presentation): void {
    if (this.#closed) return;
    const { channel } = presentation.broadcast;
    this.#ended.set(channel, presentation);
    const timer = this.#options.clock.after(KEPT_AFTER_END, () => {
      this.#timers.delete(timer);
      this.#byId.delete(presentation.id);
      presentation.close();
      if (this.#ended.get(channel) === presentation) this.#ended.delete(channel);
    });
    this.#timers.add(timer);
  }
}
