import type { VideoConfiguration } from './configuration.ts';

/** One access unit in MP4 form. */
export interface AccessUnit {
  /** Decoding can start here, as the bitstream has it. */
  readonly keyframe: boolean;
  /** A view of what was given, or a fresh buffer where it had to be converted; empty when nothing is left. */
  readonly data: Uint8Array;
}

/** Follows one video track through its bitstream: its configuration, its keyframes, its MP4 form. */
export interface VideoReader {
  /** Undefined until the container or a keyframe told; another object after a keyframe that changed it. */
  readonly configuration: VideoConfiguration | undefined;
  /** How many frames may precede another in decoding order and follow it in output order. */
  readonly reorderFrames: number;
  /** Reads the next access unit. Throws MediaError `codec-malformed`. */
  read(unit: Uint8Array): AccessUnit;
}
