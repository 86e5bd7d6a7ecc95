import { AudioMixer } from './capture/audio-mixer.ts';
import { type DeviceChoice, Sources } from './capture/sources.ts';
import type { Quality } from './encode/quality.ts';
import { LiveSession, type LiveSessionOptions } from './live-session.ts';
import { Observable } from './observable.ts';
import { PublishError } from './publish/publish-error.ts';
import { isOver } from './publish/publisher-status.ts';

/** Where a broadcast goes, and under which title. */
export type GoLiveOptions = Omit<LiveSessionOptions, 'quality' | 'video' | 'mixer'>;

/** A studio at work: its sources, its mixer, and the broadcast that is on or was the last. Framework-free. */
export class Studio {
  readonly sources: Sources;
  readonly mixer = new AudioMixer();
  /** The broadcast that is on, or the last one; null before the first. */
  readonly session = new Observable<LiveSession | null>(null);
  /** Why a broadcast could not even begin. */
  readonly refusal = new Observable<PublishError | null>(null);
  #quality: Quality;
  #video: MediaStreamTrack | null = null;
  #microphone: MediaStreamTrack | null = null;
  #screenSound: MediaStreamTrack | null = null;

  constructor(quality: Quality) {
    this.#quality = quality;
    this.sources = new Sources(quality);
    this.sources.status.subscribe(() => this.#route());
  }

  /** Asks for the devices. */
  async open(camera: DeviceChoice, microphone: DeviceChoice): Promise<void> {
    await this.sources.open(camera, microphone);
  }

  /** What the next broadcast is encoded with; the camera is asked for it at once. */
  async setQuality(quality: Quality): Promise<void> {
    this.#quality = quality;
    await this.sources.setQuality(quality);
  }

  /** Starts a broadcast. Settles when it is over; how it went is in the session's status. */
  async goLive(options: GoLiveOptions): Promise<void> {
    if (this.isOnAir) return;
    this.refusal.set(null);
    try {
      await this.mixer.resume();
      const quality = this.#quality;
      const session = new LiveSession({ ...options, quality, video: this.#video, mixer: this.mixer });
      this.session.set(session);
      await session.run();
    } catch (error) {
      this.session.value?.abandon();
      this.session.set(null);
      this.refusal.set(error instanceof PublishError ? error : new PublishError('recorder-failed'));
    }
  }

  /** A broadcast is on, or on its way. */
  get isOnAir(): boolean {
    const state = this.session.value?.status.value.state;
    return state !== undefined && !isOver(state);
  }

  /** Ends everything at once: for when the page goes away. */
  async close(): Promise<void> {
    this.session.value?.abandon();
    this.sources.close();
    await this.mixer.close();
  }

  /** Leads what is captured to where it is shown, heard and sent. */
  #route(): void {
    const { camera, microphone, screen, screenSound, muted } = this.sources.status.value;
    this.mixer.setMuted(muted);
    if (microphone.track !== this.#microphone) {
      this.#microphone = microphone.track;
      this.mixer.setSource('microphone', microphone.track);
    }
    if (screenSound !== this.#screenSound) {
      this.#screenSound = screenSound;
      this.mixer.setSource('screen', screenSound);
    }
    const video = screen.track ?? camera.track;
    if (video === this.#video) return;
    this.#video = video;
    if (this.isOnAir) this.session.value?.setVideo(video);
  }
}
