import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from './support/browser.ts';
import { untilPlayedThrough } from './support/played-through.ts';
import { newStreamKey, publishFile, type RunningPublish } from './support/publish-file.ts';
import { type RunningServer, startServer } from './support/running-server.ts';
import { openStrangersSite, type StrangersSite } from './support/strangers-site.ts';

const run = promisify(execFile);
const HLS_JS = join(dirname(fileURLToPath(import.meta.resolve('hls.js'))), 'hls.min.js');
const DASH_JS = fileURLToPath(import.meta.resolve('dashjs')).replace('/esm/', '/umd/');
/** More than all tests take, on a busy machine as well. */
const SECONDS = 150;
/** Silence but for a short tone at each full second, when the picture is white for a frame. */
const BEEPS = 'aevalsrc=if(lt(mod(t\\,1)\\,0.1)\\,sin(2*PI*1000*t)\\,0):s=48000';

let folder: string;
let server: RunningServer;
let browser: Browser;
let site: StrangersSite;
let publish: RunningPublish;
let live: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headwater-hls-aac-'));
  const file = join(folder, 'camera.mkv');
  await run('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=30', '-f', 'lavfi', '-i', BEEPS],
    ...['-t', String(SECONDS), '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '30'],
    ...['-c:a', 'libopus', '-frame_duration', '60', '-cluster_time_limit', '100', file],
  ]);
  server = await startServer();
  browser = await launchBrowser();
  site = await openStrangersSite('<video muted playsinline></video>');
  const key = await newStreamKey(server);
  publish = publishFile(server, key, { file, args: ['--realtime'] });
  live = `${server.url}/live/main`;
  for (;;) {
    const answer = await fetch(`${live}/index.m3u8`);
    if (answer.ok && (await answer.text()).includes('aac.m3u8')) break;
    await new Promise((settle) => setTimeout(settle, 200));
  }
});

afterAll(async () => {
  publish?.process.kill('SIGINT');
  await publish?.done;
  await browser?.close();
  await site?.close();
  expect(await server?.stop()).toBe(0);
  await rm(folder, { recursive: true, force: true });
});

/** Its address, without the last piece. */
async function presentation(): Promise<string> {
  const text = await (await fetch(`${live}/index.m3u8`)).text();
  return `${live}/${/URI="(.+)\/aac\.m3u8"/.exec(text)?.[1]}`;
}

/** The number of the newest segment of AAC, once there are two: the first one may begin between pictures. */
async function newestSegment(base: string): Promise<number> {
  for (;;) {
    const text = await (await fetch(`${base}/aac.m3u8`)).text();
    const numbers = [...text.matchAll(/^aac\/(\d+)\.m4s$/gm)].map(([, number]) => Number(number));
    if (numbers.length > 1) return numbers.at(-1) ?? 0;
    await new Promise((settle) => setTimeout(settle, 200));
  }
}

/** Init segment and one segment of that number, as a file. */
async function mediaOf(base: string, track: string, sequence: number): Promise<string> {
  const playlist = await (await fetch(`${base}/${track}.m3u8`)).text();
  const init = /MAP:URI="([^"]+)"/.exec(playlist)?.[1] ?? '';
  const bytes = await Promise.all(
    [init, `${track}/${sequence}.m4s`].map(async (uri) => {
      const answer = await fetch(`${base}/${uri}`);
      expect([uri, answer.status]).toEqual([uri, 200]);
      return Buffer.from(await answer.arrayBuffer());
    }),
  );
  const path = join(folder, `${track}.mp4`);
  await writeFile(path, Buffer.concat(bytes));
  return path;
}

