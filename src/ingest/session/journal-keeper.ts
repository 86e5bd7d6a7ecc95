import type { Clock } from '../../channel/clock.ts';
import type { Log } from '../../channel/log.ts';
import type { JournalFolder } from './journal-folder.ts';
import type { SessionArchive } from './session-archive.ts';
import type { SessionRecord } from './session-record.ts';

/** What is kept of sessions, and for how long. */
export interface JournalKeeperOptions {
  readonly journals: JournalFolder;
  readonly archive: SessionArchive;
  readonly clock: Clock;
  readonly log: Log;
  /** So long an unfinished session's publisher may bring the rest, in milliseconds. */
  readonly keepUnfinished: number;
}

/** So long a publisher may come back for the answer to its `end`. */
const KEEP_ENDED = 24 * 60 * 60_000;

/**
 * Decides when a session's bytes may go: when its broadcast is over, and every session of it was ended by its publisher
 * or cannot go on. Until then the recordings may have to be made anew from all of them.
 */
export class JournalKeeper {
  readonly #options: JournalKeeperOptions;
  /** One broadcast after another: to make a recording anew is work for a whole core. */
  #work: Promise<void> = Promise.resolve();

  constructor(options: JournalKeeperOptions) {
    this.#options = options;
  }

  /** Something of that broadcast is over. Settles when what nobody needs any more is gone. Never rejects. */
  tidy(broadcast: string): Promise<void> {
    this.#work = this.#work
      .then(() => this.#tidy(broadcast))
      .catch((error: unknown) =>
        this.#options.log.error(
          { broadcast, err: error },
          'what was sent for a broadcast is left on the disk',
        ),
      );
    return this.#work;
  }

  /** Looks at all sessions: after a start, and from time to time, as what is kept grows old. Never rejects. */
  async sweep(): Promise<void> {
    const now = this.#options.clock.wall();
    const broadcasts = new Set<string>();
    for (const session of this.#options.journals.records()) {
      if (session.status === 'open') continue;
      await this.#age(session, now - (session.closedAt ?? session.openedAt)).catch((error: unknown) =>
        this.#options.log.error({ session: session.id, err: error }, 'a session cannot be put away'),
      );
      broadcasts.add(session.broadcast);
    }
    for (const broadcast of broadcasts) await this.tidy(broadcast);
  }

  /** Settles when nothing is being done. */
  idle(): Promise<void> {
    return this.#work;
  }

  async #tidy(broadcast: string): Promise<void> {
    const { journals, archive } = this.#options;
    const sessions = journals.ofBroadcast(broadcast);
    if (sessions.some(({ status }) => status === 'open')) return;
    if (sessions.some(({ status, remake }) => remake && status !== 'unfinished')) {
      const streams = sessions.map(({ id, captureDistance }) => ({
        path: journals.pathOf(id),
        captureDistance,
      }));
      await archive.remake(broadcast, streams);
      for (const { id, remake } of sessions) if (remake) await journals.update(id, { remake: false });
    }
    if (sessions.some(({ status }) => status === 'unfinished')) return;
    for (const session of sessions) await this.#putAway(session);
  }

  async #age({ id, status, remake }: SessionRecord, age: number): Promise<void> {
    const { journals, keepUnfinished } = this.#options;
    if (age > keepUnfinished && status === 'unfinished') await journals.update(id, { status: 'over' });
    else if (age > keepUnfinished && remake) await journals.update(id, { remake: false });
    else if (age > KEEP_ENDED && status === 'ended' && !remake) await journals.remove(id);
  }

  async #putAway(session: SessionRecord): Promise<void> {
    const { journals, archive } = this.#options;
    const { id, status } = session;
    const hasBytes = journals.sizeOf(id) > 0;
    if (!hasBytes || !(await archive.adopt(session, journals.pathOf(id)))) await journals.discardBytes(id);
    if (status !== 'ended') await journals.remove(id);
  }
}
