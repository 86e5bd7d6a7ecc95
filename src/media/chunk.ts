import type { Milliseconds, Ticks, Timescale } from './time.ts';
import type { Track } from './track.ts';

/**
 * A CMAF chunk (ISO/IEC 23000-19 §7.3.2.3): `[prft] moof mdat` with one or more samples of one track. The
 * currency of the whole system; its bytes are immutable and shared by every viewer, file and relay.
 */
export interface Chunk {
  readonly kind: Track['kind'];
  /** `track_ID` in its epoch's init segment: 1 video, 2 audio. */
  readonly trackId: number;
  /** Ticks in a second of `dts` and `duration`. */
  readonly timescale: Timescale;
  /** Decode time of the first sample on the broadcast's timeline (`baseMediaDecodeTime`). */
  readonly dts: Ticks;
  /** Sum of its samples' durations. */
  readonly duration: Ticks;
  /** How many samples it holds. */
  readonly samples: number;
  /** Its first sample is one that decoding can start at. */
  readonly keyframe: boolean;
  /** A new group starts here: a video keyframe, or a regular cut in a broadcast without video. */
  readonly startsGroup: boolean;
  /** Server wall clock, ms since 1970, when its first sample was captured, or arrived where that is not known. */
  readonly wallClock: Milliseconds;
  readonly bytes: Uint8Array;
}

/** A stretch of one broadcast under one codec configuration. */
export interface Epoch {
  /** 0 for the first of a broadcast, then counting up. */
  readonly index: number;
  /** In the order of their track ids, on the timescales of the chunks. */
  readonly tracks: readonly Track[];
  /** `ftyp` + `moov`: the CMAF header for every track, immutable. */
  readonly init: Uint8Array;
  /**
   * Another publisher session than before it goes on with the broadcast: what lies between may be missing. Else it
   * follows from what came before.
   */
  readonly startsSession?: boolean | undefined;
  /** For MediaSource: `video/mp4; codecs="avc1.42c01f,opus"`. */
  readonly mime: string;
}

/** Takes what the packager makes. Epoch before its chunks, chunks of each track in order. */
export interface ChunkSink {
  epoch(epoch: Epoch): void;
  chunk(chunk: Chunk): void;
}

/** `track_ID` of video in every init segment. */
export const VIDEO_TRACK_ID = 1;
/** `track_ID` of audio in every init segment. */
export const AUDIO_TRACK_ID = 2;