describe('the sound of a live broadcast as AAC', () => {
  it('is read by ffprobe, with the numbers and the times of the picture', async () => {
    const base = await presentation();
    const entries = ['-v', 'error', '-show_entries', 'stream=codec_name,profile,sample_rate', '-of', 'json'];
    const probed = await run('ffprobe', [...entries, `${base}/aac.m3u8`]);
    expect(JSON.parse(probed.stdout)).toMatchObject({ streams: [{ codec_name: 'aac', profile: 'LC' }] });
    const sequence = await newestSegment(base);
    const starts = await Promise.all(
      ['video', 'audio', 'aac'].map(async (track) => startOf(await mediaOf(base, track, sequence))),
    );
    const [picture = 0, opus = 0, aac = 0] = starts;
    // Each is cut at whole chunks: half of one of 60 or 64 ms away from the picture.
    expect(Math.abs(opus - picture)).toBeLessThan(0.062);
    expect(Math.abs(aac - picture)).toBeLessThan(0.062);
  });

  it('is in sync with the sound that it is made of', async () => {
    const base = await presentation();
    const sequence = await newestSegment(base);
    const [opus, aac] = await Promise.all(
      ['audio', 'aac'].map(async (track) => beepsOf(await mediaOf(base, track, sequence))),
    );
    expect(aac?.length).toBeGreaterThan(0);
    for (const beep of aac ?? []) {
      const nearest = Math.min(...(opus ?? []).map((other) => Math.abs(other - beep)));
      expect(nearest).toBeLessThan(0.02);
    }
  });

  it('is taken by hls.js in a browser that does not know Opus, and by no other', async () => {
    const page = await browser.newPage();
    await page.goto(site.url);
    await page.addScriptTag({ path: HLS_JS });
    const url = `${live}/index.m3u8`;
    expect(await page.evaluate(startHls, url)).toBe('opus');
    await page.evaluate(forgetOpus);
    expect(await page.evaluate(startHls, url)).toBe('mp4a.40.2');
    // A hole, and what hls.js does about one, would begin another range. So does a jump to the live edge: the first playlist
    // that came has another edge than the one of the sound, and a machine may stand still.
    await untilPlayedThrough(page, 5);
    const notes = await page.evaluate(() => {
      const { errors, hls } = globalThis as unknown as HlsPage;
      return { errors, codec: hls?.levels[hls.currentLevel]?.audioCodec };
    });
    expect(notes.codec).toBe('mp4a.40.2');
    expect(notes.errors?.filter(({ fatal }) => fatal)).toEqual([]);
    expect(notes.errors?.filter(({ details }) => /Parsing|Append/i.test(details))).toEqual([]);
    await page.close();
  });
});

describe('the sound of a live broadcast as AAC in DASH', () => {
  it('is taken by dash.js in a browser that does not know Opus', async () => {
    const page = await browser.newPage();
    await page.goto(site.url);
    await page.addScriptTag({ path: DASH_JS });
    await page.evaluate(forgetOpus);
    await page.evaluate(startDash, `${live}/manifest.mpd?audio=aac`);
    await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 0) > 0.5);
    const start = await page.evaluate(() => document.querySelector('video')?.currentTime ?? 0);
    await page.waitForFunction(
      (time) => (document.querySelector('video')?.currentTime ?? 0) > time,
      start + 4,
    );
    const notes = await page.evaluate(() => {
      const { dashErrors, dash } = globalThis as unknown as DashPage;
      return { errors: dashErrors, codec: dash?.getCurrentTrackFor('audio')?.codec };
    });
    expect(notes).toEqual({ errors: [], codec: expect.stringContaining('mp4a.40.2') });
    await page.close();
  });

  it('is read by ffprobe beside the Opus, and lies where the manifest says', async () => {
    const manifest = `${live}/manifest.mpd?audio=aac`;
    const entries = ['-v', 'error', '-show_entries', 'stream=codec_name', '-of', 'csv=p=0', manifest];
    const probed = await run('ffprobe', entries);
    expect(new Set(probed.stdout.match(/\w+/g))).toEqual(new Set(['aac', 'h264', 'opus']));
    // What the manifest says of the times of each is what is in the media: so they are in sync as those are.
    const text = await (await fetch(manifest)).text();
    const sets = [...text.matchAll(/<AdaptationSet.*?<\/AdaptationSet>/gs)].map(([set]) => set);
    const origins = sets.map((set) => numberOf(set, 'presentationTimeOffset') / numberOf(set, 'timescale'));
    for (const origin of origins) expect(origin).toBeCloseTo(origins[0] ?? 0, 4);
    // All at once: the first segments are the next to go.
    const files = await Promise.all(sets.map((set, index) => firstSegmentOf(set, String(index))));
    for (const [index, set] of sets.entries()) {
      const start = numberOf(set, 't') / numberOf(set, 'timescale');
      expect(await startOf(files[index] ?? '')).toBeCloseTo(start, 3);
    }
  });
});

const attributeOf = (set: string, name: string): string =>
  new RegExp(` ${name}="([^"]+)"`).exec(set)?.[1] ?? '';

const numberOf = (set: string, name: string): number => Number(attributeOf(set, name));

