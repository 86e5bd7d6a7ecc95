import type { Broadcast } from '../../channel/broadcast.ts';
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
}

/** The channels of the database that are in use, each with its live side in the hub. */
export class LiveChannels {
  readonly #hub: Hub;
  readonly #facts: BroadcastFacts;
  readonly #settings: { readonly reconnectGrace: number };
  readonly #records = new Map<string, ChannelRecord>();

  constructor(hub: Hub, settings: { readonly reconnectGrace: number }, facts: BroadcastFacts) {
    this.#hub = hub;
    this.#settings = settings;
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
    return {
      name,
      title,
      record,
      keepBytes,
      keepDays,
      keepOriginal,
      live,
      reconnectGrace: this.#graceOf(stored),
      maxDuration,
      createdAt,
      state: channel?.state ?? 'offline',
      viewers: channel?.viewers ?? 0,
      audience: this.#audienceOf(name),
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
      recordingState: this.#facts.recordingStateOf(broadcast.info.id),
    };
  }

  #audienceOf(name: string): ChannelResource['audience'] {
    const { sessions, unique, today } = this.#facts.audienceOf(name);
    return { ...sessions, unique, today };
  }

  #graceOf({ reconnectGrace }: ChannelRecord): number {
    return reconnectGrace ?? this.#settings.reconnectGrace;
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
