import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from './support/browser.ts';
import { newStreamKey, publishFile, type RunningPublish } from './support/publish-file.ts';
import { type RunningServer, startServer } from './support/running-server.ts';
import { openStrangersSite, type StrangersSite } from './support/strangers-site.ts';

const run = promisify(execFile);
const HLS_JS = join(dirname(fileURLToPath(import.meta.resolve('hls.js'))), 'hls.min.js');
const SECONDS = 60;

/** What the page notes about the player. */
interface PlayerNotes {
  readonly errors: { readonly fatal: boolean; readonly details: string }[];
  readonly time: number;
  readonly ranges: number;
  readonly latency: number;
}

let folder: string;
let server: RunningServer;
let browser: Browser;
let site: StrangersSite;
let publish: RunningPublish;
let index: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headwater-hls-'));
  const file = join(folder, 'camera.mkv');
  await run('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=30', '-f', 'lavfi', '-i', 'sine=r=48000'],
    ...['-t', String(SECONDS), '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '30'],
    ...['-c:a', 'libopus', '-frame_duration', '60', '-cluster_time_limit', '100', file],
  ]);
  server = await startServer();
  browser = await launchBrowser();
  site = await openStrangersSite('<video muted playsinline></video>');
  const key = await newStreamKey(server);
  publish = publishFile(server, key, { file, args: ['--realtime'] });
  index = `${server.url}/live/main/index.m3u8`;
  await untilLive();
});

afterAll(async () => {
  publish?.process.kill('SIGINT');
  await publish?.done;
  await browser?.close();
  await site?.close();
  expect(await server?.stop()).toBe(0);
  await rm(folder, { recursive: true, force: true });
});

async function untilLive(): Promise<void> {
  for (;;) {
    const answer = await fetch(index);
    if (answer.ok) return;
    await new Promise((settle) => setTimeout(settle, 200));
  }
}

describe('a live broadcast as HLS', () => {
  it('plays in hls.js on somebody else’s page with low latency, without a gap', async () => {
    const page = await openPlayer();
    const start = (await notesOf(page)).time;
    await page.waitForFunction(
      (time) => (document.querySelector('video')?.currentTime ?? 0) > time,
      start + 15,
      { timeout: 40_000 },
    );
    const notes = await notesOf(page);
    expect(notes.errors.filter(({ fatal }) => fatal)).toEqual([]);
    expect(notes.errors.filter(({ details }) => /Hole|Nudge|Parsing|Append/i.test(details))).toEqual([]);
    expect(notes.ranges).toBe(1);
    expect(notes.latency).toBeLessThan(3);
    await page.close();
  });

  it('is read by ffprobe and ffmpeg, which know nothing of low latency', async () => {
    const entries = ['-show_entries', 'stream=codec_name,width,sample_rate', '-of', 'json'];
    const probed = await run('ffprobe', ['-v', 'error', ...entries, index]);
    const { streams } = JSON.parse(probed.stdout) as { streams: { codec_name: string; width?: number }[] };
    expect(new Set(streams.map(({ codec_name }) => codec_name))).toEqual(new Set(['h264', 'opus', 'aac']));
    const decoded = await run('ffmpeg', [
      ...['-v', 'error', '-live_start_index', '-2', '-i', index, '-t', '4'],
      ...['-f', 'null', '-', '-progress', 'pipe:1'],
    ]);
    const frames = [...decoded.stdout.matchAll(/^frame=\s*(\d+)/gm)].at(-1)?.[1];
    expect(decoded.stderr).toBe('');
    expect(Number(frames)).toBeGreaterThan(100);
  });
});

/** Opens a page that plays, as soon as it does. */
async function openPlayer(): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(site.url);
  await page.addScriptTag({ path: HLS_JS });
  await page.evaluate(startHls, index);
  await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 0) > 0.5);
  return page;
}

interface HlsPage {
  readonly Hls: new (
    options: object,
  ) => {
    readonly latency: number;
    on(event: string, call: (event: string, data: { fatal: boolean; details: string }) => void): void;
    loadSource(url: string): void;
    attachMedia(video: HTMLVideoElement): void;
  };
  hls?: { readonly latency: number };
  errors?: { fatal: boolean; details: string }[];
}

/** In the page. */
async function startHls(url: string): Promise<void> {
  const page = globalThis as unknown as HlsPage;
  const video = document.querySelector('video');
  if (!video) throw new Error('no video');
  const hls = new page.Hls({ lowLatencyMode: true, maxLiveSyncPlaybackRate: 1.5 });
  const errors: { fatal: boolean; details: string }[] = [];
  page.hls = hls;
  page.errors = errors;
  hls.on('hlsError', (_event, { fatal, details }) => errors.push({ fatal, details }));
  hls.loadSource(url);
  hls.attachMedia(video);
  await video.play();
}

const notesOf = (page: Page): Promise<PlayerNotes> =>
  page.evaluate(() => {
    const { errors = [], hls } = globalThis as unknown as HlsPage;
    const video = document.querySelector('video');
    return {
      errors,
      time: video?.currentTime ?? 0,
      ranges: video?.buffered.length ?? 0,
      latency: hls?.latency ?? Number.NaN,
    };
  });
