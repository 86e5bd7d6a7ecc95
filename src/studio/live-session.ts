import type { AudioMixer } from './capture/audio-mixer.ts';
import { openVideoSwitch, type VideoSwitch } from './capture/video-switch.ts';
import { ContainerRecorder } from './encode/container-recorder.ts';
import { chooseMimeType } from './encode/mime-type.ts';
import { pictureSize } from './encode/picture-size.ts';
import type { Quality } from './encode/quality.ts';
import { openBacklog } from './keep/open-backlog.ts';
import { Observable } from './observable.ts';
import { PosterTask } from './poster/poster-task.ts';
import { posterUrl, sendPoster } from './poster/send-poster.ts';
import { takePoster } from './poster/take-poster.ts';
import { browserSignals } from './publish/page-signals.ts';
import { PublishError } from './publish/publish-error.ts';
import { openWebSocket } from './publish/publish-socket.ts';
import { Publisher } from './publish/publisher.ts';
import { isOver, type PublisherStatus } from './publish/publisher-status.ts';
import { SavedTime } from './publish/saved-time.ts';
import { browserTiming } from './publish/timing.ts';

/** What a session sends, and where. */
export interface LiveSessionOptions {
  /** `wss://host/live/{channel}/publish` */
  readonly url: string;
  readonly channel: string;
  readonly title: string;
  /** What the recording's download name begins with. */
  readonly namePrefix?: string | undefined;
  /** The stream key, where no sign-in covers the channel. */
  readonly key?: string | undefined;
  /** How often the container is handed on, in ms; 100 by default. */
  readonly timeslice?: number | undefined;
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
  readonly #backlog: ReturnType<typeof openBacklog>;
  readonly #savedTime = new SavedTime();
  readonly #poster: PosterTask;
  readonly #unlisten: () => void;
  /** When the server first confirmed media, on `performance.now()`. */
  #liveSince: number | undefined;
  #recordedSince: number | undefined;
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
    const session = crypto.randomUUID();
    this.#backlog = openBacklog({
      session,
      channel: options.channel,
      mimeType,
      title: options.title,
      startedAt: Date.now(),
    });
    const backlog = this.#backlog;
    this.#unlisten = browserSignals.onLeave(() => backlog.keepNow?.());
    this.#publisher = new Publisher({
      url: options.url,
      session,
      backlog,
      signals: browserSignals,
      key: options.key,
      namePrefix: options.namePrefix,
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
      timeslice: options.timeslice,
      onPiece: (piece) => this.#take(piece),
      onFailure: () => this.#fail(),
    });
    const { url, key } = options;
    this.#poster = new PosterTask({
      timing: browserTiming,
      take: () => takePoster(videoSwitch.track),
      send: (jpeg, signal) => sendPoster(posterUrl(url), key, jpeg, signal),
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

  /** For how long it is recorded, or was; 0 before. In ms. */
  get recordedTime(): number {
    if (this.#recordedSince === undefined) return 0;
    return (this.#stoppedAt ?? performance.now()) - this.#recordedSince;
  }

  /** Up to where the server has stored it, on the same scale as {@link recordedTime}; in ms. */
  get savedTime(): number {
    return Math.min(this.recordedTime, this.#savedTime.value);
  }

  /** Connects, and begins to record once the server is ready: what is sent is never old. Settles at the end. */
  async run(): Promise<PublisherStatus> {
    this.#publisher.start();
    if ((await this.#publisher.accepted) && this.#stoppedAt === undefined) {
      await this.#mixer.resume();
      await this.#record();
    }
    const status = await this.#publisher.closed;
    this.#unlisten();
    this.#poster.close();
    // One that failed is still recording.
    await this.#recorder.stop();
    this.#switch.close();
    await this.#backlog.close();
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
      this.#recordedSince = performance.now();
      this.#savedTime.begin(this.#recordedSince);
      // The recorder's clock starts with its first frame, and that is this one.
      this.#publisher.setContainerStart(await this.#switch.mark());
    } catch {
      this.#fail();
    }
  }

  #take(piece: Uint8Array<ArrayBuffer>): void {
    this.#publisher.write(piece);
    this.#savedTime.written(this.#publisher.status.total, performance.now());
  }

  #fail(): void {
    this.#publisher.finish(new PublishError('recorder-failed')).catch(() => {});
  }

  #follow(status: PublisherStatus): void {
    if (status.state === 'live' && this.#liveSince === undefined) {
      this.#liveSince = performance.now();
      this.#poster.start();
    }
    this.#savedTime.stored(status.acknowledged);
    if (isOver(status.state)) this.#stoppedAt ??= performance.now();
    this.status.set(status);
  }
}
