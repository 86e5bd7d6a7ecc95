import type { Kysely } from 'kysely';
import type { Database, RecordingTable } from './database.ts';

/** A recording as it is listed. */
export interface RecordingRecord {
  readonly id: string;
  readonly broadcast: string;
  readonly channel: string;
  readonly title: string | null;
  /** What its name begins with where it is saved; safe in a file's name. Null for the channel's. */
  readonly namePrefix: string | null;
  readonly state: RecordingTable['state'];
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Milliseconds. */
  readonly duration: number;
  /** Bytes. */
  readonly size: number;
  readonly mime: string;
}

/** What changes while a recording grows and when it ends. */
export interface RecordingProgress {
  readonly state: RecordingTable['state'];
  readonly duration: number;
  readonly size: number;
}

/** What to list: the newest first. */
export interface RecordingQuery {
  readonly channel?: string;
  readonly limit: number;
  /** Continue after this one. */
  readonly after?: { readonly startedAt: number; readonly id: string };
}

/** Recordings, past and present. */
export class RecordingStore {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** A recording began; its broadcast must be stored. One that is known already stays as it is. */
  async start(recording: { id: string; broadcast: string; startedAt: number; mime: string }): Promise<void> {
    const { id, broadcast, startedAt, mime } = recording;
    await this.#db
      .insertInto('recordings')
      .values({ id, broadcast_id: broadcast, state: 'recording', started_at: startedAt, mime })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
  }

  /** How it stands now. */
  async progress(id: string, progress: RecordingProgress): Promise<void> {
    await this.#db
      .updateTable('recordings')
      .set({ ...progress })
      .where('id', '=', id)
      .execute();
  }

  /** Undefined when there is none. */
  async find(id: string): Promise<RecordingRecord | undefined> {
    return (await this.#select().where('recordings.id', '=', id).execute()).map(fromRow)[0];
  }

  /** The newest first. */
  async list(query: RecordingQuery): Promise<RecordingRecord[]> {
    let select = this.#select();
    if (query.channel !== undefined) select = select.where('broadcasts.channel_name', '=', query.channel);
    const after = query.after;
    if (after) {
      select = select.where((is) =>
        is.or([
          is('recordings.started_at', '<', after.startedAt),
          is.and([is('recordings.started_at', '=', after.startedAt), is('recordings.id', '<', after.id)]),
        ]),
      );
    }
    const ordered = select.orderBy('recordings.started_at', 'desc').orderBy('recordings.id', 'desc');
    return (await ordered.limit(query.limit).execute()).map(fromRow);
  }

  /** Those that a process which died left open. */
  async open(): Promise<RecordingRecord[]> {
    return (await this.#select().where('recordings.state', '=', 'recording').execute()).map(fromRow);
  }

  /** Whether there was one. */
  async delete(id: string): Promise<boolean> {
    const deleted = await this.#db.deleteFrom('recordings').where('id', '=', id).executeTakeFirst();
    return Number(deleted.numDeletedRows) > 0;
  }

  /** Bytes of all of them, as last stored. */
  async totalBytes(): Promise<number> {
    const row = await this.#db
      .selectFrom('recordings')
      .select((is) => is.fn.coalesce(is.fn.sum<number>('size'), is.lit(0)).as('bytes'))
      .executeTakeFirst();
    return Number(row?.bytes ?? 0);
  }

  #select() {
    return this.#db
      .selectFrom('recordings')
      .innerJoin('broadcasts', 'broadcasts.id', 'recordings.broadcast_id')
      .select([
        'recordings.id',
        'recordings.broadcast_id',
        'broadcasts.channel_name',
        'broadcasts.title',
        'broadcasts.name_prefix',
        'recordings.state',
        'recordings.started_at',
        'recordings.duration',
        'recordings.size',
        'recordings.mime',
      ]);
  }
}

interface Row {
  id: string;
  broadcast_id: string;
  channel_name: string;
  title: string | null;
  name_prefix: string | null;
  state: RecordingTable['state'];
  started_at: number;
  duration: number;
  size: number;
  mime: string;
}

const fromRow = (row: Row): RecordingRecord => ({
  id: row.id,
  broadcast: row.broadcast_id,
  channel: row.channel_name,
  title: row.title,
  namePrefix: row.name_prefix,
  state: row.state,
  startedAt: Number(row.started_at),
  duration: Number(row.duration),
  size: Number(row.size),
  mime: row.mime,
});
