import type { Quality } from './quality.ts';

/** In ms. */
const TIMESLICE = 100;
/** A viewer starts at a keyframe, so they come every second. */
const KEYFRAME_EVERY = 1000;

/** What a recorder needs, and whom it tells. */
export interface RecorderOptions {
  /** Its tracks must stay the same and alive: MediaRecorder ends when one comes or goes. */
  readonly stream: MediaStream;
  readonly mimeType: string;
  readonly quality: Quality;
  /** How often bytes are handed out, in ms; 100 by default, the low-delay path. */
  readonly timeslice?: number | undefined;
  /** The next bytes of the container, in order. */
  readonly onPiece: (piece: Uint8Array<ArrayBuffer>) => void;
  /** It ended by itself; every piece was handed out before. */
  readonly onFailure: () => void;
}

/** Encodes a stream into one container, handed out as bytes. For one use: start, then stop. */
export class ContainerRecorder {
  readonly #options: RecorderOptions;
  readonly #recorder: MediaRecorder;
  /** Blobs are read one after the other, so that a small one cannot overtake. */
  #reading: Promise<void> = Promise.resolve();
  #started = false;
  #stopping = false;
  #stopped: () => void = () => {};
  readonly #closed: Promise<void>;

  /** Throws NotSupportedError when the browser cannot record that type. */
  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#recorder = new MediaRecorder(options.stream, {
      mimeType: options.mimeType,
      videoBitsPerSecond: options.quality.videoBitrate,
      audioBitsPerSecond: options.quality.audioBitrate,
      videoKeyFrameIntervalDuration: KEYFRAME_EVERY,
    } as MediaRecorderOptions);
    this.#closed = new Promise((settle) => {
      this.#stopped = settle;
    });
    this.#recorder.addEventListener('dataavailable', ({ data }) => this.#take(data));
    // After an error MediaRecorder hands out what it has, and stops: `stop` covers both.
    this.#recorder.addEventListener('stop', () => this.#end());
  }

  start(): void {
    this.#started = true;
    this.#recorder.start(this.#options.timeslice ?? TIMESLICE);
  }

  /** Ends the container. Settles when its last piece was handed out. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#recorder.state !== 'inactive') this.#recorder.stop();
    // One that ended by itself is inactive too, but has yet to hand out what it has.
    else if (!this.#started) this.#stopped();
    await this.#closed;
    await this.#reading;
  }

  #take(data: Blob): void {
    if (data.size === 0) return;
    this.#reading = this.#reading
      .then(async () => this.#options.onPiece(new Uint8Array(await data.arrayBuffer())))
      // What follows a piece that cannot be read is no container any more.
      .catch(() => this.#options.onFailure());
  }

  #end(): void {
    this.#stopped();
    if (!this.#stopping) this.#reading = this.#reading.then(() => this.#options.onFailure());
  }
}
