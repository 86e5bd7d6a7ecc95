import type { Channel } from '../../channel/channel.ts';
import type { Clock } from '../../channel/clock.ts';
import type { JournalFolder } from './journal-folder.ts';
import type { SessionRecord } from './session-record.ts';

/** What opens a session. */
export interface SessionStart {
  /** A UUID, lower case: the journal's name. */
  readonly id: string;
  readonly channel: Channel;
  readonly title?: string | undefined;
  /** What the names of its recordings begin with; must be safe in a file's name. */
  readonly namePrefix?: string | undefined;
  readonly takeover?: boolean | undefined;
  /** What its publisher says that it will send. */
  readonly mimeType?: string | undefined;
  /** Its publisher speaks the protocol, and can come back. */
  readonly resumable: boolean;
}

/** What is known of a session that begins: the broadcast that it goes on with, or the one that it is to begin. */
export function newSessionRecord(start: SessionStart, clock: Clock, journals: JournalFolder): SessionRecord {
  const { id, channel, title = null, namePrefix = null, resumable } = start;
  const now = clock.wall();
  const info = channel.broadcast?.info;
  return {
    version: 1,
    id,
    channel: channel.name,
    status: 'open',
    resumable,
    // Sessions follow one another by it, whatever becomes of the wall clock.
    openedAt: Math.max(now, journals.lastOpenedAt(channel.name) + 1),
    closedAt: null,
    title,
    namePrefix,
    broadcast: info?.id ?? channel.newBroadcastId(),
    begins: info === undefined,
    broadcastStartedAt: info?.startedAt ?? now,
    captureDistance: null,
    length: null,
    recording: null,
    remake: false,
    checkpoint: null,
  };
}
