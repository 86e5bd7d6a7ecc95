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
  readonly finalisation: FinalisationState;
  readonly gaps: readonly RecordingGap[];
  /** Media type of its poster; null where there is none. */
  readonly poster: string | null;
  readonly originals: readonly RecordingOriginal[];
  /** Bytes of all originals: they count in quotas, beside `size`. */
  readonly originalBytes: number;
  /** How often its file was made anew, with other media. */
  readonly generation: number;
}

/** Something that is missing of a recording. */
interface RecordingGap {
  /** Milliseconds on the recording's timeline, which goes on without a hole. */
  readonly at: number;
  /** Milliseconds of wall-clock time that are missing; null when nobody knows. */
  readonly duration: number | null;
}

/** What one publisher session sent, as it was sent: a file in the recording's folder. */
export interface RecordingOriginal {
  /** Its name, without a folder. */
  readonly file: string;
  /** Bytes. */
  readonly size: number;
  readonly mime: string;
}

/**
 * Whether a recording's file is progressive: it will be made so, it is, there is no room on the disk for it, or it
 * cannot be. In every state but `done` the file is fragmented, and plays.
 */
export type FinalisationState = 'waiting' | 'done' | 'no-room' | 'failed';

/** What all recordings come to, as last stored. */
export interface RecordingTotals {
  readonly count: number;
  readonly bytes: number;
  /** Milliseconds. */
  readonly duration: number;
}

/** What changes while a recording grows and when it ends. */
export interface RecordingProgress {
  readonly state: RecordingTable['state'];
  readonly duration: number;
  readonly size: number;
  /** All that are known; those that are stored stay where it is left out. */
  readonly gaps?: readonly RecordingGap[];
}

/** What to list: the newest first. */
export interface RecordingQuery {
  readonly channel?: string;
  readonly limit: number;
  /** Continue after this one. */
  readonly after?: { readonly startedAt: number; readonly id: string };
}

/** Which finished recordings to list. */
export interface FinishedQuery {
  readonly channel?: string;
  /** Milliseconds since 1970. */
  readonly startedBefore?: number;
  readonly limit: number;
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
  async progress(id: string, { gaps, ...progress }: RecordingProgress): Promise<void> {
    await this.#db
      .updateTable('recordings')
      .set({ ...progress, ...(gaps && { gaps: JSON.stringify(gaps) }) })
      .where('id', '=', id)
      .execute();
  }

