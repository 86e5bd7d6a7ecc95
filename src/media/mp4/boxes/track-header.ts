import { type Ticks, ticks } from '../../time.ts';
import { readFullBoxHeader } from '../box.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { isLongDuration, readLongDuration } from './movie-header.ts';
import { skipMatrix, writeUnityMatrix } from './unity-matrix.ts';

/** TrackHeaderBox, `tkhd` (ISO/IEC 14496-12 §8.3.2). */
export interface TrackHeader {
  readonly trackId: number;
  /** On the movie's timescale; 0 in a live stream. */
  readonly duration: Ticks;
  readonly audible: boolean;
  /** As shown, in whole pixels; 0 for sound. */
  readonly width: number;
  readonly height: number;
}

/** track_enabled and track_in_movie. */
const FLAGS = 0x000003;
const VOLUME_1 = 0x0100;

/** Writes it as enabled and unrotated. */
export function writeTrackHeader(writer: ByteWriter, box: TrackHeader): void {
  const long = isLongDuration(box.duration);
  const mark = writer.openFull('tkhd', long ? 1 : 0, FLAGS);
  writer.zeros(long ? 16 : 8);
  writer.u32(box.trackId);
  writer.zeros(4);
  if (long) writer.u64(box.duration);
  else writer.u32(box.duration);
  writer.zeros(12);
  writer.u16(box.audible ? VOLUME_1 : 0);
  writer.zeros(2);
  writeUnityMatrix(writer);
  writer.u32(box.width * 65536);
  writer.u32(box.height * 65536);
  writer.close(mark);
}

/** Reads the body of a `tkhd`, version 0 or 1. */
export function readTrackHeader(reader: ByteReader): TrackHeader {
  const long = readFullBoxHeader(reader).version === 1;
  reader.skip(long ? 16 : 8);
  const trackId = reader.u32();
  reader.skip(4);
  const duration = ticks(long ? readLongDuration(reader) : reader.u32());
  reader.skip(12);
  const audible = reader.u16() > 0;
  reader.skip(2);
  skipMatrix(reader);
  return { trackId, duration, audible, width: reader.u32() >>> 16, height: reader.u32() >>> 16 };
}
