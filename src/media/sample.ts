import type { Ticks } from './time.ts';
import type { Track } from './track.ts';

/** One encoded access unit (a frame of video, a packet of audio) in MP4 form: H.264 and HEVC length-prefixed. */
export interface Sample {
  /** Decode time in the track's ticks; goes back within a track only where the publisher's clock was set anew. */
  readonly dts: Ticks;
  /** Presentation time in the track's ticks. */
  readonly pts: Ticks;
  /** In the track's ticks; 0 when the container does not say and only the next sample tells. */
  readonly duration: Ticks;
  /** Decoding can start here. True for every audio sample. */
  readonly keyframe: boolean;
  /** A view of the demuxer's bytes: valid for as long as it is held, never to be written to. */
  readonly data: Uint8Array;
}

/** Where another demuxer can go on with the same stream: see `SampleSink.restartPoint`. */
export interface RestartPoint {
  /** Of the stream's bytes: what a new demuxer is given first. */
  readonly header: number;
  /** The byte of the stream that it goes on from, after `skipTo`. */
  readonly offset: number;
}

/** What a demuxer calls, synchronously and in the order of the stream. */
export interface SampleSink {
  /**
   * The tracks, before the first sample and again whenever any of them changed (a codec or size change). A
   * track keeps its position in the list.
   */
  tracks(tracks: readonly Track[]): void;
  /** One sample of the track at that position. */
  sample(track: number, sample: Sample): void;
  /**
   * A new demuxer that is given the stream's header and then what begins at `offset` emits the samples that follow
   * this call, tracks before them. True only where the first sample of video to follow is a keyframe.
   */
  restartPoint?(point: RestartPoint): void;
}
