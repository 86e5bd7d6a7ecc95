import type { Ticks } from '../time.ts';
import { childBoxes, required } from './box.ts';
import {
  readDecodeTime,
  readMovieFragmentHeader,
  readTrackFragmentHeader,
  type TrackFragmentHeader,
} from './boxes/track-fragment.ts';
import { readTrackRun, type TrackRun } from './boxes/track-run.ts';
import type { ByteReader } from './byte-reader.ts';

/** MovieFragmentBox, `moof` (ISO/IEC 14496-12 §8.8.4): what the `mdat` after it holds. */
export interface MovieFragment {
  readonly sequence: number;
  readonly tracks: readonly TrackFragment[];
}

/** TrackFragmentBox, `traf` (ISO/IEC 14496-12 §8.8.6). */
export interface TrackFragment {
  readonly header: TrackFragmentHeader;
  /** `tfdt`; without it the track goes on where it ended. */
  readonly decodeTime: Ticks | undefined;
  readonly runs: readonly TrackRun[];
}

/** Reads the body of a `moof`. Throws MediaError `container-malformed`. */
export function readMovieFragment(reader: ByteReader): MovieFragment {
  let sequence = 0;
  const tracks: TrackFragment[] = [];
  for (const box of childBoxes(reader)) {
    if (box.name === 'mfhd') sequence = readMovieFragmentHeader(box);
    if (box.name === 'traf') tracks.push(readTrackFragment(box));
  }
  return { sequence, tracks };
}

function readTrackFragment(traf: ByteReader): TrackFragment {
  let header: TrackFragmentHeader | undefined;
  let decodeTime: Ticks | undefined;
  const runs: TrackRun[] = [];
  for (const box of childBoxes(traf)) {
    if (box.name === 'tfhd') header = readTrackFragmentHeader(box);
    if (box.name === 'tfdt') decodeTime = readDecodeTime(box);
    if (box.name === 'trun') runs.push(readTrackRun(box));
  }
  return { header: required(header, 'tfhd', 'traf'), decodeTime, runs };
}