  /** What its publisher sent lies beside it now. Whether there is such a recording. */
  async addOriginal(id: string, original: RecordingOriginal): Promise<boolean> {
    return await this.#db.transaction().execute(async (db) => {
      const row = await db
        .selectFrom('recordings')
        .select(['originals', 'original_bytes'])
        .where('id', '=', id)
        .executeTakeFirst();
      if (!row) return false;
      const set = {
        originals: JSON.stringify([...(JSON.parse(row.originals) as RecordingOriginal[]), original]),
        original_bytes: Number(row.original_bytes) + original.size,
      };
      await db.updateTable('recordings').set(set).where('id', '=', id).execute();
      return true;
    });
  }

  /** It has a poster of that media type. Whether there is such a recording. */
  async setPoster(id: string, mime: string): Promise<boolean> {
    const query = this.#db.updateTable('recordings').set({ poster: mime }).where('id', '=', id);
    return Number((await query.executeTakeFirst()).numUpdatedRows) > 0;
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

  /** Those of a broadcast, in the order in which they were begun. */
  async ofBroadcast(broadcast: string): Promise<RecordingRecord[]> {
    const select = this.#select().where('recordings.broadcast_id', '=', broadcast);
    return (await select.orderBy('recordings.started_at').orderBy('recordings.id').execute()).map(fromRow);
  }

  /** Its file was made anew: it is another generation, and waits to be finalised. */
  async remade(id: string, progress: RecordingProgress): Promise<void> {
    await this.progress(id, progress);
    await this.#db
      .updateTable('recordings')
      .set((is) => ({ finalisation: 'waiting', generation: is('generation', '+', 1) }))
      .where('id', '=', id)
      .execute();
  }

  /** Those that a process which died left open. */
  async open(): Promise<RecordingRecord[]> {
    return (await this.#select().where('recordings.state', '=', 'recording').execute()).map(fromRow);
  }

  /** One that was over goes on. */
  async reopen(id: string): Promise<void> {
    const set = { state: 'recording' as const, finalisation: 'waiting' as const };
    await this.#db.updateTable('recordings').set(set).where('id', '=', id).execute();
  }

  /** The oldest that is over and waits to be finalised, but for these and those of these broadcasts. */
  async nextToFinalise(
    except: readonly string[],
    broadcasts: readonly string[],
  ): Promise<RecordingRecord | undefined> {
    let select = this.#select()
      .where('recordings.state', '!=', 'recording')
      .where('recordings.finalisation', '=', 'waiting');
    if (except.length > 0) select = select.where('recordings.id', 'not in', except);
    if (broadcasts.length > 0) select = select.where('recordings.broadcast_id', 'not in', broadcasts);
    return (await select.orderBy('recordings.started_at').limit(1).execute()).map(fromRow)[0];
  }

  /** Its file is progressive now, of that length. */
  async finalised(id: string, extent: { readonly size: number; readonly duration: number }): Promise<void> {
    const set = { finalisation: 'done' as const, size: extent.size, duration: extent.duration };
    await this.#db.updateTable('recordings').set(set).where('id', '=', id).execute();
  }

  /** Why its file stays fragmented. */
  async notFinalised(id: string, finalisation: 'no-room' | 'failed'): Promise<void> {
    await this.#db.updateTable('recordings').set({ finalisation }).where('id', '=', id).execute();
  }

  /** Those that could not be finalised, for one of these reasons, wait for it again. */
  async retryFinalising(reasons: readonly ('no-room' | 'failed')[]): Promise<void> {
    const query = this.#db.updateTable('recordings').set({ finalisation: 'waiting' });
    await query.where('finalisation', 'in', reasons).execute();
  }

  /** Those that are over, the oldest first: of one channel, or all; only ones that began before a time, or all. */
  async finished(query: FinishedQuery): Promise<RecordingRecord[]> {
    let select = this.#select().where('recordings.state', '!=', 'recording');
    if (query.channel !== undefined) select = select.where('broadcasts.channel_name', '=', query.channel);
    if (query.startedBefore !== undefined)
      select = select.where('recordings.started_at', '<', query.startedBefore);
    const ordered = select.orderBy('recordings.started_at').orderBy('recordings.id');
    return (await ordered.limit(query.limit).execute()).map(fromRow);
  }

  /** Whether there was one. */
  async delete(id: string): Promise<boolean> {
    const deleted = await this.#db.deleteFrom('recordings').where('id', '=', id).executeTakeFirst();
    return Number(deleted.numDeletedRows) > 0;
  }

  /** What all of them come to, with their originals, those that are being made too: of one channel, or all. */
  async totals(channel?: string): Promise<RecordingTotals> {
    let select = this.#db
      .selectFrom('recordings')
      .innerJoin('broadcasts', 'broadcasts.id', 'recordings.broadcast_id')
      .select((is) => [
        is.fn.countAll<number>().as('count'),
        is.fn.coalesce(is.fn.sum<number>('recordings.size'), is.lit(0)).as('bytes'),
        is.fn.coalesce(is.fn.sum<number>('recordings.original_bytes'), is.lit(0)).as('original_bytes'),
        is.fn.coalesce(is.fn.sum<number>('recordings.duration'), is.lit(0)).as('duration'),
      ]);
    if (channel !== undefined) select = select.where('broadcasts.channel_name', '=', channel);
    const row = await select.executeTakeFirst();
    return {
      count: Number(row?.count ?? 0),
      bytes: Number(row?.bytes ?? 0) + Number(row?.original_bytes ?? 0),
      duration: Number(row?.duration ?? 0),
    };
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
        'recordings.finalisation',
        'recordings.gaps',
        'recordings.poster',
        'recordings.originals',
        'recordings.original_bytes',
        'recordings.generation',
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
  finalisation: FinalisationState;
  gaps: string;
  poster: string | null;
  originals: string;
  original_bytes: number;
  generation: number;
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
  finalisation: row.finalisation,
  // Written by this class alone.
  gaps: JSON.parse(row.gaps) as RecordingGap[],
  poster: row.poster,
  originals: JSON.parse(row.originals) as RecordingOriginal[],
  originalBytes: Number(row.original_bytes),
  generation: Number(row.generation),
});
