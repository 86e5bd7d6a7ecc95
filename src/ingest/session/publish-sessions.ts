import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { Channel } from '../../channel/channel.ts';
import type { Clock, Timer } from '../../channel/clock.ts';
import type { Log } from '../../channel/log.ts';
import type { SyncBatch } from '../../disk/sync-batch.ts';
import { milliseconds } from '../../media/time.ts';
import { announcedCodecs } from './announced-codecs.ts';
import { JournalFolder } from './journal-folder.ts';
import { JournalKeeper } from './journal-keeper.ts';
import type { KeptJournals } from './kept-journals.ts';
import { PublishError } from './publish-error.ts';
import type { PublishLimits } from './publish-limits.ts';
import { PublishSession } from './publish-session.ts';
import type { PublisherSession } from './publisher-session.ts';
import { restoreSessions } from './restore-sessions.ts';
import type { SessionArchive } from './session-archive.ts';
import type { SessionHost } from './session-host.ts';
import { SessionRegistry } from './session-registry.ts';
import type { SessionStart } from './session-start.ts';

/** What sessions are kept with. */
export interface PublishSessionsOptions extends Omit<SessionHost, 'journals' | 'tidy'> {
  /** Where journals are kept. */
  readonly journalFolder: string;
  /** Makes journals survive a power loss before they are acknowledged; without it they survive the end of the process. */
  readonly sync?: SyncBatch | undefined;
  readonly archive: SessionArchive;
  /** So long an unfinished session's publisher may bring the rest, in milliseconds; default 7 days. */
  readonly keepUnfinished?: number | undefined;
}

const KEEP_UNFINISHED = 7 * 24 * 60 * 60_000;
const SWEEP_INTERVAL = milliseconds(60 * 60_000);

/** The sessions of all publishers, whatever protocol brings them: those that are on, and what is on disk of others. */
export class PublishSessions {
  readonly #host: SessionHost;
  readonly #archive: SessionArchive;
  readonly #keeper: JournalKeeper;
  readonly #registry: SessionRegistry;
  #sweepTimer: Timer | undefined;

  /** Makes the journal folder where it is missing. */
  constructor(options: PublishSessionsOptions) {
    const { journalFolder: folder, archive, clock, log, limits, sync } = options;
    const { keepUnfinished = KEEP_UNFINISHED } = options;
    mkdirSync(folder, { recursive: true });
    const journals = new JournalFolder({ folder, clock, log, maxQueue: limits.journalQueue, sync });
    this.#archive = archive;
    this.#keeper = new JournalKeeper({
      ...{ journals, archive, clock, log, keepUnfinished },
      limits: limits.demuxer,
    });
    this.#host = { ...options, journals, tidy: (broadcast) => this.#keeper.tidy(broadcast) };
    this.#registry = new SessionRegistry(this.#host);
  }

  get clock(): Clock {
    return this.#host.clock;
  }

  get log(): Log {
    return this.#host.log;
  }

  /** What every publisher is held to. */
  get limits(): PublishLimits {
    return this.#host.limits;
  }

  /**
   * Goes on with what another process had: before anything is accepted, and once. Sessions that were open wait for their
   * publishers; what nobody needs any more is deleted. Rejects when the journals cannot be read.
   */
  async restore(channelOf: (name: string) => Promise<Channel | undefined>): Promise<void> {
    await this.#host.journals.load();
    await restoreSessions({
      host: this.#host,
      sessions: this.#registry,
      archive: this.#archive,
      channelOf,
    });
    this.#sweep();
  }

  /**
   * The session of that id, if there is one. With `late` its publisher brings the rest of one whose broadcast may be over.
   * Throws PublishError when it belongs to another channel, or nothing may follow.
   */
  find(id: string, channel: Channel, late: boolean): PublisherSession | undefined {
    return this.#registry.find(id, channel, late);
  }

  /**
   * Takes the channel for a new session; without an id it gets one. Throws ChannelBusyError, and PublishError
   * `codec-unsupported` where it says that it will send what cannot be taken: before anybody lost the channel to it.
   */
  open(start: Omit<SessionStart, 'id'> & { readonly id?: string }): PublisherSession {
    const refusal = this.#host.refusalOf?.(start.channel, announcedCodecs(start.mimeType ?? ''));
    if (refusal !== undefined) throw new PublishError('codec-unsupported', refusal);
    this.#registry.flush(start.channel, start.takeover === true);
    const session = new PublishSession({ id: randomUUID(), ...start }, this.#host);
    this.#registry.add(session);
    return session;
  }

  /** What is on disk of what is on, and of what waits for more. */
  keptJournals(): KeptJournals[] {
    return this.#keeper.kept((session) => this.#registry.isInUse(session));
  }

  /** Gives up what waits for more of a broadcast: its publisher cannot bring the rest any more. Never rejects. */
  dropJournals(broadcast: string): Promise<void> {
    return this.#keeper.drop(broadcast);
  }

  /**
   * What is on disk is left for the next process, which goes on with the broadcasts. Settles when every journal is put
   * away. The connections must be closed already.
   */
  async close(): Promise<void> {
    this.#sweepTimer?.cancel();
    await this.#registry.close();
    await this.#keeper.close();
  }

  /** Not waited for: a recording may be made anew. */
  #sweep(): void {
    void this.#keeper.sweep();
    this.#sweepTimer = this.#host.clock.after(SWEEP_INTERVAL, () => this.#sweep());
  }
}
