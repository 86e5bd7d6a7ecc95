import { MediaError } from '../media-error.ts';
import { FragmentRun, measureRun, type SampleDefaults } from './fragment-run.ts';
import type { MovieFragment, TrackFragment } from './movie-fragment.ts';
import type { TrackReader } from './track-reader.ts';

/** Positions in the stream that a fragment's data offsets may count from (ISO/IEC 14496-12 §8.8.7.1). */
export interface FragmentPlace {
  /** Where the file began: for `base-data-offset`. */
  readonly fileStart: number;
  readonly moofStart: number;
  readonly moofEnd: number;
}

const COMPACT_HEADER = 8;

/** The samples that a fragment announces, and moves the tracks' clocks on. Throws MediaError `container-malformed`. */
export function fragmentRuns(
  fragment: MovieFragment,
  tracks: readonly TrackReader[],
  place: FragmentPlace,
): FragmentRun[] {
  const runs: FragmentRun[] = [];
  let end = place.moofStart;
  for (const source of fragment.tracks) {
    const track = tracks.find((candidate) => candidate.id === source.header.trackId);
    end = addTrackRuns(runs, source, track, baseOf(source, place, end), place);
  }
  return runs;
}

/** Without an offset of its own and without default-base-is-moof, a track's data follows that of the one before. */
function baseOf(source: TrackFragment, place: FragmentPlace, endOfPrevious: number): number {
  const { baseDataOffset, defaultBaseIsMoof } = source.header;
  if (baseDataOffset !== undefined) return place.fileStart + baseDataOffset;
  return defaultBaseIsMoof ? place.moofStart : endOfPrevious;
}

/** Adds the runs of a track, which may be one that is not read, and answers where its data ends. */
function addTrackRuns(
  runs: FragmentRun[],
  source: TrackFragment,
  track: TrackReader | undefined,
  base: number,
  place: FragmentPlace,
): number {
  const defaults = sampleDefaults(source, track);
  if (track && source.decodeTime !== undefined) track.clock = source.decodeTime;
  // A first run without an offset would start at the moof itself; what is meant is the mdat behind it.
  let end = base === place.moofStart ? place.moofEnd + COMPACT_HEADER : base;
  for (const run of source.runs) {
    const offset = run.dataOffset === undefined ? end : base + run.dataOffset;
    const { duration, size } = measureRun(run, defaults);
    end = offset + size;
    if (!track) continue;
    runs.push(new FragmentRun(track, run, defaults, offset, track.clock));
    track.clock += duration;
    if (!Number.isSafeInteger(track.clock)) {
      throw new MediaError('container-malformed', 'The times of an MP4 track are beyond 2^53 ticks.');
    }
  }
  return end;
}

function sampleDefaults(source: TrackFragment, track: TrackReader | undefined): SampleDefaults {
  const { header } = source;
  const movie = track?.defaults;
  return {
    duration: header.sampleDuration ?? movie?.sampleDuration ?? 0,
    size: header.sampleSize ?? movie?.sampleSize ?? 0,
    flags: header.sampleFlags ?? movie?.sampleFlags ?? 0,
    sampleDescription: header.sampleDescription ?? movie?.sampleDescription ?? 1,
  };
}
