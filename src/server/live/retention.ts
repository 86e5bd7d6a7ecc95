import type { Logger } from 'pino';
import type { Clock, Timer } from '../../channel/clock.ts';
import type { KeptJournals } from '../../ingest/session/kept-journals.ts';
import { milliseconds } from '../../media/time.ts';
import type { ChannelStore } from '../../store/channel-store.ts';
import type { RecordingRecord, RecordingStore } from '../../store/recording-store.ts';

/** What recordings may take: 0 for no bound. */
export interface Quota {
  readonly keepBytes: number;
  readonly keepDays: number;
}

/** What was sent and waits for more. */
export interface WaitingJournals {
  kept(): readonly KeptJournals[];
  /** Never rejects. */
  drop(broadcast: string): Promise<void>;
}

/** What quotas are kept with. */
export interface RetentionOptions {
  readonly recordings: RecordingStore;
  readonly channels: ChannelStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of all recordings; channels may have one of their own beside it. */
  readonly quota: Quota;
  /** They count, and those that wait are the first to go. */
  readonly journals: WaitingJournals;
  /** Bytes of the disk that are to be free and are not. */
  lackingRoom(): Promise<number>;
  /** Deletes the files and the row of a recording. */
  delete(id: string): Promise<void>;
  /** It has looked: there may be more room. */
  swept?(): void;
}

const INTERVAL = milliseconds(10 * 60_000);
const DAY = 24 * 60 * 60_000;
/** More than this between two looks at both clocks, and the wall clock was set. */
const MAX_DRIFT = 60 * 60_000;
const BATCH = 100;

/**
 * Keeps recordings within the quotas of the server and of their channels, every ten minutes and whenever it is told to:
 * what waits for its publisher goes first, then the oldest, and never one that is being made.
 */
export class Retention {
  readonly #options: RetentionOptions;
  #deleted = 0;
  #timer: Timer | undefined;
  #sweep: Promise<void> = Promise.resolve();
  #waiting = false;
  #closed = false;
  /** Wall clock less monotonic clock, at the last look. */
  #drift: number;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#drift = options.clock.wall() - options.clock.now();
  }

  /** Recordings that were deleted since the start. */
  get deleted(): number {
    return this.#deleted;
  }

  /** Looks now, after what it is doing; settles when it has. Calls that wait are one. Never rejects. */
  sweep(): Promise<void> {
    if (this.#closed || this.#waiting) return this.#sweep;
    this.#waiting = true;
    this.#sweep = this.#sweep.then(async () => {
      this.#waiting = false;
      this.#timer?.cancel();
      await this.#sweepOnce().catch((error: unknown) =>
        this.#options.logger.error({ err: error }, 'old recordings could not be deleted'),
      );
      if (this.#closed) return;
      this.#options.swept?.();
      this.#timer = this.#options.clock.after(INTERVAL, () => void this.sweep());
    });
    return this.#sweep;
  }

  /** Settles when what runs is over; idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#sweep;
  }

  async #sweepOnce(): Promise<void> {
    const { quota, channels } = this.#options;
    const now = this.#trustedTime();
    for (const { name, keepBytes, keepDays } of await channels.list()) {
      if (keepDays !== null) await this.#keepDays(keepDays, now, name);
      if (keepBytes !== null) await this.#keepBytes(keepBytes, name);
    }
    if (quota.keepDays > 0) await this.#keepDays(quota.keepDays, now);
    if (quota.keepBytes > 0) await this.#keepBytes(quota.keepBytes);
    await this.#dropJournals(await this.#options.lackingRoom());
  }

  /** A clock that was set makes everything old at once: it is believed only if it still says so at the next look. */
  #trustedTime(): number | undefined {
    const { clock, logger } = this.#options;
    const drift = clock.wall() - clock.now();
    const jump = drift - this.#drift;
    this.#drift = drift;
    if (Math.abs(jump) <= MAX_DRIFT) return clock.wall();
    logger.warn({ jump }, 'the clock was set: no recording is too old until the next look');
    return undefined;
  }

  async #keepDays(days: number, now: number | undefined, channel?: string): Promise<void> {
    if (now === undefined) return;
    const before = now - days * DAY;
    await this.#deleteOldest({ channel, startedBefore: before }, (recording) =>
      recording.startedAt + recording.duration < before ? 'delete' : 'keep',
    );
  }

  async #keepBytes(bytes: number, channel?: string): Promise<void> {
    const { recordings } = this.#options;
    const journals = this.#journalsOf(channel).reduce((sum, kept) => sum + kept.bytes, 0);
    let excess = (await recordings.totals(channel)).bytes + journals - bytes;
    excess -= await this.#dropJournals(excess, channel);
    await this.#deleteOldest(
      { channel },
      () => (excess > 0 ? 'delete' : 'stop'),
      ({ size, originalBytes }) => {
        excess -= size + originalBytes;
      },
    );
  }

  #journalsOf(channel: string | undefined): readonly KeptJournals[] {
    const kept = this.#options.journals.kept();
    return channel === undefined ? kept : kept.filter((each) => each.channel === channel);
  }

  /** Gives up what waits, the oldest first, until there is so much more room. Answers how much there is. */
  async #dropJournals(excess: number, channel?: string): Promise<number> {
    const { journals, logger } = this.#options;
    const waiting = this.#journalsOf(channel).filter(({ waitingSince }) => waitingSince !== undefined);
    let freed = 0;
    for (const kept of waiting.sort((a, b) => (a.waitingSince ?? 0) - (b.waitingSince ?? 0))) {
      if (freed >= excess || this.#closed) break;
      await journals.drop(kept.broadcast);
      freed += kept.bytes;
      logger.warn({ ...kept }, 'what a publisher could have brought the rest of was deleted for its room');
    }
    return freed;
  }

  /** Asks about one after another, the oldest first. One that cannot be deleted stays, and the next is asked about. */
  async #deleteOldest(
    which: { readonly channel: string | undefined; readonly startedBefore?: number },
    decide: (recording: RecordingRecord) => 'delete' | 'keep' | 'stop',
    deleted: (recording: RecordingRecord) => void = () => {},
  ): Promise<void> {
    const { channel, startedBefore } = which;
    const seen = new Set<string>();
    for (;;) {
      const batch = await this.#options.recordings.finished({
        limit: BATCH + seen.size,
        ...(channel !== undefined && { channel }),
        ...(startedBefore !== undefined && { startedBefore }),
      });
      const left = batch.filter(({ id }) => !seen.has(id));
      if (left.length === 0) return;
      for (const recording of left) {
        const answer = this.#closed ? 'stop' : decide(recording);
        if (answer === 'stop') return;
        if (answer === 'delete' && (await this.#delete(recording))) deleted(recording);
        else seen.add(recording.id);
      }
    }
  }

  async #delete({ id, channel, size }: RecordingRecord): Promise<boolean> {
    const { logger } = this.#options;
    try {
      await this.#options.delete(id);
    } catch (error) {
      logger.error({ recording: id, err: error }, 'a recording beyond the quota could not be deleted');
      return false;
    }
    this.#deleted += 1;
    logger.info({ recording: id, channel, size }, 'a recording beyond the quota was deleted');
    return true;
  }
}
