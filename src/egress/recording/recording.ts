import { closeSync, mkdirSync, openSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../../channel/clock.ts';
import type { Log } from '../../channel/log.ts';
import { AppendFile } from '../../disk/append-file.ts';
import { StorageError } from '../../disk/storage-error.ts';
import { syncFolder } from '../../disk/sync-folder.ts';
import type { Chunk } from '../../media/chunk.ts';
import { type RecordedMovie, trackIdOf } from '../../media/mp4/cmaf-header.ts';
import { moveChunk } from '../../media/mp4/move-chunk.ts';
import {
  type Bytes,
  bytes,
  type Milliseconds,
  milliseconds,
  millisecondsToTicks,
  type Ticks,
  ticks,
  ticksToMilliseconds,
} from '../../media/time.ts';
import type { Track } from '../../media/track.ts';
import { GroupIndex } from './group-index.ts';
import {
  beginRecording,
  continueRecording,
  type RecordingBeginning,
  type RecordingContinuation,
} from './recording-beginning.ts';
import type { RecordingCatalog, RecordingExtent, RecordingGap } from './recording-catalog.ts';
import {
  indexPlace,
  readRecordingIndex,
  writeRecordingHeader,
  writeRecordingIndex,
} from './recording-header.ts';
import { type RecordingState, saveTracks } from './recording-state.ts';

/** What recordings are made with. */
export interface RecordingOptions {
  /** Each recording is `{folder}/{id}/media.mp4`. */
  readonly folder: string;
  readonly catalog: RecordingCatalog;
  readonly clock: Clock;
  readonly log: Log;
  /** Bytes that may wait for the disk; default 64 MiB. Beyond it the recording is damaged, and ends. */
  readonly maxQueue?: Bytes;
  /** What a checkpoint says is on the disk itself when it is answered; by default it survives the process only. */
  readonly sync?: boolean;
}

/** How long chunks are gathered before they are written, and how many bytes of them. */
const GATHER_DELAY = milliseconds(500);
const GATHER_BYTES = bytes(256 * 1024);
const MAX_QUEUE = 64 * 1024 * 1024;
/** How often the index in the file and the catalog are brought up to date. */
const REFRESH_INTERVAL = 10_000;
/**
 * The durable file of a broadcast: a fragmented MP4 to which every chunk is appended as it is. It plays at any moment;
 * its index and its duration are filled in from time to time and at the end.
 */
export class Recording {
  readonly id: string;
  readonly path: string;
  /** Settles when the file is closed and the catalog knows. Never rejects. */
  readonly closed: Promise<void>;
  readonly #settleClosed: () => void;
  readonly #options: RecordingOptions;
  readonly #tracks: readonly Track[];
  /** The track that groups are counted by: video, where there is any. */
  readonly #reference: { readonly track: Track; readonly trackId: number };
  readonly #groups: GroupIndex;
  readonly #gaps: RecordingGap[];
  readonly #startedAt: Milliseconds;
  readonly #startAt: Milliseconds;
  readonly #headerSize: number;
  readonly #file: AppendFile;
  #state: 'recording' | 'complete' | 'damaged' = 'recording';
  #inBandParameterSets: boolean;
  #end: Milliseconds;
  #referenceEnd: Ticks;
  #refreshedAt: Milliseconds;
  #refresh: Promise<void> = Promise.resolve();
  #told: Promise<void> = Promise.resolve();
  #ended = false;
  #suspended = false;
  #isFound = false;
  #damageReason: string | undefined;

  /** Makes the file and writes its header, or goes on with the one that is there. Throws StorageError where that is gone. */
  constructor(start: RecordingBeginning | RecordingContinuation, options: RecordingOptions) {
    const { folder, catalog, clock } = options;
    const { broadcast } = start;
    const begun = 'state' in start ? continueRecording(start) : beginRecording(start, clock);
    const { id, startedAt } = begun;
    this.id = id;
    this.path = join(folder, id, 'media.mp4');
    this.#options = options;
    this.#tracks = begun.tracks;
    this.#reference = referenceOf(begun.tracks);
    this.#startedAt = startedAt;
    this.#startAt = begun.startAt;
    this.#end = begun.end;
    this.#referenceEnd = begun.referenceEnd;
    this.#inBandParameterSets = begun.inBandParameterSets;
    this.#gaps = [...begun.gaps];
    this.#refreshedAt = clock.now();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#settleClosed = resolve;
    const onError = (error: StorageError) => this.damage(error.message);
    let problem: StorageError | undefined;
    if ('state' in start) {
      const { headerSize, size } = start.state;
      this.#headerSize = headerSize;
      this.#groups = this.#readIndex(size);
      this.#file = openFile(this.path, clock, onError, size);
    } else {
      const header = writeRecordingHeader(this.#tracks, this.#movie());
      this.#headerSize = header.byteLength;
      this.#groups = new GroupIndex();
      problem = makeFolder(this.path);
      this.#file = openFile(this.path, clock, onError);
      this.#file.append(header);
    }
    this.#tell(() => catalog.created({ id, broadcast, startedAt, mime: begun.mime }));
    if (problem) this.damage(problem.message);
  }

  get state(): 'recording' | 'complete' | 'damaged' {
    return this.#state;
  }

  /** The tracks that the file was begun with. */
  get tracks(): readonly Track[] {
    return this.#tracks;
  }

  /** Its header says that keyframes may bring their own parameter sets. */
  get inBandParameterSets(): boolean {
    return this.#inBandParameterSets;
  }

  /** From here on keyframes bring parameter sets that differ from the header's. */
  allowInBandParameterSets(): void {
    this.#inBandParameterSets = true;
    this.#startRefresh();
  }

  /** Media is missing here, as much as that. */
  addGap(duration: Milliseconds): void {
    const at = milliseconds(Math.round(this.#end - this.#startAt));
    this.#gaps.push({ at, duration: milliseconds(Math.round(duration)) });
  }

  /**
   * Brings the file to the disk and answers how it stood at the call, for another process to go on from; undefined when
   * it is over or damaged.
   */
  async checkpoint(): Promise<RecordingState | undefined> {
    if (this.#state !== 'recording' || this.#ended) return undefined;
    const state = this.#save();
    this.#startRefresh();
    await this.#refresh;
    if (this.#options.sync) await this.#sync().catch((error) => this.damage(messageOf(error)));
    return this.#state === 'recording' ? state : undefined;
  }

  /** What was added is written, or cannot be. */
  drained(): Promise<void> {
    return this.#file.drained();
  }

  /** Takes the next chunk. */
  add(chunk: Chunk): void {
    if (this.#state !== 'recording' || this.#ended) return;
    this.#count(chunk);
    if (this.#startAt === 0) {
      this.#file.append(chunk.bytes);
    } else {
      const by = millisecondsToTicks(this.#startAt, chunk.timescale);
      for (const piece of moveChunk(chunk.bytes, by)) this.#file.append(piece);
    }
    if (this.#file.queued > (this.#options.maxQueue ?? MAX_QUEUE)) {
      this.damage('the disk is too slow for this broadcast');
      return;
    }
    if (!chunk.startsGroup || this.#options.clock.now() - this.#refreshedAt < REFRESH_INTERVAL) return;
    this.#startRefresh();
    this.#tell(() => this.#options.catalog.progressed(this.id, this.#extent()));
  }

  /** Nothing follows: the file is finished; idempotent. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    void this.#finish();
  }

  /** Nothing follows from this process: the file is put away for another one to go on with. */
  suspend(): void {
    this.#suspended = true;
    this.end();
  }

  #count(chunk: Chunk): void {
    if (chunk.startsGroup) {
      // What came before the first group belongs to it: players look at nothing that no reference covers.
      const offset = this.#groups.isEmpty ? this.#headerSize : this.#file.appended;
      this.#groups.add(offset, chunk.dts);
    }
    const end = ticks(chunk.dts + chunk.duration);
    if (chunk.trackId === this.#reference.trackId && end > this.#referenceEnd) this.#referenceEnd = end;
    const endTime = ticksToMilliseconds(end, chunk.timescale);
    if (endTime > this.#end) this.#end = endTime;
  }

  #movie(): RecordedMovie {
    return {
      duration: milliseconds(this.#end - this.#startAt),
      inBandParameterSets: this.#inBandParameterSets,
    };
  }

  #extent(): RecordingExtent {
    const duration = milliseconds(Math.round(this.#end - this.#startAt));
    return { size: this.#file.written, duration, gaps: [...this.#gaps] };
  }

  #save(): RecordingState {
    return {
      id: this.id,
      size: this.#file.appended,
      headerSize: this.#headerSize,
      tracks: saveTracks(this.#tracks),
      inBandParameterSets: this.#inBandParameterSets,
      startedAt: this.#startedAt,
      startAt: this.#startAt,
      end: this.#end,
      referenceEnd: this.#referenceEnd,
      gaps: [...this.#gaps],
    };
  }

  /** As it was written last, without what begins behind that end. */
  #readIndex(endOffset: number): GroupIndex {
    const { offset, size } = indexPlace(this.#headerSize);
    const { timescale } = this.#reference.track;
    const startAt = millisecondsToTicks(this.#startAt, timescale);
    return readRecordingIndex(readBytes(this.path, offset, size), {
      headerSize: this.#headerSize,
      startAt,
      endOffset,
    });
  }

  #startRefresh(): void {
    this.#refreshedAt = this.#options.clock.now();
    this.#refresh = this.#refresh
      .then(() => this.#writeIndex())
      .catch((error) => this.damage(messageOf(error)));
  }

  async #writeIndex(): Promise<void> {
    await this.#file.drained();
    const { track, trackId } = this.#reference;
    const bytes = writeRecordingIndex(this.#tracks, this.#movie(), {
      groups: this.#groups,
      trackId,
      timescale: track.timescale,
      startAt: millisecondsToTicks(this.#startAt, track.timescale),
      endOffset: this.#file.written,
      end: this.#referenceEnd,
    });
    await this.#file.patch(0, bytes);
  }

  /** What was written stays, and nothing is added. */
  damage(reason: string): void {
    if (this.#damageReason !== undefined || (this.#ended && this.#state === 'complete')) return;
    this.#damageReason = reason;
    this.#state = 'damaged';
    this.#options.log.error({ recording: this.id, reason }, 'a recording is damaged');
    this.end();
  }

  async #finish(): Promise<void> {
    try {
      await this.#refresh;
      await this.#writeIndex();
      await this.#sync();
    } catch (error) {
      this.damage(messageOf(error));
    }
    const extent = this.#extent();
    const reason = this.#damageReason;
    await this.#file.close();
    this.#tellEnd(extent, reason);
    await this.#told;
    this.#settleClosed();
  }

  /** Of a new file the way to it is to be found after a power loss too. */
  async #sync(): Promise<void> {
    await this.#file.sync();
    if (this.#isFound || !this.#options.sync) return;
    await syncFolder(dirname(this.path));
    await syncFolder(this.#options.folder);
    this.#isFound = true;
  }

  #tellEnd(extent: RecordingExtent, reason: string | undefined): void {
    const { catalog } = this.#options;
    if (reason !== undefined) this.#tell(() => catalog.damaged(this.id, extent, reason));
    else if (this.#suspended) this.#tell(() => catalog.progressed(this.id, extent));
    else {
      this.#state = 'complete';
      this.#tell(() => catalog.completed(this.id, extent));
    }
  }

  #tell(call: () => Promise<void>): void {
    this.#told = this.#told.then(call).catch((error) => {
      this.#options.log.error({ recording: this.id, err: error }, 'the catalog of recordings failed');
    });
  }
}

/** Where it cannot be made the recording is listed all the same: what it lacks may be had later. */
function makeFolder(path: string): StorageError | undefined {
  try {
    mkdirSync(dirname(path), { recursive: true });
    return undefined;
  } catch (error) {
    return new StorageError(path, error);
  }
}

function openFile(
  path: string,
  clock: Clock,
  onError: (error: StorageError) => void,
  continueAt?: number,
): AppendFile {
  const gathering = { clock, delay: GATHER_DELAY, bytes: GATHER_BYTES };
  return new AppendFile(path, { onError }, gathering, { continueAt });
}

function readBytes(path: string, offset: number, size: number): Uint8Array {
  try {
    const file = openSync(path, 'r');
    try {
      const bytes = new Uint8Array(size);
      return bytes.subarray(0, readSync(file, bytes, 0, size, offset));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new StorageError(path, error);
  }
}

function referenceOf(tracks: readonly Track[]): { track: Track; trackId: number } {
  const track = tracks.find(({ kind }) => kind === 'video') ?? tracks[0];
  if (!track) throw new Error('an epoch has at least one track');
  return { track, trackId: trackIdOf(track) };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
