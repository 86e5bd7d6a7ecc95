import type { ByteWriter } from './byte-writer.ts';
import { NumberList } from './number-list.ts';
import type { SampleIndex } from './sample-index.ts';

/** A chunk of one track: where it begins, counted from the file's first media byte, and its samples. */
interface PlacedChunk {
  readonly offset: number;
  readonly samples: number;
}

/** What a sample table is of. */
interface TableTrack {
  readonly handler: 'vide' | 'soun';
  /** The body of its `stsd`. */
  readonly sampleDescription: Uint8Array;
  readonly samples: SampleIndex;
}

/** Writes `stbl` (ISO/IEC 14496-12 §8.5.1); its chunks follow `start`, and take 64-bit offsets if `large`. */
export function writeSampleTable(
  writer: ByteWriter,
  track: TableTrack,
  chunks: Iterable<PlacedChunk>,
  start: number,
  large: boolean,
): void {
  const { samples, sampleDescription } = track;
  const stbl = writer.open('stbl');
  const stsd = writer.open('stsd');
  writer.append(sampleDescription);
  writer.close(stsd);
  writeRunLengths(writer, 'stts', 0, samples.durations);
  if (samples.reordered) {
    writeRunLengths(writer, 'ctts', samples.negativeOffsets ? 1 : 0, samples.compositionOffsets);
  }
  // Without the table every sample is one that decoding can start at (§8.6.2).
  if (samples.keyframes.length < samples.count) writeNumbers(writer, 'stss', samples.keyframes);
  writeSizes(writer, samples.sizes);
  writeChunks(writer, chunks, start, large);
  writer.close(stbl);
}

function writeRunLengths(
  writer: ByteWriter,
  type: string,
  version: number,
  { counts, values }: { readonly counts: NumberList; readonly values: NumberList },
): void {
  const mark = writer.openFull(type, version, 0);
  writer.u32(counts.length);
  for (let index = 0; index < counts.length; index += 1) {
    writer.u32(counts.at(index));
    writer.u32(values.at(index));
  }
  writer.close(mark);
}

function writeNumbers(writer: ByteWriter, type: string, numbers: NumberList): void {
  const mark = writer.openFull(type, 0, 0);
  writer.u32(numbers.length);
  for (let index = 0; index < numbers.length; index += 1) writer.u32(numbers.at(index));
  writer.close(mark);
}

function writeSizes(writer: ByteWriter, sizes: NumberList): void {
  const mark = writer.openFull('stsz', 0, 0);
  writer.u32(0);
  writer.u32(sizes.length);
  for (let index = 0; index < sizes.length; index += 1) writer.u32(sizes.at(index));
  writer.close(mark);
}

/** `stsc` and `stco` or `co64` (§8.7.4, §8.7.5). */
function writeChunks(writer: ByteWriter, chunks: Iterable<PlacedChunk>, start: number, large: boolean): void {
  const offsets: number[] = [];
  const firstChunks = new NumberList();
  const samplesPerChunk = new NumberList();
  for (const { offset, samples } of chunks) {
    offsets.push(start + offset);
    if (samplesPerChunk.last === samples) continue;
    firstChunks.push(offsets.length);
    samplesPerChunk.push(samples);
  }
  const stsc = writer.openFull('stsc', 0, 0);
  writer.u32(firstChunks.length);
  for (let index = 0; index < firstChunks.length; index += 1) {
    writer.u32(firstChunks.at(index));
    writer.u32(samplesPerChunk.at(index));
    writer.u32(1);
  }
  writer.close(stsc);
  const table = writer.openFull(large ? 'co64' : 'stco', 0, 0);
  writer.u32(offsets.length);
  for (const offset of offsets) {
    if (large) writer.u64(offset);
    else writer.u32(offset);
  }
  writer.close(table);
}
