import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import SQLite from 'better-sqlite3';
import { Kysely, SqliteAdapter, SqliteDialect, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { syncFolder } from '../disk/sync-folder.ts';
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
  /** What was written so far survives a power loss; else it does some time later. Rejects with the system's error. */
  sync(): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Each migration is done wholly or not at all, which SQLite can and Kysely does not expect of it. */
class Dialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
  }
}

class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** Opens the SQLite file, makes it if it is missing, and brings its tables up to date. Throws StoreError. */
export async function openStore(file: string): Promise<Store> {
  const db = new Kysely<Database>({ dialect: new Dialect({ database: openFile(file) }) });
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
  await syncFolder(dirname(file));
  let closing: Promise<void> | undefined;
  return {
    channels: new ChannelStore(db),
    broadcasts: new BroadcastStore(db),
    recordings: new RecordingStore(db),
    destinations: new DestinationStore(db),
    ping: async () => {
      await sql`select 1`.execute(db);
    },
    sync: () => syncLog(file),
    close: () => {
      closing ??= db.destroy();
      return closing;
    },
  };
}

/** What is committed is in SQLite's log, or else in the file itself and synced. A thread of Node's waits, not the event loop. */
async function syncLog(file: string): Promise<void> {
  const log = await open(`${file}-wal`, 'r');
  try {
    await log.datasync();
  } finally {
    await log.close();
  }
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
