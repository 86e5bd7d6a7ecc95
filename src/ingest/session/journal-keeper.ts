import type { Clock } from '../../channel/clock.ts';
import type { Log } from '../../channel/log.ts';
import type { DemuxerLimits } from '../../media/demuxer.ts';
import type { JournalFolder } from './journal-folder.ts';
import type { KeptJournals } from './kept-journals.ts';
import type { SessionArchive } from './session-archive.ts';
import type { SessionRecord } from './session-record.ts';

/** What is kept of sessions, and for how long. */
export interface JournalKeeperOptions {
  readonly journals: JournalFolder;
  readonly archive: SessionArchive;
  readonly clock: Clock;
  readonly log: Log;
  /** What streams were held to when they came. */
  readonly limits: DemuxerLimits;
  /** So long an unfinished session's publisher may bring the rest, in milliseconds. */
  readonly keepUnfinished: number;
}

/** So long a publisher may come back for the answer to its `end`. */
const KEEP_ENDED = 24 * 60 * 60_000;
/** More than this between two looks at both clocks, and the wall clock was set. */
const MAX_JUMP = 60 * 60_000;

/**
 * Decides when a session's bytes may go: when its broadcast is over, and every session of it was ended by its publisher
 * or cannot go on. Until then the recordings may have to be made anew from all of them.
 */
export class JournalKeeper {
  readonly #options: JournalKeeperOptions;
  #work: Promise<void> = Promise.resolve();
  /** Broadcasts whose recordings are made anew, or are to be: one after another, it is work for a whole core. */
  readonly #toRemake = new Set<string>();
  #remaking: Promise<void> = Promise.resolve();
  readonly #stop = new AbortController();
  /** Wall clock less monotonic clock, at the last look. */
  #drift: number;

  constructor(options: JournalKeeperOptions) {
    this.#options = options;
    this.#drift = driftOf(options.clock);
  }

  /**
   * Something of that broadcast is over. Settles when what nobody needs any more is gone; a recording that is made anew is
   * not waited for. Never rejects.
   */
  tidy(broadcast: string): Promise<void> {
    this.#work = this.#work.then(() => this.#tidy(broadcast)).catch((error) => this.#leave(broadcast, error));
    return this.#work;
  }

