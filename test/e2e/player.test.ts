import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { HeadwaterPlayer } from '../../src/player/headwater-player.ts';
import type { PlayerStats } from '../../src/player/player-stats.ts';
import type { PlayerState } from '../../src/player/viewer-state.ts';
import { launchBrowser } from './support/browser.ts';
import { PlayServer } from './support/play-server.ts';
import { bundlePlayer } from './support/player-bundle.ts';
import { readRecording, type TestRecording } from './support/test-broadcast.ts';

/** A page as strict as can be: the player must need nothing that its documentation does not name. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; media-src blob:; img-src 'self'";

let browser: Browser;
let context: BrowserContext;
let server: PlayServer;
let url: string;
let player: Awaited<ReturnType<typeof bundlePlayer>>;
let axe: string;
let recording: TestRecording;
let otherCodec: TestRecording;
let otherSize: TestRecording;

const fixture = (name: string) => {
  const file = `test/fixtures/chromium/${name}.webm`;
  return readRecording(file, `${file}.json`);
};

async function readScaled(): Promise<TestRecording> {
  const folder = await mkdtemp(join(tmpdir(), 'player-'));
  const file = join(folder, 'scaled.mkv');
  const source = 'test/fixtures/chromium/webm-h264-opus.webm';
  const encode = '-vf scale=320:180 -c:v libx264 -preset ultrafast -g 30 -bf 0 -c:a copy'.split(' ');
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-i', source, ...encode, file]);
  const scaled = await readRecording(file);
  await rm(folder, { recursive: true });
  return scaled;
}

beforeAll(async () => {
  [browser, player, axe, recording, otherCodec, otherSize] = await Promise.all([
    launchBrowser(),
    bundlePlayer(),
    readFile('node_modules/axe-core/axe.min.js', 'utf8'),
    fixture('webm-h264-opus'),
    fixture('webm-vp9-opus'),
    readScaled(),
  ]);
});
afterAll(() => browser?.close());

beforeEach(async () => {
  server = new PlayServer();
  url = await server.start();
  for (const { name, code } of player)
    server.page(`/player/${name}`, { body: code, type: 'text/javascript' });
  server.page('/page.css', {
    body: 'body { margin: 0 } headwater-player { max-width: 960px }',
    type: 'text/css',
  });
  context = await browser.newContext({ viewport: { width: 960, height: 600 } });
});
afterEach(async () => {
  await context.close();
  await server.close();
});

async function open(attributes = '', inContext = context, content = ''): Promise<Page> {
  server.page('/', {
    body: `<!doctype html><html lang="en"><title>Watch</title><link rel="stylesheet" href="/page.css">
      <script type="module" src="/player/headwater-player.js"></script>
      <main><h1>A page</h1><headwater-player src="/live/main" ${attributes}>${content}</headwater-player></main></html>`,
    type: 'text/html',
    headers: { 'content-security-policy': POLICY },
  });
  const page = await inContext.newPage();
  await page.addInitScript(() => {
    Object.assign(window, { violations: [], states: [] });
    addEventListener('securitypolicyviolation', (event) => window.violations.push(event.violatedDirective));
  });
  await page.goto(url);
  await page.evaluate(() => {
    const element = document.querySelector('headwater-player');
    element?.addEventListener('statechange', () => window.states.push(element.state));
  });
  return page;
}

declare global {
  interface Window {
    violations: string[];
    states: PlayerState[];
    black: number;
    held: number;
  }
}

const find = (): HeadwaterPlayer | null => document.querySelector('headwater-player');
const stats = (page: Page): Promise<PlayerStats> =>
  page.evaluate(() => document.querySelector('headwater-player')?.stats as PlayerStats);
const stateIs = (page: Page, state: PlayerState) =>
  page.waitForFunction(
    (wanted) => document.querySelector('headwater-player')?.dataset.state === wanted,
    state,
  );
/** The picture moves, at the live edge. */
async function plays(page: Page): Promise<void> {
  await stateIs(page, 'live');
  await page.waitForFunction(() => {
    const { stats } = document.querySelector('headwater-player') ?? {};
    return stats?.delay != null && stats.targetDelay != null && stats.delay < stats.targetDelay + 250;
  });
  await page.evaluate(
    () =>
      new Promise<void>((done) => {
        const video = document.querySelector('headwater-player')?.video;
        let frames = 0;
        const count = () => {
          frames += 1;
          if (frames === 10) done();
          else video?.requestVideoFrameCallback(count);
        };
        video?.requestVideoFrameCallback(count);
      }),
  );
}
/** What axe finds. */
async function problemsOf(page: Page): Promise<readonly { readonly id: string }[]> {
  await page.evaluate(axe);
  return await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<{ violations: { id: string }[] }> } };
    return (await axe.run()).violations;
  });
}
const message = (page: Page) => page.locator('headwater-player .message').textContent();

