import type { Quality } from '../encode/quality.ts';
import { Observable } from '../observable.ts';
import { CaptureError, type CaptureKind } from './capture-error.ts';
import { type DeviceList, listDevices, NO_DEVICES, watchDevices } from './device-list.ts';
import { cameraConstraints, openDevices, openScreen } from './open-device.ts';

/** Which device: its id, `default` for whichever the browser gives, `none` for none. */
export type DeviceChoice = string;

/** One device, or the screen. */
export interface Source {
  readonly choice: DeviceChoice;
  /** Live, unless null. Switched off by its owner when not `enabled`. */
  readonly track: MediaStreamTrack | null;
  readonly opening: boolean;
  readonly error: CaptureError | null;
}

/** What is captured now. Immutable: each change makes a new one. */
export interface SourcesStatus {
  readonly devices: DeviceList;
  readonly camera: Source;
  readonly microphone: Source;
  /** The track is the picture. */
  readonly screen: Source;
  /** The screen's sound, where it has any. */
  readonly screenSound: MediaStreamTrack | null;
  readonly cameraOff: boolean;
  readonly muted: boolean;
}

type DeviceKind = 'camera' | 'microphone';

const CLOSED: Source = { choice: 'none', track: null, opening: false, error: null };

/** Opens, changes and follows the camera, the microphone and the screen. Owns their tracks. */
export class Sources {
  readonly status = new Observable<SourcesStatus>({
    devices: NO_DEVICES,
    camera: CLOSED,
    microphone: CLOSED,
    screen: CLOSED,
    screenSound: null,
    cameraOff: false,
    muted: false,
  });
  readonly #unwatch: () => void;
  #quality: Quality;
  #closed = false;
  /** The newest request of each kind: an older one that comes late is dropped. */
  readonly #requests = { camera: 0, microphone: 0, screen: 0 };

