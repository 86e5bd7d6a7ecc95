import { type Milliseconds, milliseconds } from '../../media/time.ts';

/** A moment of the media and the local time at which it is, or was, on the screen. */
export interface PresentedFrame {
  readonly mediaTime: Milliseconds;
  readonly at: Milliseconds;
}

const FRESH = 500;

/** Follows what a video element shows, frame by frame where the browser tells, else by its clock. */
export class PresentedFrames {
  readonly #media: HTMLVideoElement;
  readonly #onFrame: () => void;
  #last: PresentedFrame | undefined;
  #request: number | undefined;

  /** `onFrame` is called for every frame that is shown. */
  constructor(media: HTMLVideoElement, onFrame: () => void) {
    this.#media = media;
    this.#onFrame = onFrame;
    this.#next();
  }

  /** What is on the screen at that local time. */
  at(now: Milliseconds): PresentedFrame {
    if (this.#last && Math.abs(now - this.#last.at) < FRESH) return this.#last;
    return { mediaTime: milliseconds(this.#media.currentTime * 1000), at: now };
  }

  /** Stops following; idempotent. */
  close(): void {
    if (this.#request !== undefined) this.#media.cancelVideoFrameCallback(this.#request);
    this.#request = undefined;
  }

  #next(): void {
    if (!('requestVideoFrameCallback' in this.#media)) return;
    this.#request = this.#media.requestVideoFrameCallback((_now, frame) => {
      this.#last = {
        mediaTime: milliseconds(frame.mediaTime * 1000),
        at: milliseconds(frame.expectedDisplayTime),
      };
      this.#onFrame();
      this.#next();
    });
  }
}
