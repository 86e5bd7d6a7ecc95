import type { Broadcast, BroadcastInfo } from '../../channel/broadcast.ts';
import type { Channel, ChannelSettings } from '../../channel/channel.ts';
import type { Hub } from '../../channel/hub.ts';
import { milliseconds } from '../../media/time.ts';
import type { Track } from '../../media/track.ts';
import type { ChannelRecord } from '../../store/channel-store.ts';
import type { BroadcastResource, ChannelResource } from '../../wire/api.ts';
import type { Audience } from './viewer-counts.ts';

/** What others know of a broadcast. */
export interface BroadcastFacts {
  /** Bits a second, as received from the channel's publisher over the last seconds. */
  bitrate(channel: string): number;
  /** The id of the broadcast's recording, where it is recorded. */
  recordingOf(broadcast: string): string | null;
  /** How that is doing. */
  recordingStateOf(broadcast: string): BroadcastResource['recordingState'];
  /** Who watches a channel. */
  audienceOf(channel: string): Audience;
  /** Whether viewers can go back to its beginning. */
  rewindable(broadcast: BroadcastInfo): boolean;
}

/** What channels are set to where they are set to nothing themselves. */
export interface ChannelDefaults {
  /** Milliseconds. */
  readonly reconnectGrace: number;
  readonly dvr: boolean;
}

/** The channels of the database that are in use, each with its live side in the hub. */
export class LiveChannels {
  readonly #hub: Hub;
  readonly #facts: BroadcastFacts;
  readonly #defaults: ChannelDefaults;
  readonly #records = new Map<string, ChannelRecord>();

  constructor(hub: Hub, defaults: ChannelDefaults, facts: BroadcastFacts) {
    this.#hub = hub;
    this.#defaults = defaults;
    this.#facts = facts;
  }

  /** The live side of a channel, for a publisher or a viewer. */
  open(record: ChannelRecord): Channel {
    this.#records.set(record.name, record);
    return this.#hub.open(record.name, this.#settingsOf(record));
  }

  /** The broadcast that is on, interrupted or not. */
  broadcastOf(name: string): Broadcast | undefined {
    return this.#hub.find(name)?.broadcast;
  }

  /** Whether broadcasts of that channel are to be recorded, as of its last change. */
  records(name: string): boolean {
    return this.#records.get(name)?.record ?? false;
  }

  /** Whether viewers may go back in what is recorded of that channel, as of its last change. */
  allowsDvr(name: string): boolean {
    return this.#records.get(name)?.dvr ?? this.#defaults.dvr;
  }

  /** Whether a publisher has it, present or waited for. */
  isHeld(name: string): boolean {
    return this.#hub.find(name)?.publication !== undefined;
  }

  /** A channel was changed in the database. One with a new name lets its viewers go. */
  changed(oldName: string, record: ChannelRecord): void {
    if (oldName !== record.name) this.removed(oldName);
    else if (this.#records.has(oldName)) {
      this.#records.set(oldName, record);
      this.#hub.find(oldName)?.configure(this.#settingsOf(record));
    }
  }

  /** A channel is no more: its broadcast ends, its viewers are let go. */
  removed(name: string): void {
    this.#records.delete(name);
    this.#hub.remove(name);
  }

  /** A channel as the API shows it. */
  describe(stored: ChannelRecord): ChannelResource {
    const { name, title, record, live, maxDuration, createdAt, keepBytes, keepDays, keepOriginal } = stored;
    const channel = this.#hub.find(name);
    const { sessions, unique, today, viewers } = this.#facts.audienceOf(name);
    return {
      name,
      title,
      record,
      keepBytes,
      keepDays,
      keepOriginal,
      live,
      dvr: stored.dvr ?? this.#defaults.dvr,
      reconnectGrace: this.#graceOf(stored),
      maxDuration,
      createdAt,
      state: channel?.state ?? 'offline',
      viewers: channel?.viewers ?? viewers,
      audience: { ...sessions, unique, today },
    };
  }

  /** The broadcast that is on, as the API shows it. */
  describeBroadcast(name: string): BroadcastResource | undefined {
    const channel = this.#hub.find(name);
    const broadcast = channel?.broadcast;
    if (!channel || !broadcast) return undefined;
    return {
      id: broadcast.info.id,
      channel: name,
      title: broadcast.info.title,
      state: channel.state,
      startedAt: broadcast.info.startedAt,
      elapsed: Math.round(broadcast.position),
      bitrate: Math.round(this.#facts.bitrate(name)),
      viewers: channel.viewers,
      tracks: (broadcast.epoch?.tracks ?? []).map(describeTrack),
      recording: this.#facts.recordingOf(broadcast.info.id),
      dvr: this.#facts.rewindable(broadcast.info),
      recordingState: this.#facts.recordingStateOf(broadcast.info.id),
    };
  }

  #graceOf({ reconnectGrace }: ChannelRecord): number {
    return reconnectGrace ?? this.#defaults.reconnectGrace;
  }

  #settingsOf(record: ChannelRecord): ChannelSettings {
    const { live, maxDuration } = record;
    return {
      live,
      reconnectGrace: milliseconds(this.#graceOf(record)),
      maxDuration: maxDuration === null ? undefined : milliseconds(maxDuration),
    };
  }
}

const describeTrack = (track: Track): BroadcastResource['tracks'][number] =>
  track.kind === 'video'
    ? { kind: 'video', codec: track.codecString, width: track.width, height: track.height }
    : { kind: 'audio', codec: track.codecString, sampleRate: track.sampleRate, channels: track.channels };
