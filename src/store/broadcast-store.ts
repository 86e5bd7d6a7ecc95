import type { Kysely, Selectable } from 'kysely';
import type { BroadcastTable, Database } from './database.ts';

/** What is kept of a broadcast. */
export interface BroadcastRecord {
  readonly id: string;
  /** The channel's name at this time. */
  readonly channel: string;
  readonly title: string | null;
  /** What the names of its recordings begin with; must be safe in a file's name. */
  readonly namePrefix?: string | null;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** A broadcast as it is found again. */
export interface StoredBroadcast extends Omit<BroadcastRecord, 'namePrefix'> {
  /** Null when its channel was deleted: another one of that name is not its own. */
  readonly channelId: string | null;
  /** Milliseconds since 1970; null while it is on. */
  readonly endedAt: number | null;
  /** Viewers may play it from its beginning. */
  readonly replayable: boolean;
}

/** Broadcasts, past and present. */
export class BroadcastStore {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** A broadcast went live. One that is known already stays as it is. */
  async start(broadcast: BroadcastRecord): Promise<void> {
    const channel = this.#db.selectFrom('channels').select('id').where('name', '=', broadcast.channel);
    const row = await channel.executeTakeFirst();
    await this.#db
      .insertInto('broadcasts')
      .values({
        id: broadcast.id,
        channel_id: row?.id ?? null,
        channel_name: broadcast.channel,
        title: broadcast.title,
        name_prefix: broadcast.namePrefix ?? null,
        started_at: broadcast.startedAt,
        ended_at: null,
        replayable: 0,
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
  }

  /** A broadcast ended, at that wall-clock time. */
  async end(id: string, endedAt: number): Promise<void> {
    await this.#db.updateTable('broadcasts').set({ ended_at: endedAt }).where('id', '=', id).execute();
  }

  /** One that another process began goes on in this one. */
  async resume(id: string): Promise<void> {
    await this.#db.updateTable('broadcasts').set({ ended_at: null }).where('id', '=', id).execute();
  }

  /** Viewers may play it from its beginning, from now on. */
  async setReplayable(id: string): Promise<void> {
    await this.#db.updateTable('broadcasts').set({ replayable: 1 }).where('id', '=', id).execute();
  }

  /** Undefined when there is none. */
  async find(id: string): Promise<StoredBroadcast | undefined> {
    const row = await this.#db.selectFrom('broadcasts').selectAll().where('id', '=', id).executeTakeFirst();
    return row && fromRow(row);
  }

  /** The newest of the channel with that id that viewers may play from its beginning. */
  async lastReplayable(channelId: string): Promise<StoredBroadcast | undefined> {
    const row = await this.#db
      .selectFrom('broadcasts')
      .selectAll()
      .where('channel_id', '=', channelId)
      .where('replayable', '=', 1)
      .orderBy('started_at', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row && fromRow(row);
  }

  /** Ends what a process that died left open, but for these; answers how many. */
  async endAllOpen(endedAt: number, except: readonly string[] = []): Promise<number> {
    let query = this.#db.updateTable('broadcasts').set({ ended_at: endedAt }).where('ended_at', 'is', null);
    if (except.length > 0) query = query.where('id', 'not in', except);
    return Number((await query.executeTakeFirst()).numUpdatedRows);
  }
}

const fromRow = (row: Selectable<BroadcastTable>): StoredBroadcast => ({
  id: row.id,
  channel: row.channel_name,
  channelId: row.channel_id,
  title: row.title,
  startedAt: Number(row.started_at),
  endedAt: row.ended_at === null ? null : Number(row.ended_at),
  replayable: row.replayable === 1,
});
