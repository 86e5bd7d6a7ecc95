import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a user sets in OBS. */
export interface ObsStream {
  /** Settings → Stream → Server. */
  readonly server: string;
  /** Settings → Stream → Stream Key. */
  readonly streamKey: string;
}

const GLOBAL = `[General]
FirstRun=true
EnableAutoUpdates=false
[Basic]
Profile=Test
ProfileDir=Test
SceneCollection=Test
SceneCollectionFile=Test
`;

/** 640 × 360 at 30 fps, a keyframe a second; tries again after 2 s. */
const PROFILE = `[General]
Name=Test
[Output]
Mode=Simple
Reconnect=true
RetryDelay=2
MaxRetries=20
[SimpleOutput]
VBitrate=800
ABitrate=128
StreamEncoder=x264
Preset=ultrafast
UseAdvanced=true
x264Settings=keyint=30
[Video]
BaseCX=640
BaseCY=360
OutputCX=640
OutputCY=360
FPSType=0
FPSCommon=30
[Audio]
SampleRate=48000
ChannelSetup=Stereo
`;

const SCENES = {
  name: 'Test',
  current_scene: 'Scene',
  current_program_scene: 'Scene',
  scene_order: [{ name: 'Scene' }],
  sources: [{ id: 'scene', name: 'Scene', settings: {} }],
};

/** Debian's OBS under Xvfb, which streams as soon as it has started. */
export class ObsStudio {
  readonly #folder: string;
  readonly #display: ChildProcess;
  readonly #obs: ChildProcess;
  #log = '';

  private constructor(folder: string, display: ChildProcess, number: string) {
    this.#folder = folder;
    this.#display = display;
    this.#obs = spawn('obs', ['--profile', 'Test', '--collection', 'Test', '--startstreaming', '--multi'], {
      env: {
        ...process.env,
        HOME: folder,
        XDG_CONFIG_HOME: join(folder, '.config'),
        XDG_RUNTIME_DIR: folder,
        DISPLAY: `:${number}`,
        LIBGL_ALWAYS_SOFTWARE: '1',
        QT_QPA_PLATFORM: 'xcb',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#obs.stdout, this.#obs.stderr]) {
      stream?.on('data', (bytes: Buffer) => {
        this.#log += bytes.toString();
      });
    }
  }

  /** Starts it with settings of its own. */
  static async start({ server, streamKey }: ObsStream): Promise<ObsStudio> {
    const folder = mkdtempSync(join(tmpdir(), 'headwater-obs-'));
    const settings = join(folder, '.config', 'obs-studio');
    const profile = join(settings, 'basic', 'profiles', 'Test');
    mkdirSync(profile, { recursive: true });
    mkdirSync(join(settings, 'basic', 'scenes'));
    writeFileSync(join(settings, 'global.ini'), GLOBAL);
    writeFileSync(join(profile, 'basic.ini'), PROFILE);
    const service = { type: 'rtmp_custom', settings: { server, key: streamKey, use_auth: false } };
    writeFileSync(join(profile, 'service.json'), JSON.stringify(service));
    writeFileSync(join(settings, 'basic', 'scenes', 'Test.json'), JSON.stringify(SCENES));
    // It chooses a display that is free, and says which when it is ready.
    const screen = ['-displayfd', '3', '-screen', '0', '1024x768x24', '-nolisten', 'tcp'];
    const display = spawn('Xvfb', screen, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
    const ready = display.stdio[3];
    if (!ready) throw new Error('Xvfb does not say its display');
    const [number] = (await once(ready, 'data')) as [Buffer];
    return new ObsStudio(folder, display, number.toString().trim());
  }

  /** What it said. */
  get log(): string {
    return this.#log;
  }

  /** Its machine loses power. */
  async kill(): Promise<void> {
    for (const child of [this.#obs, this.#display]) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
