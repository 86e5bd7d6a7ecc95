import type { Kysely, Selectable } from 'kysely';
import type { ChannelTable, Database } from './database.ts';
import { StoreError } from './store-error.ts';

/** A channel's settings, without its key. */
export interface ChannelRecord {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly record: boolean;
  /** Whether broadcasts can be watched while they are on. */
  readonly live: boolean;
  /** Milliseconds; null for the server's own. */
  readonly reconnectGrace: number | null;
  /** Milliseconds after which a broadcast is ended; null for never. */
  readonly maxDuration: number | null;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Bytes that its recordings may take; null for no bound of its own. */
  readonly keepBytes: number | null;
  /** Days that its recordings are kept after their end; null for no bound of its own. */
  readonly keepDays: number | null;
  /** What its publishers send is kept as it was sent, beside the recording. */
  readonly keepOriginal: boolean;
  /** Viewers may go back in what is recorded, and play it again; null for the server's own. */
  readonly dvr: boolean | null;
}

/** A stream key as it is stored: never in clear. */
export interface StoredKey {
  /** SHA-256, hex. */
  readonly hash: string;
  readonly sealed: string;
}

/** What can be changed of a channel; what is left out stays. */
export interface ChannelChange {
  readonly name?: string;
  readonly title?: string;
  readonly record?: boolean;
  readonly keepBytes?: number | null;
  readonly keepDays?: number | null;
  readonly keepOriginal?: boolean;
  readonly live?: boolean;
  readonly reconnectGrace?: number | null;
  readonly maxDuration?: number | null;
  readonly dvr?: boolean | null;
}

const fromRow = (row: Omit<Selectable<ChannelTable>, 'key_hash' | 'key_sealed'>): ChannelRecord => ({
  id: row.id,
  name: row.name,
  title: row.title,
  record: row.record === 1,
  live: row.live === 1,
  reconnectGrace: row.reconnect_grace,
  maxDuration: row.max_duration,
  createdAt: Number(row.created_at),
  keepBytes: row.keep_bytes === null ? null : Number(row.keep_bytes),
  keepDays: row.keep_days,
  keepOriginal: row.keep_original === 1,
  dvr: row.dvr === null ? null : row.dvr === 1,
});

const SHOWN = [
  'id',
  'name',
  'title',
  'record',
  'live',
  'reconnect_grace',
  'max_duration',
  'created_at',
  'keep_bytes',
  'keep_days',
  'keep_original',
  'dvr',
] as const;

/** Channels, found by name. */
export class ChannelStore {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** All of them, by name. */
  async list(): Promise<ChannelRecord[]> {
    const rows = await this.#db.selectFrom('channels').select(SHOWN).orderBy('name').execute();
    return rows.map(fromRow);
  }

  /** Undefined when there is none of that name. */
  async find(name: string): Promise<ChannelRecord | undefined> {
    const row = await this.#db
      .selectFrom('channels')
      .select(SHOWN)
      .where('name', '=', name)
      .executeTakeFirst();
    return row && fromRow(row);
  }

  /** Throws StoreError `channel-exists`. */
  async create(channel: ChannelRecord, key: StoredKey): Promise<void> {
    const values = {
      id: channel.id,
      name: channel.name,
      title: channel.title,
      record: channel.record ? 1 : 0,
      live: channel.live ? 1 : 0,
      reconnect_grace: channel.reconnectGrace,
      max_duration: channel.maxDuration,
      created_at: channel.createdAt,
      keep_bytes: channel.keepBytes,
      keep_days: channel.keepDays,
      keep_original: channel.keepOriginal ? 1 : 0,
      dvr: flagOrNull(channel.dvr),
      key_hash: key.hash,
      key_sealed: key.sealed,
    };
    const inserted = await this.#db
      .insertInto('channels')
      .values(values)
      .onConflict((conflict) => conflict.column('name').doNothing())
      .returning('id')
      .executeTakeFirst();
    if (!inserted) throw channelExists(channel.name);
  }

  /** Undefined when there is none of that name. A new name follows into its recordings. Throws StoreError `channel-exists`. */
  async update(name: string, change: ChannelChange): Promise<ChannelRecord | undefined> {
    return await this.#db.transaction().execute(async (db) => {
      const present = await db
        .selectFrom('channels')
        .select(SHOWN)
        .where('name', '=', name)
        .executeTakeFirst();
      if (!present) return undefined;
      const renamed = change.name !== undefined && change.name !== name ? change.name : undefined;
      if (
        renamed &&
        (await db.selectFrom('channels').select('id').where('name', '=', renamed).executeTakeFirst())
      ) {
        throw channelExists(renamed);
      }
      const next = {
        name: change.name ?? present.name,
        // A channel that was given no title is called by its name.
        title: change.title ?? (present.title === present.name ? (renamed ?? present.name) : present.title),
        record: change.record === undefined ? present.record : Number(change.record),
        keep_bytes: change.keepBytes === undefined ? present.keep_bytes : change.keepBytes,
        keep_days: change.keepDays === undefined ? present.keep_days : change.keepDays,
        keep_original:
          change.keepOriginal === undefined ? present.keep_original : Number(change.keepOriginal),
        live: change.live === undefined ? present.live : Number(change.live),
        reconnect_grace:
          change.reconnectGrace === undefined ? present.reconnect_grace : change.reconnectGrace,
        max_duration: change.maxDuration === undefined ? present.max_duration : change.maxDuration,
        dvr: change.dvr === undefined ? present.dvr : flagOrNull(change.dvr),
      };
      await db.updateTable('channels').set(next).where('id', '=', present.id).execute();
      if (renamed) {
        const owned = db.updateTable('broadcasts').where('channel_id', '=', present.id);
        await owned.set({ channel_name: renamed }).execute();
      }
      return fromRow({ ...present, ...next });
    });
  }

  /** Whether there was one. Its broadcasts and recordings stay. */
  async delete(name: string): Promise<boolean> {
    const deleted = await this.#db.deleteFrom('channels').where('name', '=', name).executeTakeFirst();
    return Number(deleted.numDeletedRows) > 0;
  }

  /** The stored key; undefined when there is no such channel. */
  async key(name: string): Promise<StoredKey | undefined> {
    const query = this.#db.selectFrom('channels').select(['key_hash', 'key_sealed']).where('name', '=', name);
    const row = await query.executeTakeFirst();
    return row && { hash: row.key_hash, sealed: row.key_sealed };
  }

  /** The name of the channel with that key's digest, SHA-256, hex; undefined when there is none. */
  async nameByKey(hash: string): Promise<string | undefined> {
    const query = this.#db.selectFrom('channels').select('name').where('key_hash', '=', hash);
    return (await query.executeTakeFirst())?.name;
  }

  /** Whether there was such a channel. */
  async setKey(name: string, key: StoredKey): Promise<boolean> {
    const query = this.#db.updateTable('channels').set({ key_hash: key.hash, key_sealed: key.sealed });
    const updated = await query.where('name', '=', name).executeTakeFirst();
    return Number(updated.numUpdatedRows) > 0;
  }
}

const flagOrNull = (flag: boolean | null) => (flag === null ? null : Number(flag));

const channelExists = (name: string) =>
  new StoreError('channel-exists', `There is a channel named ${name} already. Choose another name.`);
