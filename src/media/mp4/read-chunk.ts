import type { Chunk } from '../chunk.ts';
import { type Ticks, ticks } from '../time.ts';
import { childBoxes, required } from './box.ts';
import { readTrackFragmentHeader, type TrackFragmentHeader } from './boxes/track-fragment.ts';
import {
  RUN_COMPOSITION_OFFSET,
  RUN_DURATION,
  RUN_FLAGS,
  RUN_SIZE,
  readTrackRun,
  type TrackRun,
} from './boxes/track-run.ts';
import { ByteReader } from './byte-reader.ts';

/** A sample of a chunk, on the broadcast's timeline. */
export interface ReadChunkSample {
  readonly dts: Ticks;
  readonly duration: Ticks;
  /** Presentation time less decode time. */
  readonly compositionOffset: Ticks;
  readonly keyframe: boolean;
  /** A view of the chunk. */
  readonly data: Uint8Array;
}

/** Takes the samples out of a chunk of `writeChunk`. Throws MediaError `container-malformed` for what is none. */
export function readChunk(chunk: Chunk): ReadChunkSample[] {
  let header: TrackFragmentHeader | undefined;
  let run: TrackRun | undefined;
  let media: Uint8Array | undefined;
  for (const box of childBoxes(new ByteReader(chunk.bytes, 'chunk'))) {
    if (box.name === 'mdat') media = box.rest();
    if (box.name !== 'moof') continue;
    for (const child of childBoxes(box)) {
      if (child.name !== 'traf') continue;
      for (const leaf of childBoxes(child)) {
        if (leaf.name === 'tfhd') header = readTrackFragmentHeader(leaf);
        if (leaf.name === 'trun') run = readTrackRun(leaf);
      }
    }
  }
  return readRun(
    chunk,
    required(header, 'tfhd', 'traf'),
    required(run, 'trun', 'traf'),
    new ByteReader(required(media, 'mdat', 'chunk'), 'mdat'),
  );
}

function readRun(
  { dts: start, kind, keyframe }: Chunk,
  header: TrackFragmentHeader,
  { flags, sampleCount, table }: TrackRun,
  media: ByteReader,
): ReadChunkSample[] {
  const lines = new ByteReader(table, 'trun');
  const samples: ReadChunkSample[] = [];
  let dts = start;
  for (let index = 0; index < sampleCount; index++) {
    const duration = ticks(flags & RUN_DURATION ? lines.u32() : (header.sampleDuration ?? 0));
    const size = flags & RUN_SIZE ? lines.u32() : (header.sampleSize ?? 0);
    if (flags & RUN_FLAGS) lines.skip(4);
    const compositionOffset = ticks(flags & RUN_COMPOSITION_OFFSET ? lines.i32() : 0);
    const isKeyframe = kind === 'audio' || (keyframe && index === 0);
    samples.push({ dts, duration, compositionOffset, keyframe: isKeyframe, data: media.take(size) });
    dts = ticks(dts + duration);
  }
  return samples;
}
