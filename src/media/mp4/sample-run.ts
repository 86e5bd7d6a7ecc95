import type { TrackReader } from './track-reader.ts';

/** Samples of one track in the order of their bytes, one at a time: where in the stream the next one is, and what it is. */
export interface SampleRun {
  readonly track: TrackReader;
  /** Position of the sample's first byte in the stream. */
  readonly offset: number;
  readonly size: number;
  /** On the track's clock, before its edit list. */
  readonly decodeTime: number;
  readonly duration: number;
  readonly compositionOffset: number;
  readonly keyframe: boolean;
  /** Which of the track's sample entries describes it, counted from 1. */
  readonly sampleDescription: number;
  /** Moves on to the next sample, at first to the first; false when there is none. */
  advance(): boolean;
}
