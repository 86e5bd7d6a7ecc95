import { type Ticks, ticks } from '../time.ts';
import { childBoxes, required } from './box.ts';
import { type ProducerReferenceTime, readProducerReferenceTime } from './boxes/producer-reference-time.ts';
import { ByteReader } from './byte-reader.ts';
import { measureRun } from './fragment-run.ts';
import { readMovieFragment, type TrackFragment } from './movie-fragment.ts';

/** What a chunk's bytes say of it, without its init segment: times are in ticks of its track. */
export interface ChunkSummary {
  readonly trackId: number;
  readonly decodeTime: Ticks;
  readonly duration: Ticks;
  /** The wall clock of its media: on video keyframes, and at the cuts of a broadcast without video. */
  readonly referenceTime: ProducerReferenceTime | undefined;
}

/**
 * Reads a chunk that `writeChunk` made. Small enough for a player: it pulls in no demuxer and no codec. Throws
 * MediaError `container-malformed`.
 */
export function readChunk(bytes: Uint8Array): ChunkSummary {
  let referenceTime: ProducerReferenceTime | undefined;
  let track: TrackFragment | undefined;
  for (const box of childBoxes(new ByteReader(bytes, 'chunk'))) {
    if (box.name === 'prft') referenceTime = readProducerReferenceTime(box);
    if (box.name === 'moof') track = readMovieFragment(box).tracks[0];
  }
  const { header, decodeTime, runs } = required(track, 'traf', 'chunk');
  const defaults = { duration: header.sampleDuration ?? 0, size: 0, flags: 0, sampleDescription: 1 };
  const duration = runs.reduce((sum, run) => sum + measureRun(run, defaults).duration, 0);
  return {
    trackId: header.trackId,
    decodeTime: decodeTime ?? ticks(0),
    duration: ticks(duration),
    referenceTime,
  };
}
