import type { Broadcast, BroadcastInfo } from '../../channel/broadcast.ts';
import type { Hub } from '../../channel/hub.ts';
import type { ChannelEvent } from '../../wire/play.ts';
import type { Audience } from './viewer-counts.ts';

/** Takes what happens on a channel. */
type Take = (event: ChannelEvent) => void;

/** What is told of a channel that its hub does not know. */
export interface ChannelFacts {
  /** Who watches a channel. */
  audienceOf(channel: string): Audience;
  /** Whether viewers can go back to its beginning. */
  rewindable(broadcast: BroadcastInfo): boolean;
}

/** What happens on channels, for who follows them without watching: states of broadcasts, and how many watch. */
export class ChannelEvents {
  readonly #hub: Hub;
  readonly #facts: ChannelFacts;
  readonly #followers = new Map<string, Set<Take>>();
  /** Broadcasts that their followers know to be interrupted. */
  readonly #interrupted = new WeakSet<Broadcast>();

  constructor(hub: Hub, facts: ChannelFacts) {
    this.#hub = hub;
    this.#facts = facts;
    hub.broadcastStarted.add((broadcast) => this.#started(broadcast));
    hub.broadcastChanged.add((broadcast) => this.#changed(broadcast));
  }

  /** Tells how the channel is now, and then what changes, until what it answers is called. */
  follow(channel: string, take: Take): () => void {
    const followers = this.#followers.get(channel) ?? new Set();
    this.#followers.set(channel, followers);
    followers.add(take);
    for (const event of this.#now(channel)) take(event);
    return () => {
      followers.delete(take);
      if (followers.size === 0 && this.#followers.get(channel) === followers) this.#followers.delete(channel);
    };
  }

  /** Somebody came to watch, or went. */
  viewersChanged(channel: string): void {
    this.#tell(channel, this.#viewers(channel));
  }

  #now(channel: string): ChannelEvent[] {
    const live = this.#hub.find(channel);
    const broadcast = live?.watchable;
    const viewers = this.#viewers(channel);
    if (!live || !broadcast) return [{ type: 'offline' }, viewers];
    if (broadcast.state === 'interrupted')
      return [this.#live(broadcast), { type: 'interrupted', grace: live.grace }, viewers];
    return [this.#live(broadcast), viewers];
  }

  #started(broadcast: Broadcast): void {
    if (this.#isWatchable(broadcast)) this.#tell(broadcast.info.channel, this.#live(broadcast));
  }

  #changed(broadcast: Broadcast): void {
    const { channel } = broadcast.info;
    if (broadcast.state === 'ended') {
      this.#tell(channel, { type: 'ended' });
    } else if (this.#isWatchable(broadcast)) {
      if (broadcast.state === 'interrupted') {
        this.#interrupted.add(broadcast);
        this.#tell(channel, { type: 'interrupted', grace: this.#hub.find(channel)?.grace ?? 0 });
      } else if (this.#interrupted.delete(broadcast)) {
        this.#tell(channel, { type: 'resumed' });
      }
    }
  }

  #isWatchable(broadcast: Broadcast): boolean {
    return this.#hub.find(broadcast.info.channel)?.watchable?.info.id === broadcast.info.id;
  }

  #live({ info }: Broadcast): ChannelEvent {
    const { id: broadcast, startedAt, title } = info;
    return { type: 'live', broadcast, startedAt, title, dvr: this.#facts.rewindable(info) };
  }

  #viewers(channel: string): ChannelEvent {
    const { sessions, viewers: count, unique } = this.#facts.audienceOf(channel);
    return { type: 'viewers', count, sessions, unique };
  }

  #tell(channel: string, event: ChannelEvent): void {
    for (const take of this.#followers.get(channel) ?? []) take(event);
  }
}