/** Init segment and first segment of an adaptation set, as a file. */
async function firstSegmentOf(set: string, name: string): Promise<string> {
  const uris = [
    attributeOf(set, 'initialization'),
    attributeOf(set, 'media').replace('$Number$', attributeOf(set, 'startNumber')),
  ];
  const bytes = await Promise.all(
    uris.map(async (uri) => Buffer.from(await (await fetch(`${live}/${uri}`)).arrayBuffer())),
  );
  const path = join(folder, `dash-${name}.mp4`);
  await writeFile(path, Buffer.concat(bytes));
  return path;
}

const startOf = async (file: string): Promise<number> => (await extentOf(file)).start;

/** Where its first packet begins and its last one, in seconds. */
async function extentOf(file: string): Promise<{ start: number; end: number }> {
  const entries = ['-v', 'error', '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', file];
  const times = (await run('ffprobe', entries)).stdout.trim().split('\n').map(Number.parseFloat);
  return { start: times[0] ?? Number.NaN, end: times.at(-1) ?? Number.NaN };
}

/** Where tones begin, on the timeline of the broadcast; the file may begin within one. */
async function beepsOf(file: string): Promise<number[]> {
  const { start, end } = await extentOf(file);
  const filter = 'silencedetect=noise=-30dB:duration=0.3';
  const { stderr } = await run('ffmpeg', ['-hide_banner', '-i', file, '-af', filter, '-f', 'null', '-']);
  const ends = [...stderr.matchAll(/silence_end: ([\d.]+)/g)].map(([, time]) => start + Number(time));
  // Where the file ends the silence does, too: one packet more and it would go on.
  return ends.filter((time) => time < end - 0.05);
}

interface Hls {
  readonly levels: { readonly audioCodec?: string }[];
  readonly currentLevel: number;
  readonly loadLevel: number;
  on(event: string, call: (event: string, data: { fatal: boolean; details: string }) => void): void;
  loadSource(url: string): void;
  attachMedia(video: HTMLVideoElement): void;
  destroy(): void;
}

interface HlsPage {
  readonly Hls: new (options: object) => Hls;
  hls?: Hls;
  errors?: { fatal: boolean; details: string }[];
}

interface DashPage {
  readonly dashjs: { MediaPlayer(): { create(): DashPlayer } };
  dash?: DashPlayer;
  dashErrors?: string[];
}

interface DashPlayer {
  initialize(video: HTMLVideoElement, url: string, autoplay: boolean): void;
  on(event: 'error', call: (event: { error?: { code: number; message: string } }) => void): void;
  getCurrentTrackFor(type: 'audio'): { readonly codec: string } | null;
}

/** In the page: plays. */
function startDash(url: string): void {
  const page = globalThis as unknown as DashPage;
  const video = document.querySelector('video');
  if (!video) throw new Error('no video');
  const player = page.dashjs.MediaPlayer().create();
  const errors: string[] = [];
  page.dash = player;
  page.dashErrors = errors;
  player.on('error', ({ error }) => errors.push(`${error?.code} ${error?.message}`));
  player.initialize(video, url, true);
}

/** In the page: makes it a browser that does not know Opus. */
function forgetOpus(): void {
  const { mediaCapabilities } = navigator;
  const asked = mediaCapabilities.decodingInfo.bind(mediaCapabilities);
  mediaCapabilities.decodingInfo = async (configuration) => {
    const { audio } = configuration;
    const answer = await asked(configuration);
    return audio && /opus/i.test(audio.contentType) ? { ...answer, supported: false } : answer;
  };
  const known = MediaSource.isTypeSupported.bind(MediaSource);
  MediaSource.isTypeSupported = (type) => !/opus/i.test(type) && known(type);
}

/** In the page: plays, from anew. Answers the codec of the sound that hls.js takes. */
async function startHls(url: string): Promise<string> {
  const page = globalThis as unknown as HlsPage;
  const video = document.querySelector('video');
  if (!video) throw new Error('no video');
  page.hls?.destroy();
  const hls = new page.Hls({ lowLatencyMode: true, maxLiveSyncPlaybackRate: 1.5 });
  const errors: { fatal: boolean; details: string }[] = [];
  page.hls = hls;
  page.errors = errors;
  hls.on('hlsError', (_event, { fatal, details }) => errors.push({ fatal, details }));
  const chosen = new Promise<string>((settle) => {
    hls.on('hlsLevelSwitching', () => settle(hls.levels[hls.loadLevel]?.audioCodec ?? ''));
  });
  hls.loadSource(url);
  hls.attachMedia(video);
  const codec = await chosen;
  // What was not begun yet may be given up for what is loaded next.
  void video.play().catch(() => {});
  return codec;
}
