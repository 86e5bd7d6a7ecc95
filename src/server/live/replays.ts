import type { Logger } from 'pino';
import type { BroadcastInfo } from '../../channel/broadcast.ts';
import type { Clock } from '../../channel/clock.ts';
import type { Hub } from '../../channel/hub.ts';
import type { Replay } from '../../egress/dvr/replay.ts';
import { DeliveryError } from '../../egress/http/delivery-error.ts';
import { type Milliseconds, milliseconds } from '../../media/time.ts';
import type { StoredBroadcast } from '../../store/broadcast-store.ts';
import type { Store } from '../../store/open-store.ts';
import type { RecordingRecord } from '../../store/recording-store.ts';
import { isChannelName } from '../../wire/channel-name.ts';
import { channelNotFound } from '../http/http-error.ts';

/** What replays are found in. */
export interface ReplaysOptions {
  readonly hub: Hub;
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly recordings: { fileOf(id: string): string; isOpen(id: string): boolean };
  /** Viewers may go back in what channels record that are not set otherwise. */
  readonly enabled: boolean;
  /** How long after its end viewers may still play a broadcast. */
  readonly replay: Milliseconds;
}

/** A replay, and whether anybody may have it; else it is the admin's. */
export interface FoundReplay {
  readonly replay: Replay;
  readonly channel: string;
  readonly open: boolean;
}

/** How long it may go unnoticed that a recording was deleted, or its channel closed. */
const REMEMBERED = milliseconds(1000);
const MOST_REMEMBERED = 1000;
/** A broadcast that began longer ago was not begun now: another process began it. */
const JUST_NOW = 1000;
const ID = /^[0-9a-zA-Z-]{1,64}$/;

/** Which broadcasts can be played from their beginning, and by whom. */
export class Replays {
  readonly #options: ReplaysOptions;
  readonly #remembered = new Map<string, { readonly until: number; readonly found: Promise<FoundReplay> }>();

  #isKept: (channel: string) => boolean = () => false;
  /** Of broadcasts that are on, by id: as it was when they began. */
  readonly #rewindable = new Map<string, boolean>();

  constructor(options: ReplaysOptions) {
    this.#options = options;
    options.hub.broadcastChanged.add(({ state, info }) => {
      if (state === 'ended') this.#rewindable.delete(info.id);
    });
  }

  /** Whether viewers can go back to the beginning of a broadcast that is on. */
  rewindable({ id, channel }: BroadcastInfo): boolean {
    const known = this.#rewindable.get(id);
    if (known !== undefined) return known;
    const live = this.#options.hub.find(channel);
    if (live?.watchable?.info.id !== id) return false;
    // Where readers are given a stand-in, what is recorded is nothing that players of segments have the codec of.
    const rewindable = live.watchable === live.broadcast && this.#isKept(channel);
    this.#rewindable.set(id, rewindable);
    return rewindable;
  }

  /**
   * Notes of each broadcast from now on whether viewers may play it: what was private when it was made stays so. `isKept`: whether
   * one of that channel that begins now is recorded, and viewers may go back in it.
   */
  start(isKept: (channel: string) => boolean): void {
    this.#isKept = isKept;
    const { hub, store, clock, logger } = this.#options;
    hub.broadcastStarted.add(({ info }) => {
      if (!this.rewindable(info) || clock.wall() - info.startedAt > JUST_NOW) return;
      store.broadcasts
        .start(info)
        .then(() => store.broadcasts.setReplayable(info.id))
        .catch((error: unknown) =>
          logger.error({ broadcast: info.id, err: error }, 'viewers cannot go back in a broadcast'),
        );
    });
  }

  /**
   * The broadcast of a channel that is on, or else the last one; undefined for one that is on and of which nothing is kept but the live
   * window. Throws HttpError `channel-not-found` and DeliveryError.
   */
  async ofChannel(name: string): Promise<FoundReplay | undefined> {
    const { hub, store } = this.#options;
    const stored = isChannelName(name) ? await store.channels.find(name) : undefined;
    if (!stored) throw channelNotFound(name);
    const on = hub.find(name)?.watchable?.info.id;
    const id = on ?? (await store.broadcasts.lastReplayable(stored.id))?.id;
    const found = id === undefined ? undefined : await this.find(id).catch(() => undefined);
    if (found?.open) return found;
    if (on) return undefined;
    throw new DeliveryError('not-live', `${name} is not live.`, { 'retry-after': '5' });
  }

  /** The replay of a broadcast or of one recording. Throws DeliveryError `media-not-found`. */
  async find(id: string): Promise<FoundReplay> {
    const { clock } = this.#options;
    const now = clock.now();
    const known = this.#remembered.get(id);
    if (known && known.until > now) return await known.found;
    const found = this.#find(id);
    this.#remembered.delete(id);
    this.#remembered.set(id, { until: now + REMEMBERED, found });
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > MOST_REMEMBERED && oldest !== undefined) this.#remembered.delete(oldest);
    return await found;
  }

  async #find(id: string): Promise<FoundReplay> {
    const { store } = this.#options;
    if (!ID.test(id)) throw notFound();
    const all = await store.recordings.ofBroadcast(id);
    const one = all.length === 0 ? await store.recordings.find(id) : undefined;
    const recordings = one ? [one] : all;
    const broadcast = await store.broadcasts.find(one?.broadcast ?? id);
    if (!broadcast || recordings.length === 0) throw notFound();
    const replay = this.#describe(id, broadcast, recordings);
    return { replay, channel: broadcast.channel, open: await this.#isOpen(broadcast) };
  }

  #describe(id: string, broadcast: StoredBroadcast, recordings: readonly RecordingRecord[]): Replay {
    const { recordings: files } = this.#options;
    const listed = recordings.map((recording) => ({
      id: recording.id,
      path: files.fileOf(recording.id),
      startedAt: milliseconds(recording.startedAt),
      growing: files.isOpen(recording.id),
      generation: recording.generation,
    }));
    const growing = listed.some((recording) => recording.growing);
    return {
      id,
      title: broadcast.title,
      startedAt: milliseconds(broadcast.startedAt),
      live: growing || (id === broadcast.id && this.#isOn(broadcast)),
      recordings: listed,
    };
  }

  async #isOpen(broadcast: StoredBroadcast): Promise<boolean> {
    const { enabled, replay, clock, store } = this.#options;
    if (!broadcast.replayable) return false;
    const channel = await store.channels.find(broadcast.channel);
    // A name may be used again when its channel was deleted: what that one showed is not the new one's.
    if (!channel?.live || channel.id !== broadcast.channelId || !(channel.dvr ?? enabled)) return false;
    return broadcast.endedAt === null || clock.wall() - broadcast.endedAt <= replay;
  }

  #isOn({ id, channel }: StoredBroadcast): boolean {
    return this.#options.hub.find(channel)?.broadcast?.info.id === id;
  }
}

const notFound = () => new DeliveryError('media-not-found', 'There is no such broadcast or recording.');
