import type {
  RecordingCatalog,
  RecordingExtent,
  RecordingStart,
} from '../../egress/recording/recording-catalog.ts';
import type { Store } from '../../store/open-store.ts';

/** Lists recordings in the database as they begin, grow and end. */
export class StoredCatalog implements RecordingCatalog {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async created({ id, broadcast, startedAt, mime }: RecordingStart): Promise<void> {
    // Whoever comes first: the broadcast must be listed for its recording to be.
    await this.#store.broadcasts.start(broadcast);
    await this.#store.recordings.start({ id, broadcast: broadcast.id, startedAt, mime });
  }

  async progressed(id: string, extent: RecordingExtent): Promise<void> {
    await this.#set(id, 'recording', extent);
  }

  async completed(id: string, extent: RecordingExtent): Promise<void> {
    await this.#set(id, 'complete', extent);
  }

  async damaged(id: string, extent: RecordingExtent): Promise<void> {
    await this.#set(id, 'damaged', extent);
  }

  async #set(id: string, state: 'recording' | 'complete' | 'damaged', { size, duration }: RecordingExtent) {
    await this.#store.recordings.progress(id, { state, size, duration: Math.round(duration) });
  }
}
