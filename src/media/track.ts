import type { Timescale } from './time.ts';

/**
 * Video codecs that MP4 carries and this project reads. No browser plays VP8 in segments of MP4: it is recorded, and shown
 * as H.264.
 */
export type VideoCodec = 'avc' | 'hevc' | 'vp8' | 'vp9' | 'av1';

/** Audio codecs that CMAF carries and this project reads. */
export type AudioCodec = 'opus' | 'aac';

interface TrackBase {
  /** RFC 6381 codec string: `avc1.42c01f`, `vp08.00.10.08`, `vp09.00.10.08`, `av01.0.04M.08`, `opus`, `mp4a.40.2`. */
  readonly codecString: string;
  /** The clock of this track's samples. */
  readonly timescale: Timescale;
  /**
   * The codec configuration record, without a box header: the body of `avcC`, `hvcC`, `vpcC` (from the version
   * byte on), `av1C` or `dOps`; for AAC the AudioSpecificConfig.
   */
  readonly configuration: Uint8Array;
}

/** A video elementary stream. */
export interface VideoTrack extends TrackBase {
  readonly kind: 'video';
  readonly codec: VideoCodec;
  /** Coded picture size in pixels, after cropping. */
  readonly width: number;
  readonly height: number;
}

/** An audio elementary stream. */
export interface AudioTrack extends TrackBase {
  readonly kind: 'audio';
  readonly codec: AudioCodec;
  /** Samples in a second; Opus is always 48000. */
  readonly sampleRate: number;
  readonly channels: number;
}

/** One elementary stream of a publisher or of a broadcast. Immutable: a change makes a new one. */
export type Track = VideoTrack | AudioTrack;
