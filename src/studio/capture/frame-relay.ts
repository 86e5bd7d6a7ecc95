import { rgbaToI420 } from './rgba-to-i420.ts';

/** How often a picture is filled in, in ms, while none comes. */
const FILL_EVERY = 100;
/** A screen on which nothing moves brings no frames: after so long, in ms, its last one is repeated. */
const STALLED_AFTER = 500;

/** What the relay is told. */
export type RelayCommand =
  /** Where frames go, and the size that all of them have. Comes first, once. */
  | {
      readonly type: 'open';
      readonly sink: WritableStream<VideoFrame>;
      readonly width: number;
      readonly height: number;
    }
  /** Where frames come from, from now on; null for nowhere. */
  | { readonly type: 'source'; readonly source: ReadableStream<VideoFrame> | null }
  /** Sends the newest picture once more, now, and reports when. */
  | { readonly type: 'mark' };

/** What the relay says. */
export interface RelayReport {
  /** When a `mark` was written, in ms since 1970 (of the clock that all threads of a page share). */
  readonly markedAt: number;
}

/**
 * Carries frames from changing sources to one track that stays. Frames of the track's size and colour space pass
 * untouched; others are drawn to fit. Without a source the picture is black, so that the track never stands still.
 */
export class FrameRelay {
  readonly #report: (report: RelayReport) => void;
  #writer: WritableStreamDefaultWriter<VideoFrame> | undefined;
  #canvas: OffscreenCanvas | undefined;
  #reader: ReadableStreamDefaultReader<VideoFrame> | undefined;
  /** The newest frame, to be repeated. */
  #last: VideoFrame | undefined;
  #lastAt = 0;
  /** That of every frame, once there was one that counts: an encoder that is given another starts anew. */
  #colour: VideoColorSpaceInit | undefined;
  /** A mark waits for the first frame. */
  #marking = false;

  constructor(report: (report: RelayReport) => void) {
    this.#report = report;
  }

  take(command: RelayCommand): void {
    if (command.type === 'open') this.#open(command.sink, command.width, command.height);
    else if (command.type === 'mark') this.#mark();
    else this.#follow(command.source).catch(() => {});
  }

  #open(sink: WritableStream<VideoFrame>, width: number, height: number): void {
    this.#writer = sink.getWriter();
    this.#canvas = new OffscreenCanvas(width, height);
    setInterval(() => this.#fill(), FILL_EVERY);
  }

  /** Reads a source until it ends or another takes its place. */
  async #follow(source: ReadableStream<VideoFrame> | null): Promise<void> {
    this.#reader?.cancel().catch(() => {});
    const reader = source?.getReader();
    this.#reader = reader;
    this.#lastAt = performance.now();
    while (reader) {
      const { done, value } = await reader.read();
      if (done) break;
      if (reader === this.#reader) await this.#write(this.#fit(value));
      else value.close();
    }
    // An unplugged camera is no reason to keep showing its last picture.
    if (reader === this.#reader) this.#reader = undefined;
  }

  async #write(frame: VideoFrame): Promise<void> {
    this.#forget();
    this.#last = frame.clone();
    this.#lastAt = performance.now();
    if (this.#marking) {
      frame.close();
      this.#mark();
    } else {
      await this.#writer?.write(frame);
    }
  }

  /** Draws a frame of another size into the middle, as large as it fits, and one of other colours in the track's. */
  #fit(frame: VideoFrame): VideoFrame {
    const canvas = this.#canvas;
    if (!canvas) return frame;
    if (isOfSize(frame, canvas) && (!this.#colour || isOfColour(frame, this.#colour))) {
      this.#colour ??= frame.colorSpace.toJSON();
      return frame;
    }
    const fitted = this.#draw(frame, frame.timestamp);
    this.#colour ??= fitted.colorSpace.toJSON();
    frame.close();
    return fitted;
  }

  #draw(picture: VideoFrame | null, timestamp: number): VideoFrame {
    const canvas = this.#canvas;
    const context = canvas?.getContext('2d', { alpha: false });
    if (!canvas || !context) throw new Error('The relay has no canvas');
    context.fillRect(0, 0, canvas.width, canvas.height);
    if (picture) {
      const scale = Math.min(canvas.width / picture.displayWidth, canvas.height / picture.displayHeight);
      const width = picture.displayWidth * scale;
      const height = picture.displayHeight * scale;
      context.drawImage(picture, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
    }
    const drawn = new VideoFrame(canvas, { timestamp });
    if (!this.#colour || isOfColour(drawn, this.#colour)) return drawn;
    drawn.close();
    const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
    return new VideoFrame(rgbaToI420(data, width, height, this.#colour), {
      ...{ format: 'I420', codedWidth: width, codedHeight: height, timestamp },
      colorSpace: this.#colour,
    });
  }

  get #isStalled(): boolean {
    return performance.now() - this.#lastAt >= STALLED_AFTER;
  }

  #fill(): void {
    if (!this.#canvas || (this.#reader && !this.#isStalled)) return;
    if (!this.#reader) this.#forget();
    if (this.#marking) this.#mark();
    else this.#writeNow();
  }

  #mark(): void {
    // The first frame of a source decides on the colours of all.
    this.#marking = this.#reader !== undefined && !this.#last && !this.#isStalled;
    if (this.#marking) return;
    const colour = this.#writeNow();
    this.#colour ??= colour;
    this.#report({ markedAt: performance.timeOrigin + performance.now() });
  }

  /**
   * Writes the newest picture, or black. Drawn anew: a copy of a camera's frame keeps the time of its capture, and the
   * recorder goes by that. Answers its colours.
   */
  #writeNow(): VideoColorSpaceInit {
    const frame = this.#draw(this.#last ?? null, Math.round(performance.now() * 1000));
    const colour = frame.colorSpace.toJSON();
    this.#writer?.write(frame).catch(() => {});
    return colour;
  }

  #forget(): void {
    this.#last?.close();
    this.#last = undefined;
  }
}

/**
 * Both as shown and as it is: a camera that is asked for less than it has gives whole frames that only say that they are
 * smaller, and the recorder goes by what they have.
 */
function isOfSize(frame: VideoFrame, { width, height }: OffscreenCanvas): boolean {
  const { displayWidth, displayHeight, visibleRect } = frame;
  return (
    displayWidth === width &&
    displayHeight === height &&
    visibleRect?.width === width &&
    visibleRect.height === height
  );
}

const isOfColour = ({ colorSpace }: VideoFrame, colour: VideoColorSpaceInit): boolean =>
  colorSpace.matrix === colour.matrix &&
  colorSpace.primaries === colour.primaries &&
  colorSpace.transfer === colour.transfer &&
  colorSpace.fullRange === colour.fullRange;
