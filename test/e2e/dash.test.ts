import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from './support/browser.ts';
import { untilPlayedThrough } from './support/played-through.ts';
import { newStreamKey, publishFile, type RunningPublish } from './support/publish-file.ts';
import { type RunningServer, startServer } from './support/running-server.ts';
import { openStrangersSite, type StrangersSite } from './support/strangers-site.ts';

const run = promisify(execFile);
const DASH_JS = fileURLToPath(import.meta.resolve('dashjs')).replace('/esm/', '/umd/');
const SHAKA = fileURLToPath(import.meta.resolve('shaka-player'));
const SECONDS = 100;

/** What a page notes about its player. */
interface PlayerNotes {
  readonly errors: readonly string[];
  /** Seconds behind now, by the clock of the presentation. */
  readonly latency: number;
}

let folder: string;
let server: RunningServer;
let browser: Browser;
let site: StrangersSite;
let publish: RunningPublish;
let manifest: string;
let key: string;
let other: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headwater-dash-'));
  const file = join(folder, 'camera.mkv');
  other = join(folder, 'other.mkv');
  await Promise.all([record(file, '320x180'), record(other, '640x360')]);
  server = await startServer();
  browser = await launchBrowser();
  site = await openStrangersSite('<video muted playsinline></video>');
  key = await newStreamKey(server);
  publish = publishFile(server, key, { file, args: ['--realtime'] });
  manifest = `${server.url}/live/main/manifest.mpd`;
  await untilLive();
});

afterAll(async () => {
  publish?.process.kill('SIGINT');
  await publish?.done.catch(() => {});
  await browser?.close();
  await site?.close();
  expect(await server?.stop()).toBe(0);
  await rm(folder, { recursive: true, force: true });
});

async function record(file: string, size: string): Promise<void> {
  await run('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=s=${size}:r=30`, '-f', 'lavfi', '-i', 'sine=r=48000'],
    ...['-t', String(SECONDS), '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '31'],
    ...['-c:a', 'libopus', '-frame_duration', '60', '-cluster_time_limit', '100', file],
  ]);
}

async function untilLive(): Promise<void> {
  for (;;) {
    const answer = await fetch(manifest);
    if (answer.ok) return;
    await new Promise((settle) => setTimeout(settle, 200));
  }
}

describe('a live broadcast as DASH', () => {
  it('plays in dash.js and Shaka on somebody else’s page, and goes on when its publisher was lost and comes back', async () => {
    const pages = [await openPlayer(DASH_JS, startDashJs), await openPlayer(SHAKA, startShaka)];
    await Promise.all(pages.map((page) => untilPlayedThrough(page, 10)));
    for (const page of pages) await untilNear(page);
    publish.process.kill('SIGKILL');
    await publish.done.catch(() => {});
    await Promise.all(
      pages.map((page) => page.waitForFunction(() => document.querySelector('video')?.readyState === 2)),
    );
    publish = publishFile(server, key, { file: other, args: ['--realtime'] });
    await Promise.all(
      pages.map((page) => page.waitForFunction(() => document.querySelector('video')?.videoWidth === 640)),
    );
    await Promise.all(pages.map((page) => untilPlayedThrough(page, 5)));
    for (const page of pages) {
      await untilNear(page);
      expect((await notesOf(page)).errors).toEqual([]);
      await page.close();
    }
    expect(await (await fetch(manifest)).text()).toMatch(/<Period id="[^"]+-1" start="PT\d/);
  });

  it('is read by ffprobe and ffmpeg, which know nothing of low latency', async () => {
    const entries = ['-show_entries', 'stream=codec_name,width,sample_rate', '-of', 'json'];
    const probed = await run('ffprobe', ['-v', 'error', ...entries, manifest]);
    const { streams } = JSON.parse(probed.stdout) as { streams: { codec_name: string }[] };
    expect(streams.map(({ codec_name }) => codec_name).sort()).toEqual(['h264', 'opus']);
    const decoded = await run('ffmpeg', [
      ...[
        '-v',
        'error',
        '-i',
        manifest,
        '-t',
        '4',
        '-enc_time_base',
        '-1',
        '-f',
        'null',
        '-',
        '-progress',
        'pipe:1',
      ],
    ]);
    const frames = [...decoded.stdout.matchAll(/^frame=\s*(\d+)/gm)].at(-1)?.[1];
    expect(Number(frames)).toBeGreaterThan(100);
  });
});

/** Opens a page that plays, as soon as it does. */
async function openPlayer(file: string, start: (url: string) => Promise<void>): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(site.url);
  await page.addScriptTag({ path: file });
  await page.evaluate(start, manifest);
  await page.waitForFunction(() => {
    const video = document.querySelector('video');
    return video !== null && !video.paused && video.readyState > 2 && video.currentTime > 0.5;
  });
  return page;
}

/** Waits until it is as far behind as live players of DASH are: a busy machine may let one fall behind for a while. */
const untilNear = (page: Page) =>
  expect.poll(async () => Math.abs((await notesOf(page)).latency - 3.25)).toBeLessThan(2.25);

interface DashPage {
  readonly dashjs: {
    MediaPlayer(): {
      create(): {
        initialize(video: HTMLVideoElement, url: string, autoplay: boolean): void;
        updateSettings(settings: object): void;
        on(event: string, call: (event: { error?: { code: number; message: string } }) => void): void;
        getCurrentLiveLatency(): number;
      };
    };
  };
  readonly shaka: {
    Player: new () => {
      attach(video: HTMLVideoElement): Promise<void>;
      load(url: string): Promise<void>;
      configure(settings: object): void;
      getPlayheadTimeAsDate(): Date;
      addEventListener(type: 'error', call: (event: { detail: { code: number } }) => void): void;
    };
  };
  latency?: () => number;
  errors?: string[];
}

/** In the page. */
async function startDashJs(url: string): Promise<void> {
  const page = globalThis as unknown as DashPage;
  const video = document.querySelector('video');
  if (!video) throw new Error('no video');
  const player = page.dashjs.MediaPlayer().create();
  const errors: string[] = [];
  page.errors = errors;
  player.on('error', ({ error }) => errors.push(`${error?.code} ${error?.message}`));
  player.updateSettings({ streaming: { liveCatchup: { enabled: true } } });
  player.initialize(video, url, true);
  page.latency = () => player.getCurrentLiveLatency();
}

/** In the page. */
async function startShaka(url: string): Promise<void> {
  const page = globalThis as unknown as DashPage;
  const video = document.querySelector('video');
  if (!video) throw new Error('no video');
  const player = new page.shaka.Player();
  const errors: string[] = [];
  page.errors = errors;
  player.addEventListener('error', ({ detail }) => errors.push(String(detail.code)));
  player.configure({ streaming: { lowLatencyMode: true } });
  await player.attach(video);
  await player.load(url);
  await video.play();
  page.latency = () => (Date.now() - player.getPlayheadTimeAsDate().getTime()) / 1000;
}

const notesOf = (page: Page): Promise<PlayerNotes> =>
  page.evaluate(() => {
    const { errors = [], latency } = globalThis as unknown as DashPage;
    return { errors, latency: latency?.() ?? Number.NaN };
  });