describe('a page with one script tag', () => {
  it('shows a broadcast that is on, at the live edge, with its true delay, under the strictest policy', async () => {
    server.goLive(recording);
    const page = await open();
    await plays(page);
    const { delayFrom, width, height, bitrate, transport } = await stats(page);
    expect({ delayFrom, width, height, transport }).toEqual({
      delayFrom: 'capture',
      width: 640,
      height: 360,
      transport: 'websocket',
    });
    expect(bitrate).toBeGreaterThan(0);
    expect(await page.evaluate(() => document.querySelector('headwater-player')?.muted)).toBe(false);
    await page.locator('headwater-player').hover();
    const bar = page.locator('headwater-player media-volume-range #progress');
    const barWidth = () => bar.evaluate((element) => element.getBoundingClientRect().width);
    await expect.poll(barWidth).toBeGreaterThan(20);
    const loaded = await page.evaluate(() =>
      performance.getEntriesByType('resource').map(({ name }) => name),
    );
    expect(loaded.filter((name) => name.includes('/player/'))).toEqual([`${url}/player/headwater-player.js`]);
    expect(await page.evaluate(() => window.violations)).toEqual([]);
  });

  it('ends its connection when it is taken out, and starts again when it is put back', async () => {
    server.goLive(recording);
    const page = await open();
    await plays(page);
    const element = await page.evaluateHandle(find);
    await element.evaluate((player) => player?.remove());
    await expect.poll(() => server.viewers).toBe(0);
    await element.evaluate((player) => document.body.append(player as Node));
    await plays(page);
    expect(server.viewers).toBe(1);
  });

  it('is a small download', async () => {
    const [player, ...later] = await bundlePlayer(true);
    expect(player?.name).toBe('headwater-player.js');
    expect(gzipSync(player?.code ?? '').length).toBeLessThan(80_000);
    expect(later.map(({ name }) => name)).toEqual(['headwater-player-hls.js']);
  });
});

describe('a viewer who came early', () => {
  it('is told, sees it start, pause, go on and end, and the next one start', async () => {
    const page = await open();
    await stateIs(page, 'offline');
    expect(await message(page)).toBe('Waiting for the broadcaster');
    server.goLive(recording);
    await plays(page);
    server.interrupt();
    await stateIs(page, 'interrupted');
    expect(await page.evaluate(() => document.querySelector('headwater-player')?.video.videoWidth)).toBe(640);
    server.resume(recording);
    await plays(page);
    server.end();
    await stateIs(page, 'ended');
    expect(await message(page)).toBe('The broadcast has ended');
    server.goLive(recording);
    await plays(page);
    expect((await stats(page)).rebuilds).toBe(0);
  });
});

