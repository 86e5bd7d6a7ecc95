import { createReadStream } from 'node:fs';
import type { Channel } from '../../channel/channel.ts';
import type { JournalFolder } from './journal-folder.ts';
import { PublishSession, type SessionHost } from './publish-session.ts';
import type { SessionArchive } from './session-archive.ts';
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
  const { journals, log } = options.host;
  const open = journals.records().filter(({ status }) => status === 'open');
  const broadcasts = new Set(open.sort((a, b) => a.openedAt - b.openedAt).map(({ broadcast }) => broadcast));
  for (const broadcast of broadcasts) {
    for (const record of await toRestore(journals, broadcast)) {
      const problem = await restore(record, options).catch((error: unknown) => error ?? 'unknown');
      if (problem === undefined) continue;
      log.error({ session: record.id, broadcast, err: problem }, 'a session cannot be gone on with');
      await close(journals, record);
    }
  }
}

/** The newest that was noted, which knows of all before it, and those that came after it. */
async function toRestore(journals: JournalFolder, broadcast: string): Promise<SessionRecord[]> {
  const open = journals.ofBroadcast(broadcast).filter(({ status }) => status === 'open');
  const newest = Math.max(
    0,
    open.findLastIndex(({ checkpoint }) => checkpoint !== null),
  );
  for (const record of open.slice(0, newest)) await close(journals, record);
  return open.slice(newest);
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
  const session = new PublishSession({ channel, record, size }, host);
  sessions.add(session);
  await session.replay(readJournal(host.journals.pathOf(id), size));
  return undefined;
}

async function* readJournal(path: string, size: number): AsyncGenerator<Buffer> {
  if (size > 0) yield* createReadStream(path, { highWaterMark: READ_SIZE, end: size - 1 });
}

function close(journals: JournalFolder, { id, resumable }: SessionRecord): Promise<void> {
  return journals.update(id, { status: resumable ? 'unfinished' : 'over' });
}
