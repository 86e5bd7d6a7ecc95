import type { AudioMixer } from './capture/audio-mixer.ts';
import { openVideoSwitch, type VideoSwitch } from './capture/video-switch.ts';
import { ContainerRecorder } from './encode/container-recorder.ts';
import { chooseMimeType } from './encode/mime-type.ts';
import { pictureSize } from './encode/picture-size.ts';
import type { Quality } from './encode/quality.ts';
import { Observable } from './observable.ts';
import { PublishError } from './publish/publish-error.ts';
import { openWebSocket } from './publish/publish-socket.ts';
import { Publisher } from './publish/publisher.ts';
import { isOver, type PublisherStatus } from './publish/publisher-status.ts';
import { browserTiming } from './publish/timing.ts';

/** What a session sends, and where. */
export interface LiveSessionOptions {
  /** `wss://host/live/{channel}/publish` */
  readonly url: string;
  readonly title: string;
  readonly quality: Quality;
  readonly takeover: boolean;
  /** The picture to start with; black for null. */
  readonly video: MediaStreamTrack | null;
  /** Stays its owner's. */
  readonly mixer: AudioMixer;
  /** Asked when the connection fails without a reason. */
  readonly diagnose: () => Promise<PublishError | undefined>;
}

/** One broadcast of this tab, from capture to the server's confirmation: switch → recorder → publisher. */
export class LiveSession {
  readonly status: Observable<PublisherStatus>;
  /** Bits a second that the encoders are asked for. */
  readonly targetBitrate: number;
  readonly #mixer: AudioMixer;
  readonly #switch: VideoSwitch;
  readonly #recorder: ContainerRecorder;
  readonly #publisher: Publisher;
  /** When the server first confirmed media, on `performance.now()`. */
  #liveSince: number | undefined;
  #stoppedAt: number | undefined;

  /** Throws PublishError `recorder-unsupported` where the browser cannot record. */
  constructor(options: LiveSessionOptions) {
    const { quality, mixer, video } = options;
    const mimeType =
      'MediaRecorder' in globalThis
        ? chooseMimeType((type) => MediaRecorder.isTypeSupported(type))
        : undefined;
    const videoSwitch = mimeType
      ? openVideoSwitch(pictureSize(video?.getSettings(), quality), video)
      : undefined;
    if (!mimeType || !videoSwitch) throw new PublishError('recorder-unsupported');
    this.targetBitrate = quality.videoBitrate + quality.audioBitrate;
    this.#mixer = mixer;
    this.#switch = videoSwitch;
    this.#publisher = new Publisher({
      url: options.url,
      session: crypto.randomUUID(),
      mimeType,
      title: options.title,
      takeover: options.takeover,
      openSocket: openWebSocket,
      timing: browserTiming,
      random: Math.random,
      diagnose: options.diagnose,
    });
    this.#recorder = new ContainerRecorder({
      stream: new MediaStream([videoSwitch.track, mixer.track]),
      mimeType,
      quality,
      onPiece: (piece) => this.#publisher.write(piece),
      onFailure: () => this.#fail(),
    });
    this.status = new Observable(this.#publisher.status);
    this.#publisher.subscribe((status) => this.#follow(status));
  }

  /** Whether another camera or the screen can be shown while this session is on. */
  get canChangeVideo(): boolean {
    return this.#switch.canChange;
  }

  /** For how long it is on the air, or was until it was stopped; 0 before the server confirmed media. In ms. */
  get airTime(): number {
    if (this.#liveSince === undefined) return 0;
    return Math.max(0, (this.#stoppedAt ?? performance.now()) - this.#liveSince);
  }

  /** Connects, and begins to record once the server is ready: what is sent is never old. Settles at the end. */
  async run(): Promise<PublisherStatus> {
    this.#publisher.start();
    if ((await this.#publisher.accepted) && this.#stoppedAt === undefined) {
      await this.#mixer.resume();
      await this.#record();
    }
    const status = await this.#publisher.closed;
    // One that failed is still recording.
    await this.#recorder.stop();
    this.#switch.close();
    return status;
  }

  /** Shows this from now on; black for null. */
  setVideo(track: MediaStreamTrack | null): void {
    this.#switch.setSource(track);
  }

  /** Ends the recording, delivers its last piece and waits for the server's word. Idempotent. */
  async stop(): Promise<void> {
    this.#stoppedAt ??= performance.now();
    await this.#recorder.stop();
    await this.#publisher.finish();
  }

  /** Gives up at once, without delivering the rest. */
  abandon(): void {
    this.#publisher.close();
  }

  async #record(): Promise<void> {
    try {
      this.#recorder.start();
      // The recorder's clock starts with its first frame, and that is this one.
      this.#publisher.setContainerStart(await this.#switch.mark());
    } catch {
      this.#fail();
    }
  }

  #fail(): void {
    this.#publisher.finish(new PublishError('recorder-failed')).catch(() => {});
  }

  #follow(status: PublisherStatus): void {
    if (status.state === 'live') this.#liveSince ??= performance.now();
    if (isOver(status.state)) this.#stoppedAt ??= performance.now();
    this.status.set(status);
  }
}
