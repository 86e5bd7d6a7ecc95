import SQLite from 'better-sqlite3';
import { Kysely, SqliteDialect, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { BroadcastStore } from './broadcast-store.ts';
import { ChannelStore } from './channel-store.ts';
import type { Database } from './database.ts';
import { DestinationStore } from './destination-store.ts';
import { MIGRATIONS } from './migrations.ts';
import { RecordingStore } from './recording-store.ts';
import { StoreError } from './store-error.ts';

/** How long another process may hold the file, in milliseconds: one that is just ending. */
const BUSY_TIMEOUT = 1000;

/** The database, open. Owned by who opened it. */
export interface Store {
  readonly channels: ChannelStore;
  readonly broadcasts: BroadcastStore;
  readonly recordings: RecordingStore;
  readonly destinations: DestinationStore;
  /** Answers when the database can be read; throws otherwise. */
  ping(): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Opens the SQLite file, makes it if it is missing, and brings its tables up to date. Throws StoreError. */
export async function openStore(file: string): Promise<Store> {
  const db = new Kysely<Database>({ dialect: new SqliteDialect({ database: openFile(file) }) });
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } });
  const { error } = await migrator.migrateToLatest();
  if (error) {
    await db.destroy();
    throw new StoreError(
      'database-unusable',
      `The database ${file} could not be brought up to date: ${String(error)}. Was it made by a newer Headwater?`,
      { cause: error },
    );
  }
  let closing: Promise<void> | undefined;
  return {
    channels: new ChannelStore(db),
    broadcasts: new BroadcastStore(db),
    recordings: new RecordingStore(db),
    destinations: new DestinationStore(db),
    ping: async () => {
      await sql`select 1`.execute(db);
    },
    close: () => {
      closing ??= db.destroy();
      return closing;
    },
  };
}

const inUse = (file: string, cause: unknown) =>
  new StoreError('database-in-use', `Another server uses ${file}. Stop it, or choose another data folder.`, {
    cause,
  });

function openFile(file: string): SQLite.Database {
  try {
    const database = new SQLite(file, { timeout: BUSY_TIMEOUT });
    // Two servers in one data folder would each end the other's broadcasts: the first one keeps it.
    database.pragma('locking_mode = EXCLUSIVE');
    // WAL lets the list of recordings be read while one is written; NORMAL keeps the file whole after a power cut.
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = NORMAL');
    database.pragma('foreign_keys = ON');
    database.exec('BEGIN IMMEDIATE; COMMIT');
    return database;
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'SQLITE_BUSY') throw inUse(file, cause);
    throw new StoreError('database-unusable', `The database ${file} could not be opened: ${String(cause)}`, {
      cause,
    });
  }
}
