import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** 0001: channels, broadcasts, recordings. */
const firstTables: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('channels')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('name', 'text', (column) => column.notNull().unique())
      .addColumn('title', 'text', (column) => column.notNull())
      .addColumn('record', 'integer', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('key_hash', 'text', (column) => column.notNull())
      .addColumn('key_sealed', 'text', (column) => column.notNull())
      .execute();
    await db.schema
      .createTable('broadcasts')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('channel_id', 'text', (column) => column.references('channels.id').onDelete('set null'))
      .addColumn('channel_name', 'text', (column) => column.notNull())
      .addColumn('title', 'text')
      .addColumn('started_at', 'bigint', (column) => column.notNull())
      .addColumn('ended_at', 'bigint')
      .execute();
    await db.schema
      .createTable('recordings')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('broadcast_id', 'text', (column) => column.notNull().references('broadcasts.id'))
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('started_at', 'bigint', (column) => column.notNull())
      .addColumn('duration', 'bigint', (column) => column.notNull().defaultTo(0))
      .addColumn('size', 'bigint', (column) => column.notNull().defaultTo(0))
      .addColumn('mime', 'text', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('broadcasts_channel').on('broadcasts').column('channel_name').execute();
    await db.schema.createIndex('recordings_start').on('recordings').columns(['started_at', 'id']).execute();
    await db.schema.createIndex('recordings_broadcast').on('recordings').column('broadcast_id').execute();
  },
};

/** 0002: which recordings are finalised, and what a channel's may take. */
const finalisationAndQuotas: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .alterTable('recordings')
      .addColumn('finalisation', 'text', (column) => column.notNull().defaultTo('waiting'))
      .execute();
    await db.schema.alterTable('channels').addColumn('keep_bytes', 'bigint').execute();
    await db.schema.alterTable('channels').addColumn('keep_days', 'integer').execute();
  },
};

/** 0003: channels that only record, wait longer or end by themselves; recordings with a name of their own. */
const channelLifecycle: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .alterTable('channels')
      .addColumn('live', 'integer', (column) => column.notNull().defaultTo(1))
      .execute();
    await db.schema.alterTable('channels').addColumn('reconnect_grace', 'integer').execute();
    await db.schema.alterTable('channels').addColumn('max_duration', 'integer').execute();
    await db.schema.alterTable('broadcasts').addColumn('name_prefix', 'text').execute();
  },
};

/** 0004: what is missing of recordings, what was sent of them, their posters; channels that keep what was sent. */
const originalsPostersGaps: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .alterTable('recordings')
      .addColumn('gaps', 'text', (column) => column.notNull().defaultTo('[]'))
      .execute();
    await db.schema.alterTable('recordings').addColumn('poster', 'text').execute();
    await db.schema
      .alterTable('recordings')
      .addColumn('originals', 'text', (column) => column.notNull().defaultTo('[]'))
      .execute();
    await db.schema
      .alterTable('recordings')
      .addColumn('original_bytes', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute();
    await db.schema
      .alterTable('channels')
      .addColumn('keep_original', 'integer', (column) => column.notNull().defaultTo(0))
      .execute();
  },
};

/** 0005: broadcasts that viewers may go back in, and play again afterwards. */
const replays: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .alterTable('broadcasts')
      .addColumn('replayable', 'integer', (column) => column.notNull().defaultTo(0))
      .execute();
  },
};

/** 0006: where channels are pushed to. */
const destinations: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('destinations')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('channel_id', 'text', (column) =>
        column.notNull().references('channels.id').onDelete('cascade'),
      )
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('provider', 'text', (column) => column.notNull())
      .addColumn('url', 'text', (column) => column.notNull())
      .addColumn('key_sealed', 'text')
      .addColumn('playback_url', 'text')
      .addColumn('enabled', 'integer', (column) => column.notNull())
      .addColumn('push_when', 'text', (column) => column.notNull())
      .addColumn('mode', 'text', (column) => column.notNull())
      .addColumn('max_duration', 'bigint')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('destinations_channel').on('destinations').column('channel_id').execute();
  },
};

/** 0007: channels whose viewers may go back, or may not, whatever the server does by itself. */
const channelDvr: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable('channels').addColumn('dvr', 'integer').execute();
  },
};

/** 0008: recordings whose files were made anew: what was cached of them is of another one. */
const recordingGenerations: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .alterTable('recordings')
      .addColumn('generation', 'integer', (column) => column.notNull().defaultTo(0))
      .execute();
  },
};

/** Every migration, in order of name. One that was released is never edited: a change is a new one. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-first-tables': firstTables,
  '0002-finalisation-and-quotas': finalisationAndQuotas,
  '0003-channel-lifecycle': channelLifecycle,
  '0004-originals-posters-gaps': originalsPostersGaps,
  '0005-replays': replays,
  '0006-destinations': destinations,
  '0007-channel-dvr': channelDvr,
  '0008-recording-generations': recordingGenerations,
};
