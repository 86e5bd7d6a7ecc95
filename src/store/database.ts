import type { Generated } from 'kysely';

/** Times are milliseconds since 1970, flags 0 or 1 and ids text: what SQLite and Postgres store alike. */
export interface ChannelTable {
  id: string;
  name: string;
  title: string;
  record: number;
  live: Generated<number>;
  /** Milliseconds; null for the server's own. */
  reconnect_grace: number | null;
  /** Milliseconds; null for none. */
  max_duration: number | null;
  created_at: number;
  /** What its recordings may take: bytes, and days since their end; null for as much as the server has. */
  keep_bytes: number | null;
  keep_days: number | null;
  keep_original: Generated<number>;
  /** Null for the server's own. */
  dvr: number | null;
  /** SHA-256 of the stream key, hex: what publishers are checked against. */
  key_hash: string;
  /** The stream key, sealed with a secret that is not in the database: what its owner is shown. */
  key_sealed: string;
}

/** One row for each broadcast. It outlives its channel, with the name that the channel had last. */
export interface BroadcastTable {
  id: string;
  channel_id: string | null;
  channel_name: string;
  title: string | null;
  /** What the names of its recordings begin with; made safe already. */
  name_prefix: string | null;
  started_at: number;
  ended_at: number | null;
  /** 1 where viewers may play it from its beginning. */
  replayable: number;
}

/** One row for each recording, from its first byte on. */
export interface RecordingTable {
  id: string;
  broadcast_id: string;
  state: 'recording' | 'complete' | 'damaged';
  started_at: number;
  /** Milliseconds. */
  duration: Generated<number>;
  /** Bytes. */
  size: Generated<number>;
  mime: string;
  /** Whether its file is progressive; see `FinalisationState`. */
  finalisation: Generated<'waiting' | 'done' | 'no-room' | 'failed'>;
  /** JSON of `RecordingGap[]`. */
  gaps: Generated<string>;
  /** Media type of its poster; null where there is none. */
  poster: string | null;
  /** JSON of `RecordingOriginal[]`, and the bytes that they come to. */
  originals: Generated<string>;
  original_bytes: Generated<number>;
  /** How often its file was made anew: other media under the same name. */
  generation: Generated<number>;
}

/** One row for each destination of a channel. */
export interface DestinationTable {
  id: string;
  channel_id: string;
  name: string;
  provider: string;
  url: string;
  /** The stream key, sealed with a secret that is not in the database; null for none. */
  key_sealed: string | null;
  playback_url: string | null;
  enabled: number;
  push_when: 'always' | 'on-demand';
  mode: 'copy' | 'transcode';
  /** Milliseconds; null for none. */
  max_duration: number | null;
  created_at: number;
}

/** The tables, by name. */
export interface Database {
  channels: ChannelTable;
  broadcasts: BroadcastTable;
  recordings: RecordingTable;
  destinations: DestinationTable;
}
