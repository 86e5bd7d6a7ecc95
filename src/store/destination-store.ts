import type { Kysely, Selectable } from 'kysely';
import type { Database, DestinationTable } from './database.ts';

/** Where a channel's broadcasts are pushed to. */
export interface DestinationRecord {
  readonly id: string;
  readonly name: string;
  readonly provider: string;
  readonly url: string;
  /** The platform's stream key, sealed with a secret that is not in the database; null for none. */
  readonly sealedKey: string | null;
  /** Where it can be watched there. */
  readonly playbackUrl: string | null;
  readonly enabled: boolean;
  readonly when: 'always' | 'on-demand';
  readonly mode: 'copy' | 'transcode';
  /** Milliseconds that it may be live in one broadcast; null for as long as that is. */
  readonly maxDuration: number | null;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** What can be changed; what is left out stays. */
export type DestinationChange = {
  readonly [Name in keyof Omit<DestinationRecord, 'id' | 'createdAt'>]?: DestinationRecord[Name];
};

/** Destinations, by the name of their channel. They go with it. */
export class DestinationStore {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** Of a channel, in the order in which they were added. */
  async list(channel: string): Promise<DestinationRecord[]> {
    const rows = await this.#of(channel)
      .orderBy('destinations.created_at')
      .orderBy('destinations.id')
      .execute();
    return rows.map(fromRow);
  }

  /** Undefined when the channel has none of that id. */
  async find(channel: string, id: string): Promise<DestinationRecord | undefined> {
    const row = await this.#of(channel).where('destinations.id', '=', id).executeTakeFirst();
    return row && fromRow(row);
  }

  /** Whether there was such a channel. */
  async create(channel: string, destination: DestinationRecord): Promise<boolean> {
    const row = await this.#db
      .selectFrom('channels')
      .select('id')
      .where('name', '=', channel)
      .executeTakeFirst();
    if (!row) return false;
    await this.#db
      .insertInto('destinations')
      .values({ ...toRow(destination), channel_id: row.id })
      .execute();
    return true;
  }

  /** Undefined when the channel has none of that id. */
  async update(
    channel: string,
    id: string,
    change: DestinationChange,
  ): Promise<DestinationRecord | undefined> {
    const present = await this.find(channel, id);
    if (!present) return undefined;
    const next: DestinationRecord = { ...present, ...change };
    await this.#db.updateTable('destinations').set(toRow(next)).where('id', '=', id).execute();
    return next;
  }

  /** Whether there was one. */
  async delete(channel: string, id: string): Promise<boolean> {
    if (!(await this.find(channel, id))) return false;
    await this.#db.deleteFrom('destinations').where('id', '=', id).execute();
    return true;
  }

  #of(channel: string) {
    return this.#db
      .selectFrom('destinations')
      .innerJoin('channels', 'channels.id', 'destinations.channel_id')
      .selectAll('destinations')
      .where('channels.name', '=', channel);
  }
}

const fromRow = (row: Selectable<DestinationTable>): DestinationRecord => ({
  id: row.id,
  name: row.name,
  provider: row.provider,
  url: row.url,
  sealedKey: row.key_sealed,
  playbackUrl: row.playback_url,
  enabled: row.enabled === 1,
  when: row.push_when,
  mode: row.mode,
  maxDuration: row.max_duration,
  createdAt: Number(row.created_at),
});

const toRow = (destination: DestinationRecord): Omit<Selectable<DestinationTable>, 'channel_id'> => ({
  id: destination.id,
  name: destination.name,
  provider: destination.provider,
  url: destination.url,
  key_sealed: destination.sealedKey,
  playback_url: destination.playbackUrl,
  enabled: destination.enabled ? 1 : 0,
  push_when: destination.when,
  mode: destination.mode,
  max_duration: destination.maxDuration,
  created_at: destination.createdAt,
});
