import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULT_QUALITY, presetQuality } from '../encode/quality.ts';
import { Sources } from './sources.ts';

class FakeTrack extends EventTarget {
  readonly kind: 'video' | 'audio';
  readonly id: string;
  readonly label: string;
  enabled = true;
  readyState = 'live';
  constraints: MediaTrackConstraints | undefined;

  constructor(kind: 'video' | 'audio', id: string) {
    super();
    this.kind = kind;
    this.id = id;
    this.label = id;
  }

  getSettings = () => ({ deviceId: this.id });

  stop(): void {
    this.readyState = 'ended';
  }

  async applyConstraints(constraints: MediaTrackConstraints): Promise<void> {
    this.constraints = constraints;
  }

  /** As the browser says it when the device is gone. */
  unplug(): void {
    this.readyState = 'ended';
    this.dispatchEvent(new Event('ended'));
  }
}

class FakeStream {
  readonly tracks: FakeTrack[];

  constructor(tracks: FakeTrack[]) {
    this.tracks = tracks;
  }

  getVideoTracks = () => this.tracks.filter(({ kind }) => kind === 'video');
  getAudioTracks = () => this.tracks.filter(({ kind }) => kind === 'audio');
}

const refusal = (name: string, message = '') => Object.assign(new Error(message), { name });

/** Cameras and microphones that can be plugged in, unplugged, busy or forbidden. */
class FakeDevices extends EventTarget {
  ids = { video: ['cam-1', 'cam-2'], audio: ['mic-1'] };
  readonly asked: MediaStreamConstraints[] = [];
  readonly opened: FakeTrack[] = [];
  refuse: (constraints: MediaStreamConstraints) => Error | undefined = () => undefined;
  /** When set, answers wait for it. */
  gate: Promise<void> | undefined;

  getUserMedia = async (constraints: MediaStreamConstraints) => {
    this.asked.push(constraints);
    await this.gate;
    const error = this.refuse(constraints);
    if (error) throw error;
    const tracks = (['video', 'audio'] as const).flatMap((kind) => this.#open(kind, constraints[kind]));
    return new FakeStream(tracks);
  };

  getDisplayMedia = async () =>
    new FakeStream([new FakeTrack('video', 'screen'), new FakeTrack('audio', 'tab')]);

  enumerateDevices = async () => [
    ...this.ids.video.map((deviceId) => ({ kind: 'videoinput', deviceId, label: deviceId })),
    ...this.ids.audio.map((deviceId) => ({ kind: 'audioinput', deviceId, label: '' })),
  ];

  #open(kind: 'video' | 'audio', wanted: boolean | MediaTrackConstraints | undefined): FakeTrack[] {
    if (!wanted) return [];
    const exact =
      typeof wanted === 'object' ? (wanted.deviceId as { exact?: string } | undefined)?.exact : undefined;
    if (exact && !this.ids[kind].includes(exact)) throw refusal('OverconstrainedError');
    const id = exact ?? this.ids[kind][0];
    if (!id) throw refusal('NotFoundError');
    const track = new FakeTrack(kind, id);
    this.opened.push(track);
    return [track];
  }
}

