import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PlayerStats } from '../../src/player/player-stats.ts';
import { launchBrowser } from './support/browser.ts';
import { PageProxy } from './support/page-proxy.ts';
import { bundlePlayer } from './support/player-bundle.ts';
import { newStreamKey, publishFile, type RunningPublish } from './support/publish-file.ts';
import { type RunningServer, startServer } from './support/running-server.ts';
import { presentFrames, waitForPlayerState } from './support/watch-page.ts';

/** As strict as can be: HLS must need nothing more than the WebSocket does. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; media-src blob:; img-src 'self'";

let server: RunningServer;
let browser: Browser;
let proxy: PageProxy;
const publishes: RunningPublish[] = [];
let context: BrowserContext;

beforeAll(async () => {
  const [started, launched, files] = await Promise.all([startServer(), launchBrowser(), bundlePlayer()]);
  server = started;
  browser = launched;
  proxy = await PageProxy.open(server.url);
  for (const { name, code } of files) proxy.page(`/player/${name}`, { body: code, type: 'text/javascript' });
  await server.api('POST', '/api/channels', { name: 'unrecorded', record: false });
  for (const channel of ['main', 'unrecorded']) {
    const key = await newStreamKey(server, channel);
    publishes.push(publishFile(server, key, { channel, args: ['--realtime', '--loop'] }));
  }
});
afterAll(async () => {
  for (const { process } of publishes) process.kill('SIGINT');
  await Promise.all(publishes.map(({ done }) => done));
  await browser?.close();
  await proxy?.close();
  expect(await server?.stop()).toBe(0);
});

beforeEach(async () => {
  proxy.webSockets = 'passed';
  context = await browser.newContext({ viewport: { width: 960, height: 600 } });
});
afterEach(() => context.close());

async function open(attributes = '', policy = POLICY, channel = 'main'): Promise<Page> {
  proxy.page('/page', {
    body: `<!doctype html><html lang="en"><title>Watch</title>
      <script type="module" src="/player/headwater-player.js"></script>
      <headwater-player src="/live/${channel}" muted ${attributes}></headwater-player></html>`,
    type: 'text/html',
    headers: { 'content-security-policy': policy },
  });
  const page = await context.newPage();
  await page.addInitScript(() => {
    Object.assign(window, { violations: [] });
    addEventListener('securitypolicyviolation', (event) => window.violations.push(event.violatedDirective));
  });
  await page.goto(`${proxy.url}/page`);
  return page;
}

const stats = (page: Page) =>
  page.evaluate(() => document.querySelector('headwater-player')?.stats as PlayerStats);
const plays = async (page: Page, transport: PlayerStats['transport']) => {
  await page.waitForFunction(
    (wanted) => document.querySelector('headwater-player')?.stats?.transport === wanted,
    transport,
  );
  await waitForPlayerState(page, 'live');
  await presentFrames(page, 20);
};
/** Counts from now on when there is neither a picture nor the last one: a seek leaves the picture as it was. */
const watchForBlack = (page: Page) =>
  page.evaluate(() => {
    const { video, shadowRoot } = document.querySelector('headwater-player') ?? {};
    const still = shadowRoot?.querySelector('canvas');
    Object.assign(window, { black: 0 });
    let empty = false;
    video?.addEventListener('emptied', () => {
      empty = true;
    });
    video?.addEventListener('loadeddata', () => {
      empty = false;
    });
    const look = () => {
      // The first picture may be presented a moment before that is told.
      const isBlack = empty && (video?.readyState ?? 0) < HTMLMediaElement.HAVE_CURRENT_DATA;
      if (still?.hidden && isBlack) window.black += 1;
      requestAnimationFrame(look);
    };
    look();
  });
/** Who watches, by the way that the media goes. */
const audienceOf = async (channel: string) => {
  const answer = await server.api('GET', `/api/channels/${channel}`);
  return ((await answer.json()) as { audience: Record<string, number> }).audience;
};
/** Notes every state that the page's player is in from now on. */
const noteStates = (page: Page) =>
  page.evaluate(() => {
    const element = document.querySelector('headwater-player');
    Object.assign(window, { states: [] });
    element?.addEventListener('statechange', () => window.states.push(element.state));
  });

