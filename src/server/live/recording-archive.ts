import { stat, statfs } from 'node:fs/promises';
import type { Logger } from 'pino';
import Schema from 'typebox/schema';
import { BroadcastRecordingState } from '../../egress/recording/recording-state.ts';
import type {
  RemakeRequest,
  RestoredBroadcast,
  SentStream,
  SessionArchive,
} from '../../ingest/session/session-archive.ts';
import type { SessionRecord } from '../../ingest/session/session-record.ts';
import type { Store } from '../../store/open-store.ts';
import type { Recordings } from './recordings.ts';
import type { RemadeRecording } from './remake/remake.ts';
import { remakeInWorker } from './remake/remake-in-worker.ts';

/** What sessions and recordings are brought together with. */
export interface RecordingArchiveOptions {
  readonly store: Store;
  readonly recordings: Recordings;
  readonly logger: Logger;
  /** Each recording is a folder in it. */
  readonly folder: string;
  /** Bytes of the disk that stay free. */
  readonly minFree: number;
}

const validState = Schema.Compile(BroadcastRecordingState);

/** What publisher sessions leave behind: recordings to be gone on with, originals to be kept, recordings to be made anew. */
export class RecordingArchive implements SessionArchive {
  readonly #options: RecordingArchiveOptions;

  constructor(options: RecordingArchiveOptions) {
    this.#options = options;
  }

  async expect({ id, how, recording }: RestoredBroadcast): Promise<void> {
    const { store, recordings, logger } = this.#options;
    const known = recording !== null && validState.Check(recording) ? recording : undefined;
    if (recording !== null && !known)
      logger.error({ broadcast: id }, 'how far a recording came is not understood');
    const ids = (await store.recordings.ofBroadcast(id)).map((each) => each.id);
    // What was begun since it was noted how far another one came, or all where nothing was.
    const at = known ? ids.indexOf(known.recording.id) : -1;
    const isMadeAgain = (index: number) => how === 'begin' || (at >= 0 && index > at);
    await recordings.expect(id, { state: known, again: ids.filter((_, index) => isMadeAgain(index)) });
    await store.broadcasts.resume(id);
  }

  async adopt({ broadcast, channel, namePrefix, recording }: SessionRecord, path: string): Promise<boolean> {
    const { store, recordings } = this.#options;
    if (recording !== null) this.#checkListed(recording);
    const keeps = namePrefix !== null || (await store.channels.find(channel))?.keepOriginal === true;
    if (!keeps) return false;
    // One that a later session was gone on with instead does not know.
    const id = recording ?? (await store.recordings.ofBroadcast(broadcast)).at(-1)?.id;
    return id !== undefined && (await recordings.adoptOriginal(id, path));
  }

  async remake({ broadcast, streams, limits, signal }: RemakeRequest): Promise<readonly string[]> {
    const { store, recordings, logger, folder } = this.#options;
    for (const { recording } of streams) if (recording !== null) this.#checkListed(recording);
    const known = await store.recordings.ofBroadcast(broadcast);
    const first = known[0] ?? (await this.#begin(broadcast, streams));
    // Deleted meanwhile, or not to be recorded: there is nothing to be made whole.
    if (!first) return [];
    await this.#checkRoom(streams);
    const ids = known.map(({ id }) => id);
    const task = { broadcast, channel: first.channel, folder, ids, streams, limits };
    const shortest = known.reduce((sum, { duration }) => sum + duration, 0);
    let { startedAt } = first;
    const state = streams.some(({ incomplete }) => incomplete) ? 'damaged' : 'complete';
    const made: string[] = [];
    const put = async ({ id, mime, size, duration, gaps }: RemadeRecording, move: () => Promise<void>) => {
      const isNew = !ids.includes(id);
      if (isNew) await store.recordings.start({ id, broadcast, startedAt, mime });
      startedAt += duration;
      made.push(id);
      await recordings.replaceFile(id, async () => {
        // One that was deleted meanwhile stays so.
        if (!(await store.recordings.find(id))) return;
        await move();
        await store.recordings.remade(id, { state, size, duration, gaps });
        await store.sync();
        logger.info({ recording: id, state, size, duration }, 'a recording was made anew');
      });
    };
    await remakeInWorker(task, { log: logger, shortest, signal, put });
    // What was begun because another one was damaged is in that one now.
    for (const id of ids.filter((each) => !made.includes(each))) await recordings.delete(id);
    return made;
  }

  /** Lists a broadcast that was over before its recording had begun. */
  async #begin(broadcast: string, streams: readonly SentStream[]) {
    const { store } = this.#options;
    const [first] = streams;
    if (!first || streams.some(({ recording }) => recording !== null)) return undefined;
    const { channel, title, namePrefix, openedAt } = first;
    if ((await store.channels.find(channel))?.record !== true) return undefined;
    if (!(await store.broadcasts.find(broadcast))) {
      await store.broadcasts.start({ id: broadcast, channel, title, namePrefix, startedAt: openedAt });
      await store.broadcasts.end(broadcast, openedAt);
    }
    return { channel, startedAt: openedAt };
  }

  #checkListed(recording: string): void {
    if (this.#options.recordings.isUnlisted(recording)) throw new Error('its recording is not listed yet');
  }

  /** What is made anew, of about the size of what was sent, is beside the old file until it is whole. */
  async #checkRoom(streams: readonly SentStream[]): Promise<void> {
    const { folder, minFree } = this.#options;
    const { bavail, bsize } = await statfs(folder);
    const sizes = await Promise.all(streams.map(async ({ path }) => (await stat(path)).size));
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    if (bavail * bsize - bytes < minFree) throw new Error('there is no room to make a recording anew');
  }
}
