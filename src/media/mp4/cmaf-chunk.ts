import type { Ticks } from '../time.ts';
import {
  PRFT_SIZE,
  type ProducerReferenceTime,
  writeProducerReferenceTime,
} from './boxes/producer-reference-time.ts';
import { SYNC_SAMPLE_FLAGS } from './boxes/sample-flags.ts';
import {
  writeDecodeTime,
  writeMovieFragmentHeader,
  writeTrackFragmentHeader,
} from './boxes/track-fragment.ts';
import {
  RUN_COMPOSITION_OFFSET,
  RUN_DATA_OFFSET,
  RUN_DURATION,
  RUN_FIRST_SAMPLE_FLAGS,
  RUN_SIZE,
  trackRunSize,
  writeTrackRun,
} from './boxes/track-run.ts';
import { ByteWriter } from './byte-writer.ts';

/** A sample as a chunk takes it. */
export interface ChunkSample {
  readonly duration: Ticks;
  /** Presentation time less decode time. */
  readonly compositionOffset: Ticks;
  readonly data: Uint8Array;
}

/** What a chunk is, beside its samples. */
export interface ChunkHeader {
  readonly trackId: number;
  /** Of the whole stream, ever growing. */
  readonly sequence: number;
  /** Decode time of the first sample. */
  readonly decodeTime: Ticks;
  /** The first sample is a video keyframe. All other samples are what the header says of their track. */
  readonly keyframe: boolean;
  readonly referenceTime: ProducerReferenceTime | undefined;
}

const BOX_HEADER = 8;
const MFHD_SIZE = 16;
const TFDT_SIZE = 20;
/** `tfhd` with nothing but its track. */
const TFHD_SIZE = 16;

/** Answers that many zeros, which are the caller's own. */
export type Allocate = (size: number) => Uint8Array;

/**
 * Writes a CMAF chunk (ISO/IEC 23000-19 §7.3.2.3), `[prft] moof mdat`, for the tracks of a `writeInit` header: one
 * allocation, one copy of the samples' bytes. Whatever all samples have in common is said once.
 */
export function writeChunk(
  header: ChunkHeader,
  samples: readonly ChunkSample[],
  allocate: Allocate = allocateAlone,
): Uint8Array {
  const first = samples[0];
  let flags = RUN_DATA_OFFSET | (header.keyframe ? RUN_FIRST_SAMPLE_FLAGS : 0);
  let dataSize = 0;
  for (const sample of samples) {
    dataSize += sample.data.length;
    if (sample.duration !== first?.duration) flags |= RUN_DURATION;
    if (sample.data.length !== first?.data.length) flags |= RUN_SIZE;
    if (sample.compositionOffset !== 0) flags |= RUN_COMPOSITION_OFFSET;
  }
  const commonDuration = flags & RUN_DURATION ? undefined : first?.duration;
  const commonSize = flags & RUN_SIZE ? undefined : first?.data.length;
  const tfhdSize = TFHD_SIZE + (commonDuration === undefined ? 0 : 4) + (commonSize === undefined ? 0 : 4);
  const trafSize = BOX_HEADER + tfhdSize + TFDT_SIZE + trackRunSize(flags, samples.length);
  const moofSize = BOX_HEADER + MFHD_SIZE + trafSize;
  const size = (header.referenceTime ? PRFT_SIZE : 0) + moofSize + BOX_HEADER + dataSize;
  const writer = new ByteWriter(allocate(size));
  if (header.referenceTime) writeProducerReferenceTime(writer, header.referenceTime);
  const moof = writer.open('moof');
  writeMovieFragmentHeader(writer, header.sequence);
  const traf = writer.open('traf');
  writeTrackFragmentHeader(writer, {
    trackId: header.trackId,
    sampleDuration: commonDuration,
    sampleSize: commonSize,
    defaultBaseIsMoof: true,
  });
  writeDecodeTime(writer, header.decodeTime);
  writeTrackRun(writer, flags, moofSize + BOX_HEADER, SYNC_SAMPLE_FLAGS, samples);
  writer.close(traf);
  writer.close(moof);
  const mdat = writer.open('mdat');
  for (const sample of samples) writer.append(sample.data);
  writer.close(mdat);
  return writer.finish();
}

const allocateAlone: Allocate = (size) => new Uint8Array(size);
