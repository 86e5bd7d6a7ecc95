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
const DASH_JS = fileURLToPath(import.meta.resolve('dashjs')).replace('/esm/', '/umd/');
const SECONDS = 24;

let folder: string;
let server: RunningServer;
let browser: Browser;
let site: StrangersSite;
let publish: RunningPublish;
/** The replay's folder, and the playlist of its picture while the broadcast was on. */
let base: string;
let live: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headwater-dvr-'));
  const file = join(folder, 'camera.mkv');
  await run('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=30', '-f', 'lavfi', '-i', 'sine=r=48000'],
    ...['-t', String(SECONDS), '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '45'],
    ...['-c:a', 'libopus', '-frame_duration', '60', '-cluster_time_limit', '100', file],
  ]);
  server = await startServer();
  browser = await launchBrowser();
  site = await openStrangersSite('<video muted playsinline></video>');
  publish = publishFile(server, await newStreamKey(server), { file, args: ['--realtime'] });
  const index = await untilText('/live/main/dvr.m3u8', (text) => text.includes('/vod/'));
  base = `/vod/${/vod\/([^/]+)\/video\.m3u8/.exec(index)?.[1]}`;
  live = await untilText(`${base}/video.m3u8`, (text) => segmentsIn(text) >= 2);
});

afterAll(async () => {
  await publish?.done;
  await browser?.close();
  await site?.close();
  expect(await server?.stop()).toBe(0);
  await rm(folder, { recursive: true, force: true });
});

const address = (path: string) => `${server.url}${path}`;

/** Asks until `ready` says that the answer is what was waited for. */
async function untilText(path: string, ready: (text: string) => boolean): Promise<string> {
  for (;;) {
    const answer = await fetch(address(path));
    const text = await answer.text();
    if (answer.ok && ready(text)) return text;
    await new Promise((settle) => setTimeout(settle, 300));
  }
}

/** How many segments a playlist lists. */
const segmentsIn = (text: string) => text.split('#EXTINF').length - 1;

const PLAYERS = [
  ['hls.js', HLS_JS, startHls, '/live/main/dvr.m3u8'],
  ['dash.js', DASH_JS, startDashJs, '/live/main/dvr.mpd'],
] as const;