describe('a network that lets no WebSocket through', () => {
  it('is played over by HLS, and left for the WebSocket when that works again', async () => {
    proxy.webSockets = 'refused';
    const page = await open();
    await plays(page, 'hls');
    await page.waitForFunction(() => {
      const { delay, delayFrom = '', bitrate = 0 } = document.querySelector('headwater-player')?.stats ?? {};
      return delay != null && delay < 8000 && /capture|arrival/.test(delayFrom ?? '') && bitrate > 0;
    });
    expect((await stats(page)).width).toBe(640);
    await noteStates(page);
    await watchForBlack(page);
    await expect.poll(() => audienceOf('main')).toMatchObject({ websocket: 0, hls: 1, unique: 1 });
    proxy.webSockets = 'passed';
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await plays(page, 'websocket');
    expect(await page.evaluate(() => window.states)).toEqual([]);
    proxy.webSockets = 'refused';
    proxy.cutWebSockets();
    await plays(page, 'hls');
    expect(await page.evaluate(() => window.states)).not.toContain('offline');
    expect((await stats(page)).switches).toBeGreaterThanOrEqual(3);
    expect(await page.evaluate(() => window.black)).toBe(0);
    expect(await page.evaluate(() => window.violations)).toEqual([]);
  });

  it('shows nothing where the page wants WebSockets only', async () => {
    proxy.webSockets = 'refused';
    const page = await open('transport="websocket"');
    await page.waitForFunction(
      () => (document.querySelector('headwater-player')?.stats?.reconnects ?? 0) > 2,
    );
    expect((await stats(page)).transport).toBe('websocket');
    expect(await page.evaluate(() => document.querySelector('headwater-player')?.state)).toBe('connecting');
  });
});

describe('a browser without Media Source Extensions', () => {
  it('plays HLS by itself, where it can', async () => {
    await context.addInitScript(() => {
      Reflect.deleteProperty(window, 'MediaSource');
      Reflect.deleteProperty(window, 'ManagedMediaSource');
    });
    const page = await open('', POLICY.replace('media-src', "media-src 'self'"));
    await plays(page, 'native-hls');
    // A browser that stalls is given the address again: it may be without one for a moment.
    await page.waitForFunction(() =>
      document.querySelector('headwater-player')?.video.src.endsWith('index.m3u8'),
    );
  });
});

describe('a viewer who goes back', () => {
  it.each([
    ['main', 'dvr'],
    ['unrecorded', 'hls'],
  ])('sees that, counts, and is live again when they want to: %s', async (channel, counted) => {
    const page = await open('', POLICY, channel);
    await plays(page, 'websocket');
    // What is kept is known of some seconds after it was live.
    await page.waitForFunction(() => {
      const player = document.querySelector('headwater-player');
      if (player?.behind === 0) player.seek(8);
      return player?.state === 'rewound' && (player.delay ?? 0) > 5000;
    });
    await presentFrames(page, 20);
    expect((await stats(page)).transport).toBe('hls');
    const audience = () => audienceOf(channel);
    await expect.poll(audience).toMatchObject({ websocket: 0, [counted]: 1, unique: 1 });
    await page.evaluate(() => document.querySelector('headwater-player')?.seekToLive());
    await plays(page, 'websocket');
    await page.waitForFunction(() => (document.querySelector('headwater-player')?.delay ?? 9000) < 5000);
    await expect.poll(audience).toMatchObject({ websocket: 1, [counted]: 0, unique: 1 });
  });
});

describe('a page that wants HLS', () => {
  it('opens no WebSocket', async () => {
    const sockets: string[] = [];
    context.on('page', (page) => page.on('websocket', (socket) => sockets.push(socket.url())));
    const page = await open('transport="hls"');
    await plays(page, 'hls');
    expect(sockets).toEqual([]);
  });
});
