import { type Ticks, ticks } from '../../time.ts';
import { readFullBoxHeader } from '../box.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';

/** TrackExtendsBox, `trex` (ISO/IEC 14496-12 §8.8.3): what a track's fragments leave out. */
export interface TrackExtends {
  readonly trackId: number;
  /** Counted from 1. */
  readonly sampleDescription: number;
  readonly sampleDuration: number;
  readonly sampleSize: number;
  /** See `sample-flags.ts`. */
  readonly sampleFlags: number;
}

/** Writes a `trex`. */
export function writeTrackExtends(writer: ByteWriter, box: TrackExtends): void {
  const mark = writer.openFull('trex', 0, 0);
  writer.u32(box.trackId);
  writer.u32(box.sampleDescription);
  writer.u32(box.sampleDuration);
  writer.u32(box.sampleSize);
  writer.u32(box.sampleFlags);
  writer.close(mark);
}

/** Reads the body of a `trex`. */
export function readTrackExtends(reader: ByteReader): TrackExtends {
  readFullBoxHeader(reader);
  return {
    trackId: reader.u32(),
    sampleDescription: reader.u32(),
    sampleDuration: reader.u32(),
    sampleSize: reader.u32(),
    sampleFlags: reader.u32(),
  };
}

/** MovieExtendsHeaderBox, `mehd` (ISO/IEC 14496-12 §8.8.2): the length of a finished fragmented movie. */
export function writeMovieExtendsHeader(writer: ByteWriter, fragmentDuration: Ticks): void {
  const mark = writer.openFull('mehd', 1, 0);
  writer.u64(fragmentDuration);
  writer.close(mark);
}

/** Reads the body of a `mehd`: the duration on the movie's timescale. */
export function readMovieExtendsHeader(reader: ByteReader): Ticks {
  return ticks(readFullBoxHeader(reader).version === 1 ? reader.u64() : reader.u32());
}