  /** Looks at all sessions: after a start, and from time to time, as what is kept grows old. Never rejects. */
  async sweep(): Promise<void> {
    const now = this.#options.clock.wall();
    const wasSet = this.#wasSet();
    const broadcasts = new Set<string>();
    for (const session of this.#options.journals.records()) {
      if (session.status === 'open') continue;
      broadcasts.add(session.broadcast);
      if (wasSet) continue;
      await this.#age(session, now - (session.closedAt ?? session.openedAt)).catch((error: unknown) =>
        this.#options.log.error({ session: session.id, err: error }, 'a session cannot be put away'),
      );
    }
    for (const broadcast of broadcasts) await this.tidy(broadcast);
  }

  /**
   * All that is kept, by broadcast; `isInUse` tells sessions whose publisher feeds them or brings the rest. What is about to
   * go, since its broadcast just ended, is left out.
   */
  kept(isInUse: (session: string) => boolean): KeptJournals[] {
    const { journals } = this.#options;
    const broadcasts = Map.groupBy(journals.records(), ({ broadcast }) => broadcast);
    return [...broadcasts].flatMap(([broadcast, sessions]) => {
      const inUse = this.#toRemake.has(broadcast) || sessions.some(({ id }) => isInUse(id));
      const since = inUse ? undefined : waitingSince(sessions);
      if (!inUse && since === undefined) return [];
      const bytes = sessions.reduce((sum, { id }) => sum + journals.sizeOf(id), 0);
      return { broadcast, channel: sessions[0]?.channel ?? '', bytes, waitingSince: since };
    });
  }

  /** Gives the bytes of a broadcast up that wait for more, where they still do. Never rejects. */
  drop(broadcast: string): Promise<void> {
    this.#work = this.#work
      .then(() => this.#drop(broadcast))
      .then(() => this.#tidy(broadcast))
      .catch((error) => this.#leave(broadcast, error));
    return this.#work;
  }

  /** Settles when nothing is being done. */
  async idle(): Promise<void> {
    await this.#work;
    while (this.#toRemake.size > 0) await this.#remaking;
  }

  /** Stops what is being done: the next process does it. Idempotent. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.idle();
  }

  async #tidy(broadcast: string): Promise<void> {
    const sessions = this.#options.journals.ofBroadcast(broadcast);
    if (this.#stop.signal.aborted || sessions.some(({ status }) => status === 'open')) return;
    if (sessions.some(isToRemake)) this.#remakeLater(broadcast);
    else if (!sessions.some(({ status }) => status === 'unfinished')) {
      for (const session of sessions) await this.#putAway(session);
    }
  }

  async #drop(broadcast: string): Promise<void> {
    const { journals } = this.#options;
    const sessions = journals.ofBroadcast(broadcast);
    if (this.#toRemake.has(broadcast) || waitingSince(sessions) === undefined) return;
    for (const { id, status } of sessions) {
      await journals.update(id, { status: status === 'ended' ? status : 'over', remake: false });
      await journals.discardBytes(id);
    }
  }

  #remakeLater(broadcast: string): void {
    if (this.#toRemake.has(broadcast)) return;
    this.#toRemake.add(broadcast);
    this.#remaking = this.#remaking
      .then(() => this.#remake(broadcast))
      .catch((error) => this.#leave(broadcast, error));
  }

  async #remake(broadcast: string): Promise<void> {
    const { journals, archive, limits } = this.#options;
    const { signal } = this.#stop;
    try {
      signal.throwIfAborted();
      const sessions = journals.ofBroadcast(broadcast);
      const streams = sessions.map((session) => ({
        ...session,
        path: journals.pathOf(session.id),
        incomplete: session.distrusted === true && session.status !== 'ended',
      }));
      const made = await archive.remake({ broadcast, streams, limits, signal });
      for (const session of sessions) {
        const isThere = session.recording !== null && made.includes(session.recording);
        const recording = isThere ? session.recording : (made.at(-1) ?? null);
        if (isToRemake(session) || !isThere)
          await journals.update(session.id, { ...(isToRemake(session) && { remake: false }), recording });
      }
    } finally {
      this.#toRemake.delete(broadcast);
    }
    // Another session may have been brought to its end meanwhile.
    await this.tidy(broadcast);
  }

  /** A clock that was set makes everything old at once: it is believed only if it still says so at the next look. */
  #wasSet(): boolean {
    const drift = driftOf(this.#options.clock);
    const jump = Math.abs(drift - this.#drift);
    this.#drift = drift;
    return jump > MAX_JUMP;
  }

  #leave(broadcast: string, error: unknown): void {
    if (this.#stop.signal.aborted) return;
    const message = 'what was sent for a broadcast is left on the disk';
    this.#options.log.error({ broadcast, err: error }, message);
  }

  async #age({ id, status, remake }: SessionRecord, age: number): Promise<void> {
    const { journals, keepUnfinished } = this.#options;
    if (age > keepUnfinished && status === 'unfinished') await journals.update(id, { status: 'over' });
    else if (age > keepUnfinished && remake) await journals.update(id, { remake: false });
    // The bytes of one that ended go with those of the other sessions of its broadcast.
    else if (age > KEEP_ENDED && status === 'ended' && journals.sizeOf(id) === 0) await journals.remove(id);
  }

  async #putAway(session: SessionRecord): Promise<void> {
    const { journals, archive } = this.#options;
    const { id, status } = session;
    const hasBytes = journals.sizeOf(id) > 0;
    if (!hasBytes || !(await archive.adopt(session, journals.pathOf(id)))) await journals.discardBytes(id);
    if (status !== 'ended') await journals.remove(id);
  }
}

/** What came of it since its recordings were made has to go into them; one that may get more is waited for. */
const isToRemake = ({ status, remake }: SessionRecord): boolean => remake && status !== 'unfinished';

/** When the newest of them was there last, where one may get more or has to go into a recording. */
function waitingSince(sessions: readonly SessionRecord[]): number | undefined {
  if (sessions.some(({ status }) => status === 'open')) return undefined;
  if (!sessions.some(({ status, remake }) => status === 'unfinished' || remake)) return undefined;
  return Math.max(...sessions.map(({ closedAt, openedAt }) => closedAt ?? openedAt));
}

const driftOf = (clock: Clock): number => clock.wall() - clock.now();
