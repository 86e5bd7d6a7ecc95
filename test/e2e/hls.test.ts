import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BrowserPlayer } from '../players/browser-player.ts';
import { hlsJs } from '../players/hls-js.ts';
import { probePlayer, readProbe } from '../players/player-probe.ts';
import { shaka } from '../players/shaka.ts';
import { videoJs } from '../players/video-js.ts';
import { launchBrowser, openContext } from './support/browser.ts';
import { goesOn, untilPlayedThrough } from './support/played-through.ts';
import { newStreamKey, publishFile, type RunningPublish } from './support/publish-file.ts';
import { type RunningServer, startServer } from './support/running-server.ts';
import { openStrangersSite, type StrangersSite } from './support/strangers-site.ts';
import { installTestCamera } from './support/test-camera.ts';

const run = promisify(execFile);
const SECONDS = 150;
/** A machine may stand still while the publisher comes back; a hole would be there each time. */
const MOST_SESSIONS = 3;

let folder: string;
let server: RunningServer;
let browser: Browser;
let site: StrangersSite;
let publish: RunningPublish;
let index: string;
let file: string;
let key: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headwater-hls-'));
  file = join(folder, 'camera.mkv');
  await run('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=30', '-f', 'lavfi', '-i', 'sine=r=48000'],
    ...['-t', String(SECONDS), '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '30'],
    ...['-c:a', 'libopus', '-frame_duration', '60', '-cluster_time_limit', '100', file],
  ]);
  server = await startServer();
  browser = await launchBrowser();
  site = await openStrangersSite('<video muted playsinline></video>');
  key = await newStreamKey(server);
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
  it.each([hlsJs, videoJs, shaka('index.m3u8')])(
    'plays in $name on somebody else’s page, in one go',
    async (player) => {
      const { page, close } = await openPlayer(player);
      await untilPlayedThrough(page, 8);
      expect((await readProbe(page)).words.fatal).toEqual([]);
      await close();
    },
  );

  it('goes on in hls.js with another session of the publisher, without a gap', async () => {
    const { page, close } = await openPlayer(hlsJs);
    let wentOn = false;
    for (let session = 0; session < MOST_SESSIONS && !wentOn; session += 1) {
      const start = await untilPlayedThrough(page, 2);
      publish.process.kill('SIGKILL');
      await publish.done.catch(() => {});
      publish = publishFile(server, key, { file, args: ['--realtime'] });
      wentOn = await goesOn(page, start, 8);
    }
    expect(wentOn).toBe(true);
    expect((await readProbe(page)).words.fatal).toEqual([]);
    await close();
  });

  it('is read by ffprobe and ffmpeg, which know nothing of low latency', async () => {
    const entries = ['-show_entries', 'stream=codec_name,width,sample_rate', '-of', 'json'];
    const probed = await run('ffprobe', ['-v', 'error', ...entries, index]);
    const { streams } = JSON.parse(probed.stdout) as { streams: { codec_name: string; width?: number }[] };
    expect(new Set(streams.map(({ codec_name }) => codec_name))).toEqual(new Set(['h264', 'opus', 'aac']));
    const decoded = await run('ffmpeg', [
      ...['-v', 'error', '-live_start_index', '-2', '-i', index, '-t', '4'],
      ...['-enc_time_base', '-1', '-f', 'null', '-', '-progress', 'pipe:1'],
    ]);
    const frames = [...decoded.stdout.matchAll(/^frame=\s*(\d+)/gm)].at(-1)?.[1];
    expect(decoded.stderr).toBe('');
    expect(Number(frames)).toBeGreaterThan(100);
  });
});

/** Opens a page that plays, as soon as it does. */
async function openPlayer(player: BrowserPlayer): Promise<{ page: Page; close: () => Promise<void> }> {
  const context = await openContext(browser);
  await installTestCamera(context);
  const page = await context.newPage();
  await page.goto(site.url);
  await probePlayer(page);
  await page.addScriptTag({ path: player.script });
  await page.evaluate(player.start, index);
  await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 0) > 0.5);
  return { page, close: () => context.close() };
}
