import { type Ticks, type Timescale, ticks, timescale } from '../../time.ts';
import { readFullBoxHeader } from '../box.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { skipMatrix, writeUnityMatrix } from './unity-matrix.ts';

/** MovieHeaderBox, `mvhd` (ISO/IEC 14496-12 §8.2.2): the clock of the whole presentation. */
export interface MovieHeader {
  readonly timescale: Timescale;
  /** 0 in a live stream. */
  readonly duration: Ticks;
  readonly nextTrackId: number;
}

const RATE_1 = 0x00010000;
const VOLUME_1 = 0x0100;

/** Writes it at normal rate and volume, unrotated, without dates (a server has no reason to tell). */
export function writeMovieHeader(writer: ByteWriter, box: MovieHeader): void {
  const long = isLongDuration(box.duration);
  const mark = writer.openFull('mvhd', long ? 1 : 0, 0);
  writer.zeros(long ? 16 : 8);
  writer.u32(box.timescale);
  if (long) writer.u64(box.duration);
  else writer.u32(box.duration);
  writer.u32(RATE_1);
  writer.u16(VOLUME_1);
  writer.zeros(10);
  writeUnityMatrix(writer);
  writer.zeros(24);
  writer.u32(box.nextTrackId);
  writer.close(mark);
}

/** Whether a duration takes the 64 bits of a header of version 1; all ones in 32 would mean "not known". */
export const isLongDuration = (duration: Ticks): boolean => duration >= 0xffffffff;

/** Reads the body of an `mvhd`, version 0 or 1. */
export function readMovieHeader(reader: ByteReader): MovieHeader {
  const long = readFullBoxHeader(reader).version === 1;
  reader.skip(long ? 16 : 8);
  const scale = timescale(reader.u32());
  // All ones means "not known" in either width, and need not be a safe number.
  const duration = long ? readLongDuration(reader) : reader.u32();
  reader.skip(16);
  skipMatrix(reader);
  reader.skip(24);
  return { timescale: scale, duration: ticks(duration), nextTrackId: reader.u32() };
}

/** A 64-bit duration, 0 where it is all ones: "not known" (§8.2.2.3, §8.3.2.3, §8.4.2.3). */
export function readLongDuration(reader: ByteReader): number {
  const high = reader.u32();
  const low = reader.u32();
  return high === 0xffffffff && low === 0xffffffff ? 0 : high * 2 ** 32 + low;
}