describe('a viewer whose network fails', () => {
  it('sees no more than a moment of it when the socket is cut', async () => {
    server.goLive(recording);
    const page = await open();
    await plays(page);
    const accepted = server.accepted;
    server.cut();
    await expect.poll(() => server.accepted).toBe(accepted + 1);
    await plays(page);
    expect(await page.evaluate(() => window.states)).not.toContain('offline');
    expect((await stats(page)).reconnects).toBe(1);
  });

  it('keeps the last picture while the server is away, and goes on when it is back', async () => {
    server.goLive(recording);
    const page = await open();
    await plays(page);
    server.refuses = true;
    server.cut();
    await stateIs(page, 'connecting');
    expect(await message(page)).toBe('Connection lost');
    server.refuses = false;
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await plays(page);
  });

  it('notices a network that went silent without a word', async () => {
    server.goLive(recording);
    const page = await open();
    await plays(page);
    server.mute = true;
    await expect.poll(() => server.accepted).toBeGreaterThan(1);
    server.mute = false;
    await plays(page);
  });

  it('catches up after the whole page stood still', async () => {
    server.goLive(recording);
    const page = await open();
    await plays(page);
    await page.evaluate(() => {
      const end = performance.now() + 3000;
      while (performance.now() < end);
    });
    await plays(page);
    const before = await stats(page);
    await page.evaluate(() => {
      const video = document.querySelector('headwater-player')?.video;
      if (!video) return;
      video.currentTime -= 0.8;
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await plays(page);
    expect((await stats(page)).seeks).toBeGreaterThanOrEqual(before.seeks);
  });
});

describe('media that changes or is damaged', () => {
  it('goes on through another size and another codec in the same video element', async () => {
    server.goLive(recording);
    const page = await open();
    await plays(page);
    const source = await page.evaluate(() => document.querySelector('headwater-player')?.video.src);
    server.change(otherSize);
    await page.waitForFunction(() => document.querySelector('headwater-player')?.video.videoWidth === 320);
    await plays(page);
    server.change(otherCodec);
    await page.waitForFunction(() => document.querySelector('headwater-player')?.video.videoWidth === 640);
    await plays(page);
    expect(await page.evaluate(() => document.querySelector('headwater-player')?.video.src)).toBe(source);
  });

  it('goes on at the next group after pictures that cannot be decoded', async () => {
    server.goLive(recording);
    const page = await open();
    await plays(page);
    server.tamper = (bytes, chunk) => {
      if (chunk.kind !== 'video') return bytes;
      const damaged = bytes.slice();
      damaged.fill(0xa5, damaged.length - Math.floor(bytes.length / 2));
      return damaged;
    };
    await page.waitForFunction(() => (document.querySelector('headwater-player')?.stats?.rebuilds ?? 0) > 0);
    server.tamper = (bytes) => bytes;
    await plays(page);
  });

  it('holds the last picture meanwhile: the screen is never black', async () => {
    server.goLive(recording);
    const page = await open();
    await plays(page);
    await page.evaluate(() => {
      const { video, shadowRoot } = document.querySelector('headwater-player') ?? {};
      const still = shadowRoot?.querySelector('canvas');
      Object.assign(window, { black: 0, held: 0 });
      // A seek leaves the picture as it was; another source has none until its first is there.
      let empty = false;
      video?.addEventListener('emptied', () => {
        empty = true;
      });
      video?.addEventListener('loadeddata', () => {
        empty = false;
      });
      const look = () => {
        if (still && !still.hidden) window.held += 1;
        // The first picture may be presented a moment before that is told.
        else if (empty && (video?.readyState ?? 0) < HTMLMediaElement.HAVE_CURRENT_DATA) window.black += 1;
        requestAnimationFrame(look);
      };
      look();
    });
    server.tamper = (bytes, { kind }) => {
      if (kind !== 'video') return bytes;
      return bytes.slice().fill(0xa5, bytes.length - Math.floor(bytes.length / 2));
    };
    await page.waitForFunction(() => (document.querySelector('headwater-player')?.stats?.rebuilds ?? 0) > 0);
    server.tamper = (bytes) => bytes;
    await plays(page);
    const { black, held } = await page.evaluate(() => ({ black: window.black, held: window.held }));
    expect(black).toBe(0);
    expect(held).toBeGreaterThan(0);
  });

  it('leaves out what is no media at all', async () => {
    server.goLive(recording);
    const page = await open();
    await plays(page);
    let broken = 5;
    server.tamper = (bytes) => (broken-- > 0 ? new Uint8Array(bytes.length).fill(7) : bytes);
    await page.waitForFunction(
      // And what comes up to the next keyframe, which may be the very next chunk.
      () => (document.querySelector('headwater-player')?.stats?.skippedChunks ?? 0) >= 5,
    );
    await plays(page);
    expect((await stats(page)).rebuilds).toBe(0);
  });

  it('says in words what this browser cannot play, and plays what comes after it', async () => {
    server.goLive({
      ...recording,
      tracks: recording.tracks.map((track) => ({ ...track, codecString: 'xyz1' })),
    });
    const page = await open();
    await stateIs(page, 'error');
    expect(await page.locator('headwater-player .detail').textContent()).toMatch(
      /cannot play this broadcast \(xyz1/,
    );
    expect(await page.evaluate(() => document.querySelector('headwater-player')?.error?.code)).toBe(
      'unsupported-codec',
    );
    server.change(recording);
    await plays(page);
  });

  it('plays on when the browser has room for three seconds only', async () => {
    server.goLive(recording);
    await context.addInitScript(() => {
      const { appendBuffer } = SourceBuffer.prototype;
      SourceBuffer.prototype.appendBuffer = function (data) {
        const { buffered } = this;
        const held = buffered.length > 0 ? buffered.end(buffered.length - 1) - buffered.start(0) : 0;
        if (held > 3) {
          Object.assign(window, { refused: true });
          throw new DOMException('full', 'QuotaExceededError');
        }
        appendBuffer.call(this, data);
      };
    });
    const page = await open();
    await page.waitForFunction(() => 'refused' in window);
    await plays(page);
    const held = () =>
      page.evaluate(() => {
        const buffered = document.querySelector('headwater-player')?.video.buffered;
        return buffered?.length ? buffered.end(buffered.length - 1) - buffered.start(0) : 9;
      });
    // What waited while the machine was busy comes in one piece, and may be more for a moment.
    await expect.poll(held).toBeLessThan(4);
  });

  it('plays where there is only a managed media source', async () => {
    server.goLive(recording);
    await context.addInitScript(() => {
      Object.assign(window, { ManagedMediaSource: window.MediaSource });
      Reflect.deleteProperty(window, 'MediaSource');
    });
    const page = await open();
    await plays(page);
    expect(
      await page.evaluate(() => document.querySelector('headwater-player')?.video.disableRemotePlayback),
    ).toBe(true);
  });

  it('says so where there is none, nor a player of HLS', async () => {
    await context.addInitScript(() => {
      Reflect.deleteProperty(window, 'MediaSource');
      Reflect.deleteProperty(window, 'ManagedMediaSource');
      HTMLMediaElement.prototype.canPlayType = () => '';
    });
    const page = await open();
    await stateIs(page, 'error');
    expect(await page.evaluate(() => document.querySelector('headwater-player')?.error?.code)).toBe(
      'unsupported-browser',
    );
  });
});

describe('controls', () => {
  it('obey the keyboard, and playing after a pause is at the live edge again', async () => {
    server.goLive(recording);
    const page = await open();
    await plays(page);
    await page.locator('headwater-player media-controller').focus();
    await page.keyboard.press('m');
    // What the key does next follows from what the control shows.
    await page.locator('headwater-player media-mute-button[mediavolumelevel="off"]').waitFor();
    expect(await page.evaluate(() => document.querySelector('headwater-player')?.muted)).toBe(true);
    await page.keyboard.press('m');
    await page.keyboard.press('ArrowDown');
    await page.waitForFunction(() => {
      const { muted, volume = 1 } = document.querySelector('headwater-player') ?? {};
      return muted === false && volume < 1;
    });
    await page.keyboard.press('Space');
    await page.locator('headwater-player media-play-button[mediapaused]').waitFor();
    expect(await page.evaluate(() => document.querySelector('headwater-player')?.paused)).toBe(true);
    const paused = await page.evaluate(
      () => document.querySelector('headwater-player')?.video.currentTime ?? 0,
    );
    await page.waitForFunction((at) => {
      const buffered = document.querySelector('headwater-player')?.video.buffered;
      return buffered && buffered.end(buffered.length - 1) > at + 2;
    }, paused);
    await page.keyboard.press('Space');
    await plays(page);
    await page.keyboard.press('f');
    await page.locator('headwater-player media-controller[mediaisfullscreen]').waitFor();
    await page.keyboard.press('f');
    await page.locator('headwater-player media-controller:not([mediaisfullscreen])').waitFor();
  });

  it('are absent when the page says so', async () => {
    server.goLive(recording);
    const page = await open('controls="none" muted');
    await plays(page);
    expect(await page.locator('headwater-player media-control-bar').isVisible()).toBe(false);
    expect(await page.evaluate(() => document.querySelector('headwater-player')?.muted)).toBe(true);
  });

  it('keep the delay that is asked for', async () => {
    server.goLive(recording);
    const page = await open('target-latency="1.5"');
    await plays(page);
    await page.waitForFunction(
      () => Math.abs((document.querySelector('headwater-player')?.delay ?? 0) - 1500) < 150,
    );
  });

  it('wear what the page gives: a poster, captions, colours and styles of parts', async () => {
    server.page('/poster.svg', {
      body: '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="9"/>',
      type: 'image/svg+xml',
    });
    server.page('/page.css', {
      body: `headwater-player { --headwater-accent: rgb(1 2 3); --headwater-text: rgb(4 5 6) }
        headwater-player::part(message) { letter-spacing: 7px }`,
      type: 'text/css',
    });
    const track = '<track kind="captions" srclang="en" label="English">';
    const page = await open('poster="/poster.svg"', context, track);
    await stateIs(page, 'offline');
    const poster = page.locator('headwater-player .poster');
    await poster.waitFor();
    expect(await poster.evaluate((image) => (image as HTMLImageElement).src)).toBe(`${url}/poster.svg`);
    const styleOf = (selector: string, property: string) =>
      page
        .locator(`headwater-player ${selector}`)
        .evaluate((element, name) => getComputedStyle(element).getPropertyValue(name), property);
    expect(await styleOf('.start', 'background-color')).toBe('rgb(1, 2, 3)');
    expect(await styleOf('.message', 'letter-spacing')).toBe('7px');
    expect(await styleOf('.message', 'color')).toBe('rgb(4, 5, 6)');
    server.goLive(recording);
    await plays(page);
    expect(await poster.isVisible()).toBe(false);
    await page.locator('headwater-player').hover();
    await page.getByRole('button', { name: /captions/i }).click();
    await page.waitForFunction(
      () => document.querySelector('headwater-player')?.video.textTracks[0]?.mode === 'showing',
    );
  });

  it('do not start by themselves when the page says so', async () => {
    server.goLive(recording);
    const page = await open('autoplay="off"');
    await stateIs(page, 'live');
    expect(await page.evaluate(() => document.querySelector('headwater-player')?.video.paused)).toBe(true);
    await page.evaluate(() => document.querySelector('headwater-player')?.play());
    await plays(page);
  });
});

describe('a viewer who goes back', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'player-dvr-'));
    // 96 seconds: on a busy machine the live edge is far from its end when the bar is pressed.
    const input = ['-v', 'error', '-stream_loop', '11', '-i', 'test/fixtures/chromium/webm-h264-opus.webm'];
    const list = ['-f', 'hls', '-hls_time', '2', '-hls_playlist_type', 'event', '-hls_segment_type', 'fmp4'];
    const flags = ['-hls_flags', 'single_file+omit_endlist', join(folder, 'dvr.m3u8')];
    await promisify(execFile)('ffmpeg', [...input, '-c', 'copy', ...list, ...flags]);
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** The start of a broadcast that is on, as the server keeps it. */
  async function keep(): Promise<void> {
    const [playlist, media] = await Promise.all(
      ['dvr.m3u8', 'dvr.m4s'].map((name) => readFile(join(folder, name))),
    );
    server.page('/live/main/dvr.m3u8', { body: playlist ?? '', type: 'application/vnd.apple.mpegurl' });
    server.page('/live/main/dvr.m4s', { body: media ?? '', type: 'video/mp4' });
  }
  const behind = (page: Page) => page.evaluate(() => document.querySelector('headwater-player')?.behind ?? 0);

  it('gets there by the bar, moves about by keys, and is live again by one click', async () => {
    await keep();
    const page = await open('muted');
    // Somebody waits with the mouse over the picture.
    await page.locator('headwater-player').hover();
    server.goLive(recording);
    await plays(page);
    const bar = page.getByRole('slider', { name: 'Time' });
    await bar.waitFor();
    expect(await bar.getAttribute('aria-valuetext')).toBe('Live');
    const { x = 0, y = 0, width = 0, height = 0 } = (await bar.boundingBox()) ?? {};
    await page.mouse.move(x + width / 2, y + height / 2);
    const time = () => page.locator('headwater-player .scrub-time').textContent();
    await expect.poll(time).toMatch(/^−(0:[45]|1:[0-2])\d$/);
    await page.mouse.click(x + width / 2, y + height / 2);
    await stateIs(page, 'rewound');
    await page.waitForFunction(() => {
      const { behind = 0, video } = document.querySelector('headwater-player') ?? {};
      return behind > 5 && video?.seeking === false && video.currentTime > 20 && video.currentTime < 80;
    });
    await page.getByRole('button', { name: 'Details' }).click();
    await page.locator('headwater-player .stats dd', { hasText: /^HLS$/ }).waitFor();
    expect(await page.locator('headwater-player .stats dt').allTextContents()).toEqual([
      ...['Transport', 'Delay', 'Buffer', 'Bitrate', 'Resolution', 'Frames dropped', 'Chunks skipped'],
      ...['Stalls', 'Reconnects'],
    ]);
    await page.locator('headwater-player media-controller').focus();
    await page.keyboard.press('k');
    await page.waitForFunction(() => document.querySelector('headwater-player')?.paused);
    const stoodAt = await behind(page);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => behind(page)).toBeCloseTo(stoodAt + 20, 0);
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => behind(page)).toBeCloseTo(stoodAt + 10, 0);
    await page.getByRole('button', { name: /Go to the live picture/ }).click();
    await plays(page);
    expect(await behind(page)).toBe(0);
    await page.keyboard.press('ArrowLeft');
    await stateIs(page, 'rewound');
    const states = await page.evaluate(() => window.states);
    expect(states.slice(states.indexOf('live'))).not.toContain('connecting');
    expect(await page.evaluate(() => window.violations)).toEqual([]);
    await page.getByRole('group', { name: 'Details' }).waitFor();
    expect(await problemsOf(page)).toEqual([]);
  });

  it('gets there by keys pressed before it is known how far back that can be', async () => {
    await keep();
    server.goLive(recording);
    const page = await open('muted');
    await plays(page);
    let answer = () => {};
    const answered = new Promise<void>((done) => {
      answer = done;
    });
    await page.route(/dvr\.m3u8\?optional$/, async (route) => {
      await answered;
      await route.continue();
    });
    const asked = page.waitForRequest(/dvr\.m3u8\?optional$/);
    await page.locator('headwater-player media-controller').focus();
    await asked;
    for (const key of ['ArrowLeft', 'ArrowLeft', 'j', 'ArrowRight']) await page.keyboard.press(key);
    answer();
    await stateIs(page, 'rewound');
    await page.waitForFunction(() => {
      const { behind = 0 } = document.querySelector('headwater-player') ?? {};
      return behind > 10 && behind <= 20;
    });
  });

  it('cannot where nothing is kept: there is no bar, and the keys do nothing', async () => {
    server.goLive(recording);
    const page = await open('muted');
    await plays(page);
    // Coming near the controls is what asks; the answer may be there before the next line runs.
    const asked = page.waitForResponse(/dvr\.m3u8\?optional$/);
    await page.locator('headwater-player media-controller').focus();
    await page.keyboard.press('ArrowLeft');
    await asked;
    await page.keyboard.press('ArrowLeft');
    await plays(page);
    expect(await page.getByRole('slider', { name: 'Time' }).isVisible()).toBe(false);
    expect(await page.evaluate(() => window.states)).not.toContain('rewound');
  });
});

