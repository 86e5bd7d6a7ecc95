import type { Ticks } from '../time.ts';
import { NON_SYNC_SAMPLE_FLAGS, SYNC_SAMPLE_FLAGS } from './boxes/sample-flags.ts';
import {
  writeDecodeTime,
  writeMovieFragmentHeader,
  writeTrackFragmentHeader,
} from './boxes/track-fragment.ts';
import {
  RUN_COMPOSITION_OFFSET,
  RUN_DATA_OFFSET,
  RUN_DURATION,
  RUN_FLAGS,
  RUN_SIZE,
} from './boxes/track-run.ts';
import { ByteWriter } from './byte-writer.ts';

/** What a fragment says of a sample. */
export interface ListedSample {
  readonly size: number;
  readonly duration: number;
  readonly compositionOffset: number;
  readonly keyframe: boolean;
}

const BOX_HEADER = 8;
const RUN_FIELDS = RUN_DATA_OFFSET | RUN_DURATION | RUN_SIZE | RUN_FLAGS | RUN_COMPOSITION_OFFSET;

/**
 * Writes a fragment of one track up to its media: `moof` and the head of the `mdat` (ISO/IEC 14496-12 §8.8.4), which the bytes
 * of the samples follow in their order.
 */
export function writeFragmentHead(
  trackId: number,
  sequence: number,
  decodeTime: Ticks,
  samples: readonly ListedSample[],
): Uint8Array {
  // Where the media begins depends on the length alone: a draft tells it.
  const draft = write(trackId, sequence, decodeTime, samples, 0);
  return write(trackId, sequence, decodeTime, samples, draft.byteLength);
}

function write(
  trackId: number,
  sequence: number,
  decodeTime: Ticks,
  samples: readonly ListedSample[],
  dataOffset: number,
): Uint8Array {
  const writer = new ByteWriter();
  const moof = writer.open('moof');
  writeMovieFragmentHeader(writer, sequence);
  const traf = writer.open('traf');
  writeTrackFragmentHeader(writer, { trackId, defaultBaseIsMoof: true });
  writeDecodeTime(writer, decodeTime);
  const trun = writer.openFull('trun', 1, RUN_FIELDS);
  writer.u32(samples.length);
  writer.i32(dataOffset);
  let bytes = 0;
  for (const { size, duration, compositionOffset, keyframe } of samples) {
    bytes += size;
    writer.u32(duration);
    writer.u32(size);
    writer.u32(keyframe ? SYNC_SAMPLE_FLAGS : NON_SYNC_SAMPLE_FLAGS);
    writer.i32(compositionOffset);
  }
  writer.close(trun);
  writer.close(traf);
  writer.close(moof);
  writer.u32(bytes + BOX_HEADER);
  writer.text('mdat');
  return writer.finish();
}
