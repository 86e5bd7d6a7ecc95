import { createReadStream } from 'node:fs';
import type { Channel } from '../../channel/channel.ts';
import { PublishSession } from './publish-session.ts';
import type { SessionArchive } from './session-archive.ts';
import type { SessionHost } from './session-host.ts';
import type { SessionRecord } from './session-record.ts';
import type { SessionRegistry } from './session-registry.ts';

/** What sessions are restored with. */
export interface RestoreOptions {
  readonly host: SessionHost;
  readonly sessions: SessionRegistry;
  readonly archive: SessionArchive;
  /** The live side of a channel that may be published to; undefined where there is none any more. */
  channelOf(name: string): Promise<Channel | undefined>;
}

const READ_SIZE = 1024 * 1024;

/**
 * Goes on with the sessions that another process had when it stopped or was killed: their broadcasts wait for their
 * publishers, for the grace of their channels. What cannot be gone on with is over.
 */
export async function restoreSessions(options: RestoreOptions): Promise<void> {
  const { log } = options.host;
  for (const [broadcast, sessions] of await newestBroadcasts(options)) {
    for (const record of await toRestore(sessions, options)) {
      const problem = await restore(record, options).catch((error: unknown) => error ?? 'unknown');
      if (problem === undefined) continue;
      log.error({ session: record.id, broadcast, err: problem }, 'a session cannot be gone on with');
      await close(record, options);
    }
  }
}

/**
 * The sessions to go on with, by their broadcasts: one of each channel. An older one was over, and that could not be
 * noted: its recording is made sure of from its journals.
 */
async function newestBroadcasts(options: RestoreOptions): Promise<Map<string, SessionRecord[]>> {
  const open = options.host.journals.records().filter(({ status }) => status === 'open');
  const byChannel = new Map<string, SessionRecord[]>();
  for (const record of open.sort((a, b) => a.openedAt - b.openedAt)) {
    const others = byChannel.get(record.channel) ?? [];
    const older = others.filter(({ broadcast }) => broadcast !== record.broadcast);
    for (const other of older) await close(other, options, { remake: true });
    byChannel.set(record.channel, [...others.filter((other) => !older.includes(other)), record]);
  }
  return new Map([...byChannel.values()].map((sessions) => [sessions[0]?.broadcast ?? '', sessions]));
}

/** The newest that was noted, which knows of all before it, and those that came after it. */
async function toRestore(
  sessions: readonly SessionRecord[],
  options: RestoreOptions,
): Promise<readonly SessionRecord[]> {
  const newest = sessions.findLastIndex(({ checkpoint }) => checkpoint !== null);
  for (const record of sessions.slice(0, Math.max(0, newest))) await close(record, options);
  return sessions.slice(Math.max(0, newest));
}

async function restore(record: SessionRecord, options: RestoreOptions): Promise<unknown> {
  const { host, sessions, archive } = options;
  const { id, broadcast, checkpoint } = record;
  const channel = await options.channelOf(record.channel);
  if (!channel) return 'its channel is gone';
  const size = host.journals.sizeOf(id);
  if (checkpoint && size < checkpoint.offset) return 'its journal is shorter than what was made of it';
  if (channel.broadcast?.info.id !== broadcast) {
    if (!checkpoint && !record.begins) return 'the broadcast that it fed is gone';
    const how = checkpoint ? 'go-on' : 'begin';
    await archive.expect({ id: broadcast, how, recording: checkpoint?.recording ?? null });
  }
  sessions.flush(channel, true);
  const session = new PublishSession({ channel, record, size }, host);
  sessions.add(session);
  await session.replay(readJournal(host.journals.pathOf(id), size));
  return undefined;
}

async function* readJournal(path: string, size: number): AsyncGenerator<Buffer> {
  if (size > 0) yield* createReadStream(path, { highWaterMark: READ_SIZE, end: size - 1 });
}

function close(
  { id, resumable }: SessionRecord,
  { host }: RestoreOptions,
  changes: Partial<SessionRecord> = {},
): Promise<void> {
  const status = resumable ? 'unfinished' : 'over';
  return host.journals.update(id, { status, closedAt: host.clock.wall(), ...changes });
}