  constructor(quality: Quality) {
    this.#quality = quality;
    this.#unwatch = watchDevices(() => {
      this.#devicesChanged().catch(() => {});
    });
  }

  /** Opens both with one question; each on its own when that fails, so that one does not cost the other. */
  async open(camera: DeviceChoice, microphone: DeviceChoice): Promise<void> {
    if (camera === 'none' || microphone === 'none') {
      await this.#chooseOrDefault('camera', camera);
      await this.#chooseOrDefault('microphone', microphone);
      return;
    }
    const requests = { camera: ++this.#requests.camera, microphone: ++this.#requests.microphone };
    this.#change('camera', { choice: camera, opening: true, error: null });
    this.#change('microphone', { choice: microphone, opening: true, error: null });
    try {
      const stream = await openDevices({
        camera: { id: idOf(camera), quality: this.#quality },
        microphone: { id: idOf(microphone) },
      });
      this.#take('camera', requests.camera, stream.getVideoTracks()[0]);
      this.#take('microphone', requests.microphone, stream.getAudioTracks()[0]);
      await this.#refreshDevices();
    } catch {
      await this.#chooseOrDefault('camera', camera);
      await this.#chooseOrDefault('microphone', microphone);
    }
  }

  /** Changes a device. The one before goes on until the new one is there, and stays when that cannot be opened. */
  async choose(kind: DeviceKind, choice: DeviceChoice): Promise<void> {
    const request = ++this.#requests[kind];
    if (choice === 'none') {
      this.status.value[kind].track?.stop();
      this.#change(kind, CLOSED);
      return;
    }
    this.#change(kind, { choice, opening: true, error: null });
    try {
      this.#take(kind, request, await this.#openDevice(kind, choice));
    } catch (error) {
      this.#fail(kind, request, error);
    }
    await this.#refreshDevices();
  }

  /** Shows the screen in place of the camera, with its sound beside the microphone. */
  async shareScreen(): Promise<void> {
    const request = ++this.#requests.screen;
    this.#change('screen', { choice: 'default', opening: true, error: null });
    try {
      const stream = await openScreen(this.#quality);
      this.status.set({ ...this.status.value, screenSound: stream.getAudioTracks()[0] ?? null });
      this.#take('screen', request, stream.getVideoTracks()[0]);
    } catch (error) {
      this.#fail('screen', request, error);
    }
  }

  /** Back to the camera. */
  stopScreen(): void {
    this.#requests.screen++;
    const { screen, screenSound } = this.status.value;
    screen.track?.stop();
    screenSound?.stop();
    this.status.set({ ...this.status.value, screen: CLOSED, screenSound: null });
  }

  /** Blackens the picture; the device stays open, so that it is back at once. */
  setCameraOff(cameraOff: boolean): void {
    const { camera } = this.status.value;
    if (camera.track) camera.track.enabled = !cameraOff;
    this.status.set({ ...this.status.value, cameraOff });
  }

  /** Silences the microphone; the mixer acts on it. */
  setMuted(muted: boolean): void {
    this.status.set({ ...this.status.value, muted });
  }

  /** Asks the camera for another size and frame rate; one that cannot stays as it is. */
  async setQuality(quality: Quality): Promise<void> {
    this.#quality = quality;
    const { track, choice } = this.status.value.camera;
    await track?.applyConstraints(cameraConstraints(idOf(choice), quality)).catch(() => {});
  }

  /** Stops every track. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#unwatch();
    const { camera, microphone, screen, screenSound } = this.status.value;
    for (const track of [camera.track, microphone.track, screen.track, screenSound]) track?.stop();
  }

  /** A device that was chosen another day may be gone. */
  async #chooseOrDefault(kind: DeviceKind, choice: DeviceChoice): Promise<void> {
    await this.choose(kind, choice);
    const code = this.status.value[kind].error?.code;
    if (choice !== 'default' && (code === 'overconstrained' || code === 'no-device')) {
      await this.choose(kind, 'default');
    }
  }

  async #openDevice(kind: DeviceKind, choice: DeviceChoice): Promise<MediaStreamTrack | undefined> {
    const id = idOf(choice);
    const open = async () => {
      const stream = await openDevices(
        kind === 'camera' ? { camera: { id, quality: this.#quality } } : { microphone: { id } },
      );
      return kind === 'camera' ? stream.getVideoTracks()[0] : stream.getAudioTracks()[0];
    };
    try {
      return await open();
    } catch (error) {
      const { track } = this.status.value[kind];
      if (!track || !(error instanceof CaptureError) || error.code !== 'in-use') throw error;
      // Phones open one camera at a time.
      track.stop();
      return await open();
    }
  }

  #take(kind: CaptureKind, request: number, track: MediaStreamTrack | undefined): void {
    if (this.#closed || request !== this.#requests[kind]) {
      track?.stop();
      return;
    }
    if (!track) {
      this.#fail(kind, request, new CaptureError('no-device', kind));
      return;
    }
    const before = this.status.value[kind].track;
    if (before !== track) before?.stop();
    if (kind === 'camera') track.enabled = !this.status.value.cameraOff;
    track.addEventListener('ended', () => this.#lose(kind, track), { once: true });
    const id = track.getSettings().deviceId;
    this.#change(kind, { track, opening: false, error: null, ...(id ? { choice: id } : {}) });
  }

  #fail(kind: CaptureKind, request: number, error: unknown): void {
    if (this.#closed || request !== this.#requests[kind]) return;
    const { track } = this.status.value[kind];
    const kept = track?.readyState === 'live' ? track : null;
    this.#change(kind, {
      track: kept,
      opening: false,
      error: error instanceof CaptureError ? error : new CaptureError('failed', kind),
      ...(kept ? { choice: kept.getSettings().deviceId ?? 'default' } : {}),
    });
  }

  /** A device was unplugged, or the browser's own button ended the capture of the screen. */
  #lose(kind: CaptureKind, track: MediaStreamTrack): void {
    if (this.#closed || this.status.value[kind].track !== track) return;
    if (kind === 'screen') this.stopScreen();
    else this.#change(kind, { track: null, error: new CaptureError('lost', kind) });
  }

  async #devicesChanged(): Promise<void> {
    await this.#refreshDevices();
    const { devices, camera, microphone } = this.status.value;
    const isBack = (source: Source, list: DeviceList['cameras']) =>
      source.error?.code === 'lost' && list.some((device) => device.id === source.choice);
    if (isBack(camera, devices.cameras)) await this.choose('camera', camera.choice);
    if (isBack(microphone, devices.microphones)) await this.choose('microphone', microphone.choice);
  }

  async #refreshDevices(): Promise<void> {
    const devices = await listDevices();
    this.status.set({ ...this.status.value, devices });
  }

  #change(kind: CaptureKind, change: Partial<Source>): void {
    const status = this.status.value;
    this.status.set({ ...status, [kind]: { ...status[kind], ...change } });
  }
}

const idOf = (choice: DeviceChoice): string | null => (choice === 'default' ? null : choice);
