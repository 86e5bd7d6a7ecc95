import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BroadcastInfo } from '../../channel/broadcast.ts';
import type { Clock } from '../../channel/clock.ts';
import type { Log } from '../../channel/log.ts';
import { AppendFile } from '../../disk/append-file.ts';
import { StorageError } from '../../disk/storage-error.ts';
import type { Chunk, Epoch } from '../../media/chunk.ts';
import { type RecordedMovie, trackIdOf } from '../../media/mp4/cmaf-header.ts';
import { moveChunk } from '../../media/mp4/move-chunk.ts';
import {
  type Bytes,
  bytes,
  type Milliseconds,
  milliseconds,
  millisecondsToTicks,
  ticks,
  ticksToMilliseconds,
} from '../../media/time.ts';
import type { Track } from '../../media/track.ts';
import { GroupIndex } from './group-index.ts';
import type { RecordingCatalog, RecordingExtent } from './recording-catalog.ts';
import { writeRecordingHeader, writeRecordingIndex } from './recording-header.ts';

/** What recordings are made with. */
export interface RecordingOptions {
  /** Each recording is `{folder}/{id}/media.mp4`. */
  readonly folder: string;
  readonly catalog: RecordingCatalog;
  readonly clock: Clock;
  readonly log: Log;
  /** Bytes that may wait for the disk; default 64 MiB. Beyond it the recording is damaged, and ends. */
  readonly maxQueue?: Bytes;
}

/** What a recording begins with. */
export interface RecordingBeginning {
  readonly id: string;
  readonly broadcast: BroadcastInfo;
  readonly epoch: Epoch;
  /** Where it begins on the broadcast's timeline: nothing that is added starts earlier. */
  readonly startAt: Milliseconds;
}

/** How long chunks are gathered before they are written, and how many bytes of them. */
const GATHER_DELAY = milliseconds(500);
const GATHER_BYTES = bytes(256 * 1024);
const MAX_QUEUE = 64 * 1024 * 1024;
/** How often the index in the file and the catalog are brought up to date. */
const REFRESH_INTERVAL = 10_000;
/** A file whose media starts earlier than this keeps the broadcast's own times: its chunks are written as they are. */
const NEGLIGIBLE_START = 1000;

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
  readonly #groups = new GroupIndex();
  readonly #startAt: Milliseconds;
  readonly #headerSize: number;
  readonly #file: AppendFile;
  #state: 'recording' | 'complete' | 'damaged' = 'recording';
  #inBandParameterSets = false;
  #groupCount = 0;
  #end: Milliseconds;
  #referenceEnd = ticks(0);
  #refreshedAt: Milliseconds;
  #refresh: Promise<void> = Promise.resolve();
  #told: Promise<void> = Promise.resolve();
  #ended = false;
  #damageReason: string | undefined;

  /** Makes the file and writes its header. Throws StorageError. */
  constructor(start: RecordingBeginning, options: RecordingOptions) {
    const { id, broadcast, epoch } = start;
    const { folder, catalog, clock } = options;
    this.id = id;
    this.path = join(folder, id, 'media.mp4');
    this.#options = options;
    this.#tracks = epoch.tracks;
    this.#reference = referenceOf(epoch.tracks);
    this.#startAt = start.startAt < NEGLIGIBLE_START ? milliseconds(0) : start.startAt;
    this.#end = this.#startAt;
    this.#refreshedAt = clock.now();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#settleClosed = resolve;
    this.#file = createFile(this.path, clock, (error) => this.#damage(error.message));
    const header = writeRecordingHeader(epoch.tracks, this.#movie());
    this.#headerSize = header.byteLength;
    this.#file.append(header);
    this.#tell(() => catalog.created({ id, broadcast, startedAt: clock.wall(), mime: epoch.mime }));
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
      this.#damage('the disk is too slow for this broadcast');
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

  #count(chunk: Chunk): void {
    if (chunk.startsGroup) {
      // What came before the first group belongs to it: players look at nothing that no reference covers.
      const offset = this.#groupCount === 0 ? this.#headerSize : this.#file.appended;
      this.#groups.add(offset, chunk.dts);
      this.#groupCount += 1;
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
    return { size: this.#file.written, duration: milliseconds(Math.round(this.#end - this.#startAt)) };
  }

  #startRefresh(): void {
    this.#refreshedAt = this.#options.clock.now();
    this.#refresh = this.#refresh
      .then(() => this.#writeIndex())
      .catch((error) => this.#damage(messageOf(error)));
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
  #damage(reason: string): void {
    if (this.#damageReason !== undefined) return;
    this.#damageReason = reason;
    this.#state = 'damaged';
    this.#options.log.error({ recording: this.id, reason }, 'a recording is damaged');
    this.end();
  }

  async #finish(): Promise<void> {
    try {
      await this.#refresh;
      await this.#writeIndex();
      await this.#file.sync();
    } catch (error) {
      this.#damage(messageOf(error));
    }
    const extent = this.#extent();
    const reason = this.#damageReason;
    await this.#file.close();
    if (reason === undefined) this.#state = 'complete';
    const { catalog } = this.#options;
    this.#tell(() =>
      reason === undefined ? catalog.completed(this.id, extent) : catalog.damaged(this.id, extent, reason),
    );
    await this.#told;
    this.#settleClosed();
  }

  #tell(call: () => Promise<void>): void {
    this.#told = this.#told.then(call).catch((error) => {
      this.#options.log.error({ recording: this.id, err: error }, 'the catalog of recordings failed');
    });
  }
}

function createFile(path: string, clock: Clock, onError: (error: StorageError) => void): AppendFile {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw new StorageError(path, error);
  }
  return new AppendFile(path, { onError }, { clock, delay: GATHER_DELAY, bytes: GATHER_BYTES });
}

function referenceOf(tracks: readonly Track[]): { track: Track; trackId: number } {
  const track = tracks.find(({ kind }) => kind === 'video') ?? tracks[0];
  if (!track) throw new Error('an epoch has at least one track');
  return { track, trackId: trackIdOf(track) };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
