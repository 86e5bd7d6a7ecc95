import { MediaError } from '../media-error.ts';
import type { Table } from './boxes/sample-tables.ts';
import type { SampleTables } from './movie.ts';

/** The lines of a table, of 32-bit words. */
class Words {
  readonly #view: DataView | undefined;
  readonly #type: string;

  constructor(table: Pick<Table, 'lines'> | undefined, type: string) {
    const bytes = table?.lines.bytes;
    this.#view = bytes && new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#type = type;
  }

  get present(): boolean {
    return this.#view !== undefined;
  }

  /** Undefined behind the last one. */
  at(index: number): number | undefined {
    const view = this.#view;
    return view && index * 4 + 4 <= view.byteLength ? view.getUint32(index * 4) : undefined;
  }

  /** Throws MediaError `container-malformed` behind the last one. */
  need(index: number): number {
    const word = this.at(index);
    if (word !== undefined) return word;
    throw new MediaError(
      'container-malformed',
      `The MP4 table '${this.#type}' ends before the track's last sample.`,
    );
  }
}

/** The tables of a track, for any number of cursors. */
interface CursorTables {
  readonly times: Words;
  readonly offsets: Words;
  readonly syncs: Words;
  readonly chunkRuns: Words;
  readonly sizes: Words;
  readonly sampleSize: number;
  readonly count: number;
  readonly chunks: Words;
  readonly largeOffsets: boolean;
}

/**
 * Where somebody is in the samples of a progressive file's track (ISO/IEC 14496-12 §8.5 to §8.7). Unlike a `TableRun`, which
 * follows a stream, it can be copied, and so be put where it was before. The tables must stay in memory.
 */
export class SampleCursor {
  /** Of the sample that it stands at. */
  offset = 0;
  size = 0;
  /** From the first sample's on. */
  decodeTime = 0;
  duration = 0;
  compositionOffset = 0;
  keyframe = true;
  readonly #tables: CursorTables;
  #sample = 0;
  #timeLine = 0;
  #timesLeft = 0;
  #offsetLine = 0;
  #offsetsLeft = 0;
  #syncLine = 0;
  #chunk = 0;
  #chunkRunLine = 0;
  #samplesPerChunk = 0;
  #leftInChunk = 0;

  /** Stands before the first sample. */
  constructor(tables: SampleTables | CursorTables) {
    this.#tables = 'times' in tables ? tables : tablesOf(tables);
  }

  /** How many samples the track has. */
  get count(): number {
    return this.#tables.count;
  }

  /** Another one that stands here. */
  copy(): SampleCursor {
    const copy = new SampleCursor(this.#tables);
    copy.offset = this.offset;
    copy.size = this.size;
    copy.decodeTime = this.decodeTime;
    copy.duration = this.duration;
    copy.compositionOffset = this.compositionOffset;
    copy.keyframe = this.keyframe;
    copy.#sample = this.#sample;
    copy.#timeLine = this.#timeLine;
    copy.#timesLeft = this.#timesLeft;
    copy.#offsetLine = this.#offsetLine;
    copy.#offsetsLeft = this.#offsetsLeft;
    copy.#syncLine = this.#syncLine;
    copy.#chunk = this.#chunk;
    copy.#chunkRunLine = this.#chunkRunLine;
    copy.#samplesPerChunk = this.#samplesPerChunk;
    copy.#leftInChunk = this.#leftInChunk;
    return copy;
  }

  /** Moves on to the next sample, at first to the first; false when there is none. Throws MediaError `container-malformed`. */
  advance(): boolean {
    const { count, sampleSize, sizes } = this.#tables;
    if (this.#sample >= count) return false;
    this.offset += this.size;
    if (this.#leftInChunk === 0) this.#openChunk();
    this.#leftInChunk -= 1;
    this.size = sampleSize || sizes.need(this.#sample);
    this.#sample += 1;
    this.#readTimes();
    this.#readSync();
    return true;
  }

  #readTimes(): void {
    const { times, offsets } = this.#tables;
    this.decodeTime += this.duration;
    while (this.#timesLeft === 0) {
      this.#timesLeft = times.need(this.#timeLine * 2);
      this.duration = times.need(this.#timeLine * 2 + 1);
      this.#timeLine += 1;
    }
    this.#timesLeft -= 1;
    if (!offsets.present) return;
    while (this.#offsetsLeft === 0) {
      this.#offsetsLeft = offsets.need(this.#offsetLine * 2);
      this.compositionOffset = offsets.need(this.#offsetLine * 2 + 1) | 0;
      this.#offsetLine += 1;
    }
    this.#offsetsLeft -= 1;
  }

  #readSync(): void {
    const { syncs } = this.#tables;
    if (!syncs.present) return;
    this.keyframe = syncs.at(this.#syncLine) === this.#sample;
    if (this.keyframe) this.#syncLine += 1;
  }

  #openChunk(): void {
    const { chunkRuns, chunks, largeOffsets } = this.#tables;
    while (this.#leftInChunk === 0) {
      this.#chunk += 1;
      if ((chunkRuns.at(this.#chunkRunLine * 3) ?? Number.POSITIVE_INFINITY) <= this.#chunk) {
        this.#samplesPerChunk = chunkRuns.need(this.#chunkRunLine * 3 + 1);
        this.#chunkRunLine += 1;
      }
      const index = this.#chunk - 1;
      this.offset = largeOffsets
        ? chunks.need(index * 2) * 2 ** 32 + chunks.need(index * 2 + 1)
        : chunks.need(index);
      this.#leftInChunk = this.#samplesPerChunk;
    }
  }
}

function tablesOf(tables: SampleTables): CursorTables {
  const { sampleSizes, largeOffsets } = tables;
  return {
    times: new Words(tables.timeToSample, 'stts'),
    offsets: new Words(tables.compositionOffsets, 'ctts'),
    syncs: new Words(tables.syncSamples, 'stss'),
    chunkRuns: new Words(tables.sampleToChunk, 'stsc'),
    sizes: new Words(sampleSizes && { lines: sampleSizes.sizes }, 'stsz'),
    sampleSize: sampleSizes?.sampleSize ?? 0,
    count: sampleSizes?.count ?? 0,
    chunks: new Words(tables.chunkOffsets, 'stco'),
    largeOffsets,
  };
}
