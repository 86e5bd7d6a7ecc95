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

  /** Looks at all sessions: after a start, and from time to time, as unfinished ones grow old. Never rejects. */
  async sweep(): Promise<void> {
    const { journals, clock, log, keepUnfinished } = this.#options;
    const now = clock.wall();
    for (const { id, status, openedAt, closedAt, broadcast } of journals.records()) {
      const age = now - (closedAt ?? openedAt);
      if (status === 'unfinished' && age > keepUnfinished) {
        await journals
          .update(id, { status: 'over' })
          .catch((error: unknown) => log.error({ session: id, err: error }, 'a session cannot be put away'));
      }
      if (status === 'ended' && age > KEEP_ENDED) {
        await journals
          .remove(id)
          .catch((error: unknown) => log.error({ session: id, err: error }, 'a session cannot be put away'));
      } else if (status !== 'open') await this.tidy(broadcast);
    }
  }

  /** Settles when nothing is being done. */
  idle(): Promise<void> {
    return this.#work;
  }

  async #tidy(broadcast: string): Promise<void> {
    const { journals, archive } = this.#options;
    const sessions = journals.ofBroadcast(broadcast);
    if (sessions.some(({ status }) => status === 'open')) return;
    if (sessions.some(({ status, late }) => late && status !== 'unfinished')) {
      const streams = sessions.map(({ id, captureDistance }) => ({
        path: journals.pathOf(id),
        captureDistance,
      }));
      await archive.remake(broadcast, streams);
      for (const { id, late } of sessions) if (late) await journals.update(id, { late: false });
    }
    if (sessions.some(({ status }) => status === 'unfinished')) return;
    for (const session of sessions) await this.#putAway(session);
  }

  async #putAway(session: SessionRecord): Promise<void> {
    const { journals, archive } = this.#options;
    const { id, status } = session;
    const hasBytes = journals.sizeOf(id) > 0;
    if (!hasBytes || !(await archive.adopt(session, journals.pathOf(id)))) await journals.discardBytes(id);
    if (status !== 'ended') await journals.remove(id);
  }
}
