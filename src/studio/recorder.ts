import { DEFAULT_QUALITY } from './encode/quality.ts';
import { Observable } from './observable.ts';
import type { PublishError } from './publish/publish-error.ts';
import { Rescue } from './rescue.ts';
import { Studio } from './studio.ts';

/** What a recorder records to. */
export interface RecorderOptions {
  readonly channel: string;
  /** `wss://host/live/{channel}/publish` */
  readonly url: string;
  /** What the recording's download name begins with. */
  readonly namePrefix: string;
  /** How often the container is handed on, in ms. */
  readonly timeslice: number;
  /** The stream key, where no sign-in covers the channel. */
  readonly key?: string | undefined;
  /** Asked when the connection fails without a reason. */
  readonly diagnose: () => Promise<PublishError | undefined>;
}

/**
 * What a recorder is at, before and beside its session: `opening` the devices, `denied` them all, `sending` what an earlier
 * tab left behind, waiting for a `click` that the browser wants before there is sound, or `started`.
 */
export type RecorderStep = 'opening' | 'denied' | 'sending' | 'click' | 'started';

/** How long a browser that allows sound needs to start it. */
const SOUND_TIMEOUT = 1000;

/** A studio that starts by itself: opens camera and microphone, and records. Framework-free. */
export class Recorder {
  readonly studio = new Studio(DEFAULT_QUALITY);
  readonly rescue: Rescue;
  readonly step = new Observable<RecorderStep>('opening');
  readonly #options: RecorderOptions;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.rescue = new Rescue(options);
  }

  /** Asks for the devices, and starts as soon as there is one. */
  async open(): Promise<void> {
    this.step.set('opening');
    await this.studio.open('default', 'default');
    const { camera, microphone } = this.studio.sources.status.value;
    if (!camera.track && !microphone.track) {
      this.step.set('denied');
      return;
    }
    await this.#sendLeftovers();
    this.step.set((await this.#hasSound()) ? 'started' : 'click');
    if (this.step.value === 'started') await this.start();
  }

  /** Records. Settles when it is over; how it went is in the studio's session. */
  async start(): Promise<void> {
    this.step.set('started');
    const { channel, url, namePrefix, timeslice, key, diagnose } = this.#options;
    const broadcast = { channel, url, namePrefix, timeslice, key, diagnose };
    await this.studio.goLive({ ...broadcast, title: '', takeover: false });
    await this.rescue.refresh();
  }

  /** Ends everything at once: for when the page goes away. */
  async close(): Promise<void> {
    this.rescue.close();
    await this.studio.close();
  }

  /** A new recording takes the channel: whatever an earlier one has left is sent before. */
  async #sendLeftovers(): Promise<void> {
    await this.rescue.refresh();
    for (const leftover of this.rescue.leftovers.value) {
      this.step.set('sending');
      await this.rescue.send(leftover);
    }
  }

  async #hasSound(): Promise<boolean> {
    return await Promise.race([
      this.studio.mixer.resume().then(() => true),
      new Promise<boolean>((settle) => setTimeout(() => settle(false), SOUND_TIMEOUT)),
    ]);
  }
}