describe('Sources', () => {
  let devices: FakeDevices;
  let sources: Sources;

  beforeEach(() => {
    devices = new FakeDevices();
    vi.stubGlobal('isSecureContext', true);
    vi.stubGlobal('navigator', { mediaDevices: devices });
    sources = new Sources(DEFAULT_QUALITY);
  });

  afterEach(() => {
    sources.close();
    vi.unstubAllGlobals();
  });

  const status = () => sources.status.value;

  it('asks for camera and microphone with one question, and lists what else there is', async () => {
    await sources.open('default', 'default');
    expect(devices.asked).toHaveLength(1);
    expect(devices.asked[0]?.video).toMatchObject({
      width: { ideal: 1280 },
      frameRate: { ideal: 30, max: 30 },
    });
    expect(status().camera).toMatchObject({ choice: 'cam-1', opening: false, error: null });
    expect(status().microphone.choice).toBe('mic-1');
    expect(status().devices.cameras.map(({ id }) => id)).toEqual(['cam-1', 'cam-2']);
    expect(status().devices.microphones).toEqual([{ id: 'mic-1', label: 'Microphone 1' }]);
  });

  it('does without a camera when only the microphone can be had', async () => {
    devices.ids.video = [];
    await sources.open('default', 'default');
    expect(status().camera.error?.code).toBe('no-device');
    expect(status().microphone.track).not.toBeNull();
  });

  it('says of each device what is wrong with it', async () => {
    devices.refuse = ({ video }) =>
      video ? refusal('NotReadableError') : refusal('NotAllowedError', 'Permission denied');
    await sources.open('default', 'default');
    expect(status().camera.error?.code).toBe('in-use');
    expect(status().microphone.error?.code).toBe('denied');
  });

  it('takes another device when the one of another day is gone', async () => {
    await sources.open('cam-9', 'default');
    expect(status().camera).toMatchObject({ choice: 'cam-1', error: null });
  });

  it('explains a page that is not secure', async () => {
    vi.stubGlobal('isSecureContext', false);
    await sources.open('default', 'default');
    expect(status().camera.error?.code).toBe('insecure');
    expect(devices.asked).toHaveLength(0);
  });

  it('opens the next camera before it lets go of the one before', async () => {
    await sources.open('default', 'default');
    const [first] = devices.opened;
    devices.refuse = () => {
      expect(first?.readyState).toBe('live');
      return undefined;
    };
    await sources.choose('camera', 'cam-2');
    expect(status().camera.choice).toBe('cam-2');
    expect(first?.readyState).toBe('ended');
  });

  it('lets go first where only one camera can be open', async () => {
    await sources.open('default', 'default');
    const [first] = devices.opened;
    devices.refuse = () => (first?.readyState === 'live' ? refusal('NotReadableError') : undefined);
    await sources.choose('camera', 'cam-2');
    expect(status().camera).toMatchObject({ choice: 'cam-2', error: null });
  });

  it('keeps the camera when another one cannot be opened', async () => {
    await sources.open('default', 'default');
    devices.refuse = () => refusal('NotAllowedError', 'Permission denied');
    await sources.choose('camera', 'cam-2');
    expect(status().camera).toMatchObject({ choice: 'cam-1', error: { code: 'denied' } });
    expect(status().camera.track?.readyState).toBe('live');
  });

  it('drops what comes late when something else was chosen meanwhile', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    devices.gate = promise;
    const late = sources.choose('camera', 'cam-1');
    const next = sources.choose('camera', 'cam-2');
    resolve();
    await Promise.all([late, next]);
    expect(status().camera.choice).toBe('cam-2');
    expect(devices.opened.map(({ id, readyState }) => [id, readyState])).toEqual([
      ['cam-1', 'ended'],
      ['cam-2', 'live'],
    ]);
  });

  it('says when a camera is unplugged, and takes it again when it is back', async () => {
    await sources.open('default', 'default');
    const [camera] = devices.opened;
    camera?.unplug();
    expect(status().camera).toMatchObject({ track: null, error: { code: 'lost' } });
    const back = new Promise<void>((settle) => {
      const stop = sources.status.subscribe(() => {
        if (!status().camera.track) return;
        stop();
        settle();
      });
    });
    devices.dispatchEvent(new Event('devicechange'));
    await back;
    expect(status().camera).toMatchObject({ choice: 'cam-1', error: null });
  });

  it('keeps a camera dark while it is off, also the next one', async () => {
    await sources.open('default', 'default');
    sources.setCameraOff(true);
    expect(status().camera.track?.enabled).toBe(false);
    await sources.choose('camera', 'cam-2');
    expect(status().camera.track?.enabled).toBe(false);
    sources.setCameraOff(false);
    expect(status().camera.track?.enabled).toBe(true);
  });

  it('shares the screen with its sound, until the browser’s own button ends it', async () => {
    await sources.shareScreen();
    expect(status().screen.track?.label).toBe('screen');
    expect(status().screenSound?.label).toBe('tab');
    (status().screen.track as unknown as FakeTrack).unplug();
    expect(status()).toMatchObject({ screen: { track: null, error: null }, screenSound: null });
  });

  it('asks the camera for another quality', async () => {
    await sources.open('default', 'default');
    await sources.setQuality(presetQuality('480p', 25));
    expect(devices.opened[0]?.constraints).toMatchObject({
      height: { ideal: 480 },
      frameRate: { ideal: 25 },
    });
  });

  it('lets go of everything when it is closed', async () => {
    await sources.open('default', 'default');
    sources.close();
    expect(devices.opened.map(({ readyState }) => readyState)).toEqual(['ended', 'ended']);
  });
});
