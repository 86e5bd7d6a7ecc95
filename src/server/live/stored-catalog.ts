import type { Clock, Timer } from '../../channel/clock.ts';
import type {
  RecordingCatalog,
  RecordingExtent,
  RecordingStart,
} from '../../egress/recording/recording-catalog.ts';
import { milliseconds } from '../../media/time.ts';
import type { BroadcastStore } from '../../store/broadcast-store.ts';
import type { RecordingProgress, RecordingStore } from '../../store/recording-store.ts';

/** What the catalog needs of the database. */
export interface CatalogStore {
  readonly broadcasts: Pick<BroadcastStore, 'start'>;
  readonly recordings: Pick<RecordingStore, 'start' | 'progress'>;
  /** What was written survives a power loss. */
  sync(): Promise<void>;
}

/** What the database does not know of a recording: there was no room for it. */
interface Unwritten {
  readonly start?: RecordingStart;
  readonly end?: RecordingProgress;
}

const RETRY_INTERVAL = milliseconds(10_000);

/**
 * Lists recordings in the database as they begin, grow and end. The disk that a recording filled has no room for the
 * database either: where a beginning or an end could not be written it is tried again, until `close`.
 */
export class StoredCatalog implements RecordingCatalog {
  readonly #store: CatalogStore;
  readonly #clock: Clock;
  readonly #finished: () => void;
  readonly #unwritten = new Map<string, Unwritten>();
  #timer: Timer | undefined;
  #closed = false;

  /** `finished` is called each time that the database knows of a recording's end. */
  constructor(store: CatalogStore, clock: Clock, finished: () => void = () => {}) {
    this.#store = store;
    this.#clock = clock;
    this.#finished = finished;
  }

  async created(start: RecordingStart): Promise<void> {
    await this.#write(start.id, { start });
  }

  async progressed(id: string, extent: RecordingExtent): Promise<void> {
    if (this.#unwritten.has(id)) await this.#write(id, {});
    await this.#store.recordings.progress(id, progressOf('recording', extent));
  }

  async completed(id: string, extent: RecordingExtent): Promise<void> {
    await this.#write(id, { end: progressOf('complete', extent) });
  }

  async damaged(id: string, extent: RecordingExtent): Promise<void> {
    await this.#write(id, { end: progressOf('damaged', extent) });
  }

  /** How a recording ended, where the database could not be told yet. */
  unwrittenEnd(id: string): RecordingProgress | undefined {
    return this.#unwritten.get(id)?.end;
  }

  /** The recording was deleted: nothing of it is to be written any more. */
  forget(id: string): void {
    this.#unwritten.delete(id);
  }

  /** Gives up what could not be written: the next start finds those recordings open, and closes them. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  async #write(id: string, more: Unwritten): Promise<void> {
    const known = this.#unwritten.get(id);
    const { start, end } = { ...known, ...more };
    try {
      // Whoever comes first: the broadcast must be listed for its recording to be.
      if (start) await this.#start(start);
      if (end) await this.#store.recordings.progress(id, end);
      // What it was made of goes as soon as it is known to be whole.
      if (end) await this.#store.sync();
      if (this.#unwritten.get(id) === known) this.#unwritten.delete(id);
      if (end) this.#finished();
    } catch (error) {
      this.#unwritten.set(id, { ...this.#unwritten.get(id), ...(start && { start }), ...(end && { end }) });
      this.#retryLater();
      throw error;
    }
  }

  async #start({ id, broadcast, startedAt, mime }: RecordingStart): Promise<void> {
    await this.#store.broadcasts.start(broadcast);
    await this.#store.recordings.start({ id, broadcast: broadcast.id, startedAt, mime });
  }

  #retryLater(): void {
    if (this.#closed) return;
    this.#timer ??= this.#clock.after(RETRY_INTERVAL, () => {
      this.#timer = undefined;
      // A failure was logged the first time, and calls for another try by itself.
      for (const id of [...this.#unwritten.keys()]) this.#write(id, {}).catch(() => {});
    });
  }
}

const progressOf = (state: RecordingProgress['state'], extent: RecordingExtent): RecordingProgress => ({
  state,
  size: extent.size,
  duration: Math.round(extent.duration),
  gaps: extent.gaps,
});
