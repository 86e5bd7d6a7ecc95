import { MediaError } from '../../media/media-error.ts';
import { readBoxHeader } from '../../media/mp4/box.ts';
import { writeFreeSpace } from '../../media/mp4/boxes/free-space.ts';
import { readSegmentIndex, writeSegmentIndex } from '../../media/mp4/boxes/segment-index.ts';
import { ByteReader } from '../../media/mp4/byte-reader.ts';
import { ByteWriter } from '../../media/mp4/byte-writer.ts';
import { type RecordedMovie, writeInit } from '../../media/mp4/cmaf-header.ts';
import { type Ticks, type Timescale, ticks } from '../../media/time.ts';
import type { Track } from '../../media/track.ts';
import { GroupIndex, MAX_GROUPS } from './group-index.ts';

/** `sidx` of version 1 without its references, and one reference (ISO/IEC 14496-12 §8.16.3). */
const INDEX_SIZE = 40;
const REFERENCE_SIZE = 12;
const BOX_HEADER = 8;
/** Room for a full index and the `free` box behind it. */
const RESERVE = INDEX_SIZE + REFERENCE_SIZE * MAX_GROUPS + BOX_HEADER;

/** `ftyp moov free`: how a recording begins. Its size is the same whatever `movie` says. */
export function writeRecordingHeader(tracks: readonly Track[], movie: RecordedMovie): Uint8Array {
  const init = writeInit(tracks, movie);
  const writer = new ByteWriter(init.byteLength + RESERVE);
  writer.append(init);
  writeFreeSpace(writer, RESERVE - BOX_HEADER);
  return writer.finish();
}

/** Where the index of a file goes, and what it says. */
export interface RecordingIndex {
  readonly groups: GroupIndex;
  readonly trackId: number;
  readonly timescale: Timescale;
  /** Of the file, on the track's timeline. */
  readonly startAt: Ticks;
  /** Bytes of the file. */
  readonly endOffset: number;
  /** Where the media ends, on the track's timeline. */
  readonly end: Ticks;
}

/** `moov` and the reserve as they are to be written over a file's start: the `sidx`, and a `free` for the rest. */
export function writeRecordingIndex(
  tracks: readonly Track[],
  movie: RecordedMovie,
  index: RecordingIndex,
): Uint8Array {
  const references = index.groups.references(index.endOffset, index.end);
  const size = INDEX_SIZE + references.length * REFERENCE_SIZE;
  const init = writeInit(tracks, movie);
  const writer = new ByteWriter(init.byteLength + size + BOX_HEADER);
  writer.append(init);
  writeSegmentIndex(writer, {
    trackId: index.trackId,
    timescale: index.timescale,
    earliestPresentationTime: ticks(Math.max(0, index.groups.start - index.startAt)),
    firstOffset: RESERVE - size,
    references,
  });
  // Only the head of the box: its body is zeros already, or what is left of a longer index.
  writer.u32(RESERVE - size);
  writer.text('free');
  return writer.finish();
}

/** Where the index is in a file whose media begins at `headerSize`. */
export const indexPlace = (headerSize: number) => ({ offset: headerSize - RESERVE, size: RESERVE });

/**
 * Reads the index back from its place in a file. What is not one (a crash came before it, or in the middle of it) is an
 * index without groups.
 */
export function readRecordingIndex(
  bytes: Uint8Array,
  file: { readonly headerSize: number; readonly startAt: Ticks; readonly endOffset: number },
): GroupIndex {
  try {
    const { type, size, headerSize } = readBoxHeader(new ByteReader(bytes, 'header'));
    if (type !== 'sidx' || size > bytes.byteLength) return new GroupIndex();
    const index = readSegmentIndex(new ByteReader(bytes.subarray(headerSize, size), type));
    const start = ticks(index.earliestPresentationTime + file.startAt);
    return GroupIndex.restore(index.references, { offset: file.headerSize, start }, file.endOffset);
  } catch (error) {
    if (error instanceof MediaError) return new GroupIndex();
    throw error;
  }
}
