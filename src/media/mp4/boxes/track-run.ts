import { MediaError } from '../../media-error.ts';
import { readFullBoxHeader } from '../box.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';

/** What a line of a track run's table says of a sample. */
export interface TrackRunSample {
  readonly duration: number;
  readonly compositionOffset: number;
  readonly data: Uint8Array;
}

/** TrackRunBox, `trun` (ISO/IEC 14496-12 §8.8.8), its table not yet read: it may be long. */
export interface TrackRun {
  readonly version: number;
  readonly flags: number;
  readonly sampleCount: number;
  /** From the base that `tfhd` names. */
  readonly dataOffset: number | undefined;
  readonly firstSampleFlags: number | undefined;
  /** `sampleCount` lines of {@link trackRunStride} bytes. */
  readonly table: Uint8Array;
}

/** data-offset-present. */
export const RUN_DATA_OFFSET = 0x000001;
/** first-sample-flags-present. */
export const RUN_FIRST_SAMPLE_FLAGS = 0x000004;
/** sample-duration-present. */
export const RUN_DURATION = 0x000100;
/** sample-size-present. */
export const RUN_SIZE = 0x000200;
/** sample-flags-present. */
export const RUN_FLAGS = 0x000400;
/** sample-composition-time-offsets-present. */
export const RUN_COMPOSITION_OFFSET = 0x000800;

const HEADER_SIZE = 16;

/** Bytes of one line of the table. */
export function trackRunStride(flags: number): number {
  let stride = 0;
  if (flags & RUN_DURATION) stride += 4;
  if (flags & RUN_SIZE) stride += 4;
  if (flags & RUN_FLAGS) stride += 4;
  if (flags & RUN_COMPOSITION_OFFSET) stride += 4;
  return stride;
}

/** Bytes of a whole `trun` with these flags. */
export function trackRunSize(flags: number, samples: number): number {
  const fields = (flags & RUN_DATA_OFFSET ? 4 : 0) + (flags & RUN_FIRST_SAMPLE_FLAGS ? 4 : 0);
  return HEADER_SIZE + fields + samples * trackRunStride(flags);
}

/** Writes a `trun` of version 1 (signed composition offsets) with just the fields that its flags name. */
export function writeTrackRun(
  writer: ByteWriter,
  flags: number,
  dataOffset: number,
  firstSampleFlags: number,
  samples: readonly TrackRunSample[],
): void {
  const mark = writer.openFull('trun', 1, flags);
  writer.u32(samples.length);
  if (flags & RUN_DATA_OFFSET) writer.i32(dataOffset);
  if (flags & RUN_FIRST_SAMPLE_FLAGS) writer.u32(firstSampleFlags);
  for (const sample of samples) {
    if (flags & RUN_DURATION) writer.u32(sample.duration);
    if (flags & RUN_SIZE) writer.u32(sample.data.length);
    if (flags & RUN_COMPOSITION_OFFSET) writer.i32(sample.compositionOffset);
  }
  writer.close(mark);
}

/** Reads the body of a `trun`; throws `container-malformed` when its table is shorter than it says. */
export function readTrackRun(reader: ByteReader): TrackRun {
  const { version, flags } = readFullBoxHeader(reader);
  const sampleCount = reader.u32();
  const dataOffset = flags & RUN_DATA_OFFSET ? reader.i32() : undefined;
  const firstSampleFlags = flags & RUN_FIRST_SAMPLE_FLAGS ? reader.u32() : undefined;
  const length = sampleCount * trackRunStride(flags);
  if (length > reader.remaining) {
    throw new MediaError('container-malformed', `A track run says ${sampleCount} samples and lists fewer.`);
  }
  return { version, flags, sampleCount, dataOffset, firstSampleFlags, table: reader.take(length) };
}
