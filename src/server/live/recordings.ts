import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Broadcast } from '../../channel/broadcast.ts';
import type { Clock } from '../../channel/clock.ts';
import type { Hub } from '../../channel/hub.ts';
import { cutTornTail } from '../../egress/recording/cut-torn-tail.ts';
import {
  type BroadcastRecording,
  type BroadcastRecordingOptions,
  recordBroadcast,
} from '../../egress/recording/from-channel.ts';
import { isAppendable } from '../../egress/recording/is-appendable.ts';
import type { BroadcastRecordingState } from '../../egress/recording/recording-state.ts';
import type { RecordingView } from '../../ingest/session/recording-view.ts';
import type { Store } from '../../store/open-store.ts';
import type { RecordingOriginal, RecordingRecord } from '../../store/recording-store.ts';
import type { BroadcastResource, RecordingResource } from '../../wire/api.ts';
import { describeRecording } from './describe-recording.ts';
import { DiskRoom } from './disk-room.ts';
import { Finaliser, type FinaliserCounts } from './finaliser.ts';
import { Originals } from './originals.ts';
import type { Poster } from './poster.ts';
import { RecordingPosters } from './recording-posters.ts';
import { type Quota, Retention, type WaitingJournals } from './retention.ts';
import { StoredCatalog } from './stored-catalog.ts';

/** What recordings are kept with. */
export interface RecordingsOptions {
  readonly store: Store;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Each recording is a folder in it. */
  readonly folder: string;
  /** Of all recordings. */
  readonly quota: Quota;
  /** They take room beside recordings. */
  readonly journals: WaitingJournals;
  /** Bytes of the disk that stay free. */
  readonly minFree: number;
  /** Recordings become progressive when they are over. */
  readonly finalise: boolean;
  /** What a checkpoint says survives a power loss. */
  readonly sync: boolean;
}

/** What `/metrics` tells of recordings, beside what the database knows. */
export interface RecordingFigures {
  /** Broadcasts that were not recorded for want of room. */
  readonly refused: number;
  /** Recordings deleted for a quota. */
  readonly deleted: number;
  readonly finalised: FinaliserCounts;
  /** Bytes; undefined where the system does not tell. */
  readonly diskFree: number | undefined;
}

/** What is known of the recording of a broadcast that another process began. */
export interface ExpectedRecording {
  /** How far it came; undefined where none is gone on with. */
  readonly state: BroadcastRecordingState | undefined;
  /** Those that will be made again, in their order: they keep their ids, and what is known of them. */
  readonly again: readonly string[];
}

/** What a publisher is told of a broadcast that is not recorded for want of room. */
const NO_ROOM: RecordingView = {
  id: undefined,
  state: 'no-room',
  closed: Promise.resolve(),
  checkpoint: async () => undefined,
  drained: async () => {},
  damage: () => {},
  suspend: () => {},
};

/** The recordings of the data folder: made from broadcasts, listed in the database, served and deleted. */
export class Recordings {
  readonly #options: RecordingsOptions;
  readonly #catalog: StoredCatalog;
  readonly #running = new Map<string, BroadcastRecording>();
  /** How far the recordings of broadcasts came that another process began, and that start anew in this one. */
  readonly #expected = new Map<string, ExpectedRecording>();
  readonly #pending = new Set<Promise<void>>();
  /** The database knows of every broadcast that started. */
  #listed: Promise<void> = Promise.resolve();
  readonly #room: DiskRoom;
  readonly #finaliser: Finaliser;
  readonly #retention: Retention;
  readonly #originals: Originals;
  readonly #posters: RecordingPosters;
  /** Broadcasts that are on and not recorded for want of room. */
  readonly #refused = new Set<string>();
  #refusals = 0;
  #watching: Promise<void> | undefined;
  #isRecovered = false;