describe('a browser that wants a click before there is sound', () => {
  let strict: Browser;
  beforeAll(async () => {
    strict = await launchBrowser('document-user-activation-required');
  });
  afterAll(() => strict?.close());

  it('shows the picture without sound, and a button that gives it', async () => {
    server.goLive(recording);
    const page = await open('', await strict.newContext());
    await plays(page);
    expect(await page.evaluate(() => document.querySelector('headwater-player')?.muted)).toBe(true);
    await page.getByRole('button', { name: 'Unmute', exact: true }).click();
    await page.waitForFunction(() => document.querySelector('headwater-player')?.muted === false);
    await plays(page);
    expect(await page.locator('headwater-player .unmute').isVisible()).toBe(false);
  });
});

describe('everybody', () => {
  it.each(['offline', 'live', 'interrupted', 'ended', 'error'] as const)(
    'can use it while %s',
    async (state) => {
      if (state === 'error')
        server.goLive({ ...recording, tracks: [{ ...recording.tracks[0], codecString: 'xyz1' }] as never });
      else if (state !== 'offline') server.goLive(recording);
      const page = await open();
      if (state === 'interrupted' || state === 'ended') await plays(page);
      if (state === 'interrupted') server.interrupt();
      if (state === 'ended') server.end();
      await stateIs(page, state);
      const said = await page.getByRole('status').textContent();
      expect(said?.length).toBeGreaterThan(3);
      expect(await problemsOf(page)).toEqual([]);
    },
  );
});
