import { type Ticks, type Timescale, ticks, timescale } from '../../time.ts';
import { readFullBoxHeader } from '../box.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';

/** A stretch of a file that a {@link SegmentIndex} points at. */
export interface SegmentReference {
  readonly size: number;
  readonly duration: Ticks;
  readonly startsWithKeyframe: boolean;
}

/** SegmentIndexBox, `sidx` (ISO/IEC 14496-12 §8.16.3), pointing at media, not at further indexes. */
export interface SegmentIndex {
  readonly trackId: number;
  readonly timescale: Timescale;
  readonly earliestPresentationTime: Ticks;
  /** From the end of this box to the first byte pointed at. */
  readonly firstOffset: number;
  readonly references: readonly SegmentReference[];
}

/** starts_with_SAP with SAP_type 1. */
const STARTS_WITH_SAP = 0x90000000;
const SIZE_MASK = 0x7fffffff;

/** Writes a `sidx` of version 1. */
export function writeSegmentIndex(writer: ByteWriter, box: SegmentIndex): void {
  const mark = writer.openFull('sidx', 1, 0);
  writer.u32(box.trackId);
  writer.u32(box.timescale);
  writer.u64(box.earliestPresentationTime);
  writer.u64(box.firstOffset);
  writer.zeros(2);
  writer.u16(box.references.length);
  for (const reference of box.references) {
    writer.u32(reference.size);
    writer.u32(reference.duration);
    writer.u32(reference.startsWithKeyframe ? STARTS_WITH_SAP : 0);
  }
  writer.close(mark);
}

/** Reads the body of a `sidx`, version 0 or 1. */
export function readSegmentIndex(reader: ByteReader): SegmentIndex {
  const long = readFullBoxHeader(reader).version === 1;
  const trackId = reader.u32();
  const scale = timescale(reader.u32());
  const earliestPresentationTime = ticks(long ? reader.u64() : reader.u32());
  const firstOffset = long ? reader.u64() : reader.u32();
  reader.skip(2);
  const count = reader.u16();
  const references: SegmentReference[] = [];
  for (let i = 0; i < count; i++) {
    const size = reader.u32() & SIZE_MASK;
    const duration = ticks(reader.u32());
    references.push({ size, duration, startsWithKeyframe: reader.u32() >>> 31 === 1 });
  }
  return { trackId, timescale: scale, earliestPresentationTime, firstOffset, references };
}
