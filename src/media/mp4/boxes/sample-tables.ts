import { MediaError } from '../../media-error.ts';
import { readFullBoxHeader } from '../box.ts';
import { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';

/** The tables of a progressive file, read as they are walked; in a fragmented one they are empty. */

/** A run of samples that have a value in common: a line of `stts` or `ctts`. */
export interface RunLength {
  readonly count: number;
  readonly value: number;
}

/** A line of `stsc`: from this chunk (counted from 1) on, so many samples in a chunk. */
export interface ChunkRun {
  readonly firstChunk: number;
  readonly samplesPerChunk: number;
  /** Counted from 1. */
  readonly sampleDescription: number;
}

/** `stsz`: one size for all when `sampleSize` is not 0, else a table. */
export interface SampleSizes {
  readonly sampleSize: number;
  readonly count: number;
  readonly sizes: ByteReader;
}

/** A table box: its lines, not yet read. */
export interface Table {
  readonly version: number;
  readonly count: number;
  readonly lines: ByteReader;
}

/** Writes a table of 32-bit words: `stts`, `ctts`, `stss`, `stsc` or `stco`, all of version 0. */
export function writeTable(writer: ByteWriter, type: string, count: number, words: readonly number[]): void {
  const mark = writer.openFull(type, 0, 0);
  writer.u32(count);
  for (const word of words) writer.i32(word);
  writer.close(mark);
}

/** Writes `co64`, the chunk offsets of a file beyond 4 GiB (ISO/IEC 14496-12 §8.7.5). */
export function writeLargeChunkOffsets(writer: ByteWriter, offsets: readonly number[]): void {
  const mark = writer.openFull('co64', 0, 0);
  writer.u32(offsets.length);
  for (const offset of offsets) writer.u64(offset);
  writer.close(mark);
}

/** Writes `stsz` (ISO/IEC 14496-12 §8.7.3.2) with a size for each sample. */
export function writeSampleSizes(writer: ByteWriter, sizes: readonly number[]): void {
  const mark = writer.openFull('stsz', 0, 0);
  writer.u32(0);
  writer.u32(sizes.length);
  for (const size of sizes) writer.u32(size);
  writer.close(mark);
}

/** Reads the body of a table box whose lines have that many bytes. Throws when it is shorter than it says. */
export function readTable(reader: ByteReader, stride: number): Table {
  const { version } = readFullBoxHeader(reader);
  const count = reader.u32();
  return { version, count, lines: lines(reader, count * stride) };
}

/** Reads the next line of `stts` or `ctts` (ISO/IEC 14496-12 §8.6.1). */
export function readRunLength(table: ByteReader): RunLength {
  return { count: table.u32(), value: table.i32() };
}

/** Reads the next line of `stsc` (ISO/IEC 14496-12 §8.7.4). */
export function readChunkRun(table: ByteReader): ChunkRun {
  return { firstChunk: table.u32(), samplesPerChunk: table.u32(), sampleDescription: table.u32() };
}

/** Reads the body of `stsz`. */
export function readSampleSizes(reader: ByteReader): SampleSizes {
  readFullBoxHeader(reader);
  const sampleSize = reader.u32();
  const count = reader.u32();
  return { sampleSize, count, sizes: lines(reader, sampleSize === 0 ? count * 4 : 0) };
}

function lines(reader: ByteReader, length: number): ByteReader {
  if (length > reader.remaining) {
    throw new MediaError('container-malformed', `The MP4 table '${reader.name}' is shorter than it says.`);
  }
  return new ByteReader(reader.take(length), reader.name);
}