  constructor(options: RecordingsOptions) {
    const { store, clock, logger, folder, minFree, quota, journals } = options;
    this.#options = options;
    this.#catalog = new StoredCatalog(store, clock, () => this.#finished());
    this.#room = new DiskRoom({ folder, clock, minFree, onLow: () => this.#makeRoom() });
    const { recordings, channels } = store;
    this.#originals = new Originals(store, folder);
    this.#posters = new RecordingPosters(recordings, folder);
    this.#finaliser = new Finaliser({
      ...{ recordings, clock, logger, minFree },
      fileOf: (id) => this.fileOf(id),
      broadcastsOn: () => this.#running.keys(),
    });
    const deleteOne = (id: string) => this.delete(id);
    const swept = () => {
      if (options.finalise) this.#finaliser.wake();
    };
    const lackingRoom = () => this.#room.measureLack();
    this.#retention = new Retention({
      ...{ recordings, channels, journals, clock, logger, quota, lackingRoom, swept },
      delete: deleteOne,
    });
  }

  get figures(): RecordingFigures {
    return {
      refused: this.#refusals,
      deleted: this.#retention.deleted,
      finalised: this.#finaliser.counts,
      diskFree: this.#room.free,
    };
  }

  /** Lists every broadcast from now on, and records those of the channels that are to be recorded. */
  start(isRecorded: (channel: string) => boolean): void {
    const { hub, store, clock } = this.#options;
    hub.broadcastStarted.add((broadcast) => {
      const { id, channel } = broadcast.info;
      const goesOn = this.#expected.get(id)?.state !== undefined;
      const listed = this.#keep(store.broadcasts.start(broadcast.info));
      this.#listed = this.#listed.then(() => listed);
      // What was begun is not left half made for a setting or for room: those are asked before.
      if (goesOn || isRecorded(channel)) {
        if (this.#room.isLow && !goesOn) this.#refuse(broadcast);
        else this.#record(broadcast);
      }
      const end = async () => {
        await listed;
        await store.broadcasts.end(id, clock.wall());
      };
      void this.#keep(broadcast.closed.then(end));
    });
  }

  /**
   * A broadcast that another process began is about to start in this one. Rejects with what the disk says, and where its
   * recording is finalised already.
   */
  async expect(broadcast: string, { state, again }: ExpectedRecording): Promise<void> {
    await this.#watchRoom();
    if (state) await this.#reopen(state.recording);
    for (const id of again) {
      await rm(this.fileOf(id), { force: true });
      await this.#options.store.recordings.reopen(id);
    }
    this.#expected.set(broadcast, { state, again });
  }

  /**
   * What a process that died left open, and no publisher can go on with, is closed: it plays up to its last whole chunk,
   * and something may be missing. Comes after every broadcast that goes on has started.
   */
  async recover(): Promise<void> {
    const { store, clock, logger, hub } = this.#options;
    const on = [...hub.channels()].flatMap(({ broadcast }) => broadcast?.info.id ?? []);
    await this.#listed;
    await store.broadcasts.endAllOpen(clock.wall(), on);
    for (const { id, duration } of await store.recordings.open()) {
      if (this.isOpen(id)) continue;
      const left = await cutTornTail(this.fileOf(id)).catch((error: unknown) => {
        logger.error({ recording: id, err: error }, 'the end of a recording cannot be mended');
        return { size: statSync(this.fileOf(id), { throwIfNoEntry: false })?.size ?? 0, duration };
      });
      if (left.size === 0 && left.duration === 0) {
        // It was listed, and the power was lost before a byte of it was on the disk.
        await this.delete(id);
        continue;
      }
      await store.recordings.progress(id, { state: 'damaged', ...left });
      logger.warn({ recording: id, ...left }, 'a recording was cut off when the server last stopped');
    }
    await this.#watchRoom();
    this.#isRecovered = true;
    this.#finished();
  }

  /** What is recorded of a broadcast that is on, or just ended. */
  of(broadcast: Broadcast): RecordingView | undefined {
    if (this.#refused.has(broadcast.info.id)) return NO_ROOM;
    return this.#running.get(broadcast.info.id);
  }

  /** The id of a broadcast's newest recording, while it is on. */
  idOf(broadcast: string): string | null {
    return this.#running.get(broadcast)?.id ?? null;
  }

  /** How the recording of a broadcast is doing that is on. */
  stateOf(broadcast: string): BroadcastResource['recordingState'] {
    if (this.#refused.has(broadcast)) return 'no-room';
    const state = this.#running.get(broadcast)?.state ?? 'off';
    return state === 'complete' ? 'recording' : state;
  }

  /** Whether it is being written now. */
  isOpen(id: string): boolean {
    for (const recording of this.#running.values()) if (recording.id === id) return true;
    return false;
  }

  /** A recording as the API shows it. */
  describe(recording: RecordingRecord): RecordingResource {
    return describeRecording(recording, this.#catalog.unwrittenEnd(recording.id));
  }

  /** Where its media is. */
  fileOf(id: string): string {
    return join(this.#options.folder, id, 'media.mp4');
  }

  /**
   * Keeps what a publisher session sent beside its recording: moves the finished journal, which must be on the same disk.
   * False when there is no such recording; the journal is where it was then. Throws what the disk says.
   */
  async adoptOriginal(recording: string, journal: string): Promise<boolean> {
    const adopted = await this.#originals.adopt(recording, journal);
    if (adopted) this.#finished();
    return adopted;
  }

  /** It is over, and the database could not be told yet. */
  isUnlisted(id: string): boolean {
    return this.#catalog.unwrittenEnd(id) !== undefined;
  }

  /** Where an original of a recording is. */
  originalFileOf(recording: string, original: RecordingOriginal): string {
    return this.#originals.fileOf(recording, original);
  }

  /** Replaces the picture of a recording that is listed. Throws what the disk says. */
  async savePoster(recording: string, poster: Poster): Promise<void> {
    await this.#posters.save(recording, poster);
  }

  /** Where a recording's picture is, and what it is; undefined when it has none. */
  findPoster(recording: RecordingRecord): ReturnType<RecordingPosters['find']> {
    return this.#posters.find(recording);
  }

  /** Does something to a recording's file that nobody finalises meanwhile; it may have to be finalised afterwards. */
  async replaceFile(id: string, work: () => Promise<void>): Promise<void> {
    await this.#finaliser.holdOff(id, work);
    this.#finished();
  }

  /** Deletes its files, and then its place in the list: a crash in between leaves nothing that cannot be found. */
  async delete(id: string): Promise<void> {
    await this.#finaliser.holdOff(id, async () => {
      await rm(join(this.#options.folder, id), { recursive: true, force: true });
      this.#catalog.forget(id);
      await this.#options.store.recordings.delete(id);
    });
  }

  /** Settles when every recording is finished and listed; their broadcasts must have ended. */
  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ closed }) => closed));
    await Promise.all(this.#pending);
    this.#catalog.close();
    this.#room.close();
    await this.#retention.close();
    await this.#finaliser.close();
  }

  /** Settles when every recording that is over is finalised, and quotas are kept. */
  async settled(): Promise<void> {
    await this.#retention.sweep();
    await this.#finaliser.idle();
  }

  /**
   * A recording is over, and the database knows: it may be finalised, and others may have to go for it. Not before it is
   * clear which of them go on.
   */
  #finished(): void {
    if (this.#isRecovered) void this.#retention.sweep();
  }

  #makeRoom(): void {
    const { journals } = this.#options;
    if (journals.kept().some(({ waitingSince }) => waitingSince !== undefined)) this.#finished();
  }

  #watchRoom(): Promise<void> {
    this.#watching ??= this.#room.watch();
    return this.#watching;
  }

  /** A file that is gone is no matter here: another recording is begun in its place. */
  async #reopen({ id, headerSize }: BroadcastRecordingState['recording']): Promise<void> {
    const fits = await isAppendable(this.fileOf(id), headerSize).catch(() => true);
    if (!fits) throw new Error('its recording is finalised');
    await this.#options.store.recordings.reopen(id);
  }

  #refuse({ info: { id, channel }, closed }: Broadcast): void {
    this.#refusals += 1;
    this.#refused.add(id);
    void this.#keep(closed.then(() => void this.#refused.delete(id)));
    const { free, minFree } = this.#room;
    this.#options.logger.error({ broadcast: id, channel, free, minFree }, 'no room to record a broadcast');
  }

  #record(broadcast: Broadcast): void {
    const recording = this.#goOn(broadcast) ?? recordBroadcast(broadcast, this.#recordingOptions([]));
    this.#running.set(broadcast.info.id, recording);
    void this.#keep(
      recording.closed.then(() => {
        this.#running.delete(broadcast.info.id);
        this.#finished();
      }),
    );
  }

  #recordingOptions(ids: readonly string[]): BroadcastRecordingOptions {
    const { clock, logger, folder, sync } = this.#options;
    const names = ids.values();
    const newRecordingId = () => names.next().value ?? randomUUID();
    return { folder, clock, sync, log: logger, catalog: this.#catalog, newRecordingId };
  }

  /** Where its file is gone, what comes from here on is recorded all the same. */
  #goOn(broadcast: Broadcast): BroadcastRecording | undefined {
    const { state, again } = this.#expected.get(broadcast.info.id) ?? { state: undefined, again: [] };
    this.#expected.delete(broadcast.info.id);
    try {
      return recordBroadcast(broadcast, this.#recordingOptions(again), state);
    } catch (error) {
      this.#options.logger.error(
        { recording: state?.recording.id, err: error },
        'a recording cannot be gone on with',
      );
      return undefined;
    }
  }

  /** Work that must be done before the database is closed; its failure is logged. */
  #keep(work: Promise<void>): Promise<void> {
    const kept: Promise<void> = work
      .catch((error: unknown) =>
        this.#options.logger.error({ err: error }, 'a broadcast could not be listed'),
      )
      .finally(() => this.#pending.delete(kept));
    this.#pending.add(kept);
    return kept;
  }
}
