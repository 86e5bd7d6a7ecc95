import { sameBytes, type VideoConfiguration } from './configuration.ts';
import type { AccessUnit, VideoReader } from './video-reader.ts';
import { type VpCodec, writeVpConfiguration } from './vp-configuration.ts';
import { readVp8Keyframe } from './vp8.ts';
import { readVp9Keyframe } from './vp9.ts';

const READERS = { vp8: readVp8Keyframe, vp9: readVp9Keyframe } as const;

/** Reads VP8 and VP9, whose frames have the same form everywhere; keyframes alone say what the stream is. */
export class VpVideoReader implements VideoReader {
  readonly reorderFrames = 0;
  readonly #codec: VpCodec;
  readonly #frameRate: number;
  #configuration: VideoConfiguration | undefined;

  /** `frameRate` decides the level; 30 is a fair guess where the container does not say. */
  constructor(codec: VpCodec, frameRate = 30) {
    this.#codec = codec;
    this.#frameRate = frameRate;
  }

  get configuration(): VideoConfiguration | undefined {
    return this.#configuration;
  }

  read(unit: Uint8Array): AccessUnit {
    // An encoder's frame that it dropped.
    if (unit.length === 0) return { keyframe: false, data: unit };
    const keyframe = READERS[this.#codec](unit);
    if (keyframe) this.#adopt(writeVpConfiguration(this.#codec, keyframe, this.#frameRate));
    return { keyframe: keyframe !== undefined, data: unit };
  }

  #adopt(next: VideoConfiguration): void {
    const known = this.#configuration;
    const same =
      known?.width === next.width &&
      known.height === next.height &&
      sameBytes(known.configuration, next.configuration);
    if (!same) this.#configuration = next;
  }
}
