import { type Ticks, type Timescale, ticks, timescale } from '../../time.ts';
import { readFullBoxHeader } from '../box.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { isLongDuration, readLongDuration } from './movie-header.ts';

/** MediaHeaderBox, `mdhd` (ISO/IEC 14496-12 §8.4.2): the clock of a track. */
export interface MediaHeader {
  readonly timescale: Timescale;
  /** 0 in a live stream. */
  readonly duration: Ticks;
}

/** ISO 639-2 "und", five bits a letter: the language is not known. */
const LANGUAGE_UNDETERMINED = 0x55c4;

/** Writes it with the language undetermined. */
export function writeMediaHeader(writer: ByteWriter, box: MediaHeader): void {
  const long = isLongDuration(box.duration);
  const mark = writer.openFull('mdhd', long ? 1 : 0, 0);
  writer.zeros(long ? 16 : 8);
  writer.u32(box.timescale);
  if (long) writer.u64(box.duration);
  else writer.u32(box.duration);
  writer.u16(LANGUAGE_UNDETERMINED);
  writer.zeros(2);
  writer.close(mark);
}

/** Reads the body of an `mdhd`, version 0 or 1. */
export function readMediaHeader(reader: ByteReader): MediaHeader {
  const long = readFullBoxHeader(reader).version === 1;
  reader.skip(long ? 16 : 8);
  const scale = timescale(reader.u32());
  const duration = ticks(long ? readLongDuration(reader) : reader.u32());
  return { timescale: scale, duration };
}
