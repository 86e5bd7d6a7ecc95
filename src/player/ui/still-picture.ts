/**
 * The last picture, held over the video element while that gets another source: without it the screen would go black
 * in between.
 */
export class StillPicture {
  readonly #canvas: HTMLCanvasElement;
  #armed = false;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  /** It is shown. */
  get shown(): boolean {
    return !this.#canvas.hidden;
  }

  /** Shows what the element shows now; nothing happens where it shows none, or one is held already. */
  take(video: HTMLVideoElement): void {
    const { videoWidth, videoHeight, readyState } = video;
    if (this.shown || videoWidth === 0 || readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    this.#canvas.width = videoWidth;
    this.#canvas.height = videoHeight;
    this.#canvas.getContext('2d')?.drawImage(video, 0, 0);
    this.#canvas.hidden = false;
    this.#armed = false;
  }

  /** The next picture that is presented is of the new source. */
  arm(): void {
    this.#armed = true;
  }

  /** A picture was presented; it may still have been one of the old source. */
  presented(video: HTMLVideoElement): void {
    if (this.#armed && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) this.drop();
  }

  /** Shows it no more, and lets go of its memory. */
  drop(): void {
    if (!this.shown) return;
    this.#canvas.hidden = true;
    this.#canvas.width = 0;
    this.#canvas.height = 0;
  }
}
