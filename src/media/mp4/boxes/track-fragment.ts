import { type Ticks, ticks } from '../../time.ts';
import { readFullBoxHeader } from '../box.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';

/** TrackFragmentHeaderBox, `tfhd` (ISO/IEC 14496-12 §8.8.7). What is undefined is not in the box. */
export interface TrackFragmentHeader {
  readonly trackId: number;
  readonly baseDataOffset?: number | undefined;
  readonly sampleDescription?: number | undefined;
  readonly sampleDuration?: number | undefined;
  readonly sampleSize?: number | undefined;
  readonly sampleFlags?: number | undefined;
  /** Data offsets count from the start of the `moof`. */
  readonly defaultBaseIsMoof: boolean;
}

const BASE_DATA_OFFSET = 0x000001;
const SAMPLE_DESCRIPTION = 0x000002;
const SAMPLE_DURATION = 0x000008;
const SAMPLE_SIZE = 0x000010;
const SAMPLE_FLAGS = 0x000020;
const DEFAULT_BASE_IS_MOOF = 0x020000;

/** Writes a `tfhd` with just the fields that are given. */
export function writeTrackFragmentHeader(writer: ByteWriter, box: TrackFragmentHeader): void {
  let flags = box.defaultBaseIsMoof ? DEFAULT_BASE_IS_MOOF : 0;
  if (box.baseDataOffset !== undefined) flags |= BASE_DATA_OFFSET;
  if (box.sampleDescription !== undefined) flags |= SAMPLE_DESCRIPTION;
  if (box.sampleDuration !== undefined) flags |= SAMPLE_DURATION;
  if (box.sampleSize !== undefined) flags |= SAMPLE_SIZE;
  if (box.sampleFlags !== undefined) flags |= SAMPLE_FLAGS;
  const mark = writer.openFull('tfhd', 0, flags);
  writer.u32(box.trackId);
  if (box.baseDataOffset !== undefined) writer.u64(box.baseDataOffset);
  if (box.sampleDescription !== undefined) writer.u32(box.sampleDescription);
  if (box.sampleDuration !== undefined) writer.u32(box.sampleDuration);
  if (box.sampleSize !== undefined) writer.u32(box.sampleSize);
  if (box.sampleFlags !== undefined) writer.u32(box.sampleFlags);
  writer.close(mark);
}

/** Reads the body of a `tfhd`. */
export function readTrackFragmentHeader(reader: ByteReader): TrackFragmentHeader {
  const { flags } = readFullBoxHeader(reader);
  return {
    trackId: reader.u32(),
    baseDataOffset: flags & BASE_DATA_OFFSET ? reader.u64() : undefined,
    sampleDescription: flags & SAMPLE_DESCRIPTION ? reader.u32() : undefined,
    sampleDuration: flags & SAMPLE_DURATION ? reader.u32() : undefined,
    sampleSize: flags & SAMPLE_SIZE ? reader.u32() : undefined,
    sampleFlags: flags & SAMPLE_FLAGS ? reader.u32() : undefined,
    defaultBaseIsMoof: (flags & DEFAULT_BASE_IS_MOOF) !== 0,
  };
}

/** TrackFragmentBaseMediaDecodeTimeBox, `tfdt` (ISO/IEC 14496-12 §8.8.12), version 1: 64 bits, as CMAF wants. */
export function writeDecodeTime(writer: ByteWriter, decodeTime: Ticks): void {
  const mark = writer.openFull('tfdt', 1, 0);
  writer.u64(decodeTime);
  writer.close(mark);
}

/** Reads the body of a `tfdt`, version 0 or 1. */
export function readDecodeTime(reader: ByteReader): Ticks {
  return ticks(readFullBoxHeader(reader).version === 1 ? reader.u64() : reader.u32());
}

/** MovieFragmentHeaderBox, `mfhd` (ISO/IEC 14496-12 §8.8.5): the fragment's number, ever growing. */
export function writeMovieFragmentHeader(writer: ByteWriter, sequence: number): void {
  const mark = writer.openFull('mfhd', 0, 0);
  writer.u32(sequence);
  writer.close(mark);
}

/** Reads the body of an `mfhd`: its sequence number. */
export function readMovieFragmentHeader(reader: ByteReader): number {
  readFullBoxHeader(reader);
  return reader.u32();
}