describe('a broadcast from its beginning', () => {
  it('is played in hls.js and dash.js while it is on', async () => {
    const play = async ([, file, start, path]: (typeof PLAYERS)[number]) => {
      const page = await openPlayer(file, start, address(path));
      await seekAndPlay(page, 1, 4);
      expect(await errorsOf(page)).toEqual([]);
      await page.close();
    };
    await Promise.all(PLAYERS.map(play));
  });

  it('only grows while it is on, and is complete when it is over, from the same addresses', async () => {
    expect(live).toContain('#EXT-X-PLAYLIST-TYPE:EVENT');
    expect(live).not.toContain('#EXT-X-ENDLIST');
    const [before] = await framesOf(`${base}/index.m3u8`, ['-t', '6']);
    await publish.done;
    const over = await untilText(`${base}/video.m3u8`, (text) => text.includes('#EXT-X-ENDLIST'));
    expect(over).toContain('#EXT-X-PLAYLIST-TYPE:VOD');
    const listed = live.trimEnd().replace(/#EXT-X-SERVER-CONTROL.*\n/, '');
    expect(over.replace('VOD', 'EVENT').startsWith(listed)).toBe(true);
    await untilFinalised();
    const finalised = await untilText(`${base}/video.m3u8`, () => true);
    expect(finalised.split('\n').filter((line) => !line.startsWith('#EXTINF'))).toEqual(
      over.split('\n').filter((line) => !line.startsWith('#EXTINF')),
    );
    const [after, count] = await framesOf(`${base}/index.m3u8`, ['-t', '6']);
    expect(after).toEqual(before);
    expect(count).toBeGreaterThan(170);
    const [, all] = await framesOf('/live/main/dvr.mpd', []);
    expect(all).toBe(SECONDS * 30);
  });

  it.each(PLAYERS)('is played in %s when it is over', async (_, file, start, path) => {
    const page = await openPlayer(file, start, address(path));
    expect(await page.evaluate(() => document.querySelector('video')?.duration)).toBeCloseTo(SECONDS, 0);
    await seekAndPlay(page, 15, 3);
    expect(await errorsOf(page)).toEqual([]);
    await page.close();
  });
});

/** A hash of the frames' bytes with their times, and how many there are. */
async function framesOf(path: string, args: readonly string[]): Promise<[string, number]> {
  const from = path.endsWith('.m3u8') ? ['-live_start_index', '0'] : [];
  const input = ['-v', 'error', ...from, '-i', address(path), ...args];
  const { stdout } = await run('ffmpeg', [...input, '-map', 'v', '-c', 'copy', '-f', 'framemd5', '-'], {
    maxBuffer: 1e8,
  });
  const frames = stdout.split('\n').filter((line) => line && !line.startsWith('#'));
  return [frames.map((line) => line.split(',').slice(2).join()).join('\n'), frames.length];
}

async function untilFinalised(): Promise<void> {
  for (;;) {
    const { items } = (await (await server.api('GET', '/api/recordings')).json()) as {
      items: { finalisation: string }[];
    };
    if (items.length > 0 && items.every(({ finalisation }) => finalisation === 'done')) return;
    await new Promise((settle) => setTimeout(settle, 300));
  }
}

async function openPlayer(file: string, start: (url: string) => Promise<void>, url: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(site.url);
  await page.addScriptTag({ path: file });
  await page.evaluate(start, url);
  await page.waitForFunction(() => (document.querySelector('video')?.readyState ?? 0) > 2);
  return page;
}

/** Seeks, and plays so many seconds from there without a hole: what a player does about one begins another range. */
async function seekAndPlay(page: Page, to: number, seconds: number): Promise<void> {
  await page.evaluate((time) => {
    const video = document.querySelector('video');
    if (video) video.currentTime = time;
    return video?.play();
  }, to);
  await page.waitForFunction(
    ([from, end]) => {
      const { played, seeking } = document.querySelector('video') ?? {};
      if (!played || seeking) return false;
      const ranges = Array.from({ length: played.length }, (_, index) => [
        played.start(index),
        played.end(index),
      ]);
      return ranges.some(([start = 0, last = 0]) => start <= from && last >= end);
    },
    [to + 0.2, to + seconds] as const,
  );
}

interface DvrPage {
  readonly Hls: new () => {
    on(event: string, call: (event: string, data: { fatal: boolean; details: string }) => void): void;
    loadSource(url: string): void;
    attachMedia(video: HTMLVideoElement): void;
  };
  readonly dashjs: {
    MediaPlayer(): {
      create(): {
        initialize(video: HTMLVideoElement, url: string, autoplay: boolean): void;
        on(event: string, call: (event: { error?: { code: number; message: string } }) => void): void;
      };
    };
  };
  errors?: string[];
}

/** In the page. */
async function startHls(url: string): Promise<void> {
  const page = globalThis as unknown as DvrPage;
  const video = document.querySelector('video');
  if (!video) throw new Error('no video');
  const errors: string[] = [];
  page.errors = errors;
  const hls = new page.Hls();
  hls.on('hlsError', (_event, { fatal, details }) => {
    if (fatal || /Parsing|Append/i.test(details)) errors.push(details);
  });
  hls.loadSource(url);
  hls.attachMedia(video);
}

/** In the page. */
async function startDashJs(url: string): Promise<void> {
  const page = globalThis as unknown as DvrPage;
  const video = document.querySelector('video');
  if (!video) throw new Error('no video');
  const errors: string[] = [];
  page.errors = errors;
  const player = page.dashjs.MediaPlayer().create();
  player.on('error', ({ error }) => errors.push(`${error?.code} ${error?.message}`));
  player.initialize(video, url, true);
}

const errorsOf = (page: Page) => page.evaluate(() => (globalThis as unknown as DvrPage).errors);
