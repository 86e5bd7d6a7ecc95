import { sameBytes, type VideoConfiguration } from './configuration.ts';
import type { AccessUnit, VideoReader } from './video-reader.ts';
import { readVp9Keyframe, writeVp9Configuration } from './vp9.ts';

/** Reads VP9, whose frames have the same form everywhere; keyframes alone say what the stream is. */
export class Vp9VideoReader implements VideoReader {
  readonly reorderFrames = 0;
  readonly #frameRate: number;
  #configuration: VideoConfiguration | undefined;

  /** `frameRate` decides the level; 30 is a fair guess where the container does not say. */
  constructor(frameRate = 30) {
    this.#frameRate = frameRate;
  }

  get configuration(): VideoConfiguration | undefined {
    return this.#configuration;
  }

  read(unit: Uint8Array): AccessUnit {
    const keyframe = readVp9Keyframe(unit);
    if (keyframe) this.#adopt(writeVp9Configuration(keyframe, this.#frameRate));
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
