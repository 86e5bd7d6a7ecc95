import { MediaError } from '../media-error.ts';
import {
  type ChunkRun,
  type RunLength,
  readChunkRun,
  readRunLength,
  type Table,
} from './boxes/sample-tables.ts';
import type { SampleTables } from './movie.ts';
import type { SampleRun } from './sample-run.ts';
import type { TrackReader } from './track-reader.ts';

const NONE: RunLength = { count: 0, value: 0 };

/** The samples of a progressive file's track (ISO/IEC 14496-12 §8.5 to §8.7), its tables walked as its bytes come. */
export class TableRun implements SampleRun {
  readonly track: TrackReader;
  offset = 0;
  size = 0;
  decodeTime = 0;
  duration = 0;
  compositionOffset = 0;
  keyframe = true;
  sampleDescription = 1;
  readonly #tables: SampleTables;
  readonly #fileStart: number;
  #samplesLeft: number;
  #sample = 0;
  #chunk = 0;
  #leftInChunk = 0;
  #chunkRun: ChunkRun = { firstChunk: 0, samplesPerChunk: 0, sampleDescription: 1 };
  #nextChunkRun: ChunkRun | undefined;
  #times = NONE;
  #timesLeft = 0;
  #offsets = NONE;
  #offsetsLeft = 0;
  #nextSync: number | undefined;

  /** `fileStart`: the position in the stream that chunk offsets count from. */
  constructor(track: TrackReader, tables: SampleTables, fileStart: number) {
    this.track = track;
    this.#fileStart = fileStart;
    this.#tables = tables;
    this.#samplesLeft = tables.sampleSizes?.count ?? 0;
    this.#nextChunkRun = next(tables.sampleToChunk, readChunkRun);
    this.#nextSync = next(tables.syncSamples, (lines) => lines.u32());
  }

  advance(): boolean {
    while (this.#samplesLeft > 0) {
      this.#samplesLeft -= 1;
      this.#sample += 1;
      this.offset += this.size;
      if (this.#leftInChunk === 0) this.#openChunk();
      this.#leftInChunk -= 1;
      this.#readSample();
      if (this.size > 0) return true;
    }
    return false;
  }

  #readSample(): void {
    const { sampleSizes, syncSamples, timeToSample, compositionOffsets } = this.#tables;
    this.size = sampleSizes ? sampleSizes.sampleSize || sampleSizes.sizes.u32() : 0;
    this.decodeTime += this.duration;
    for (; this.#timesLeft === 0; this.#timesLeft = this.#times.count) {
      this.#times = next(timeToSample, readRunLength) ?? shorter('stts');
    }
    this.#timesLeft -= 1;
    this.duration = this.#times.value >>> 0;
    if (compositionOffsets) this.#readCompositionOffset(compositionOffsets);
    this.keyframe = syncSamples === undefined || this.#sample === this.#nextSync;
    if (syncSamples && this.keyframe) this.#nextSync = next(syncSamples, (lines) => lines.u32());
  }

  #readCompositionOffset(table: Table): void {
    for (; this.#offsetsLeft === 0; this.#offsetsLeft = this.#offsets.count) {
      this.#offsets = next(table, readRunLength) ?? shorter('ctts');
    }
    this.#offsetsLeft -= 1;
    this.compositionOffset = this.#offsets.value;
  }

  #openChunk(): void {
    const { chunkOffsets, largeOffsets, sampleToChunk } = this.#tables;
    while (this.#leftInChunk === 0) {
      this.#chunk += 1;
      const run = this.#nextChunkRun;
      if (run && run.firstChunk <= this.#chunk) {
        this.#chunkRun = run;
        this.#nextChunkRun = next(sampleToChunk, readChunkRun);
      }
      const offset = next(chunkOffsets, (lines) => (largeOffsets ? lines.u64() : lines.u32()));
      this.offset = this.#fileStart + (offset ?? shorter('stco'));
      this.#leftInChunk = this.#chunkRun.samplesPerChunk;
    }
    this.sampleDescription = this.#chunkRun.sampleDescription;
  }
}

function next<T>(table: Table | undefined, read: (lines: Table['lines']) => T): T | undefined {
  return table && table.lines.remaining > 0 ? read(table.lines) : undefined;
}

function shorter(type: string): never {
  throw new MediaError('container-malformed', `The MP4 table '${type}' ends before the track's last sample.`);
}
