import { once } from 'node:events';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fixturePath } from '../contract/fixtures.ts';
import { untilElapsed } from './support/broadcast-state.ts';
import { launchBrowser } from './support/browser.ts';
import { newStreamKey, publishFile } from './support/publish-file.ts';
import { type RunningServer, startServer } from './support/running-server.ts';
import { expectRisingFrames } from './support/same-media.ts';
import { openStrangersSite } from './support/strangers-site.ts';
import { goLive, openStudio, stopBroadcast } from './support/studio-page.ts';
import { watchFrames } from './support/watch-frames.ts';
import { openWatch, presentFrames, waitForPlayerState } from './support/watch-page.ts';

let server: RunningServer;
let browser: Browser;
const contexts: BrowserContext[] = [];

beforeAll(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  expect(await server?.stop()).toBe(0);
});
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
});

async function watch(address = `${server.url}/watch/main`, inBrowser = browser): Promise<Page> {
  const { context, page } = await openWatch(inBrowser, address);
  contexts.push(context);
  return page;
}

/** Waits until the watch page says so beside its title. */
const said = (page: Page, words: string) => page.locator('#state', { hasText: words }).waitFor();
const timeOrigin = (page: Page) => page.evaluate(() => performance.timeOrigin);

describe('a file that is published as if it were live', () => {
  it('is waited for, seen, seen to break off, go on and end, each said in words', async () => {
    const page = await watch();
    const openedAt = await timeOrigin(page);
    await said(page, 'Not live yet');
    const key = await newStreamKey(server);
    const args = ['--realtime', '--loop', '--title', 'By the lake'];
    const first = publishFile(server, key, { args });
    await waitForPlayerState(page, 'live');
    await presentFrames(page, 30);
    await page.getByRole('heading', { name: 'By the lake' }).waitFor();
    await said(page, 'Live · 1 watching');
    expect(await page.title()).toContain('● By the lake');
    first.process.kill('SIGKILL');
    await first.done.catch(() => {});
    await waitForPlayerState(page, 'interrupted');
    await said(page, 'Interrupted');
    const second = publishFile(server, key, { args });
    await waitForPlayerState(page, 'live');
    await presentFrames(page, 30);
    second.process.kill('SIGINT');
    expect(await second.done).toContain('Stopped.');
    await waitForPlayerState(page, 'ended');
    await said(page, 'The broadcast is over');
    const third = publishFile(server, key, { args });
    await waitForPlayerState(page, 'live');
    await presentFrames(page, 30);
    await untilElapsed(server, 'main', 8000);
    third.process.kill('SIGINT');
    await third.done;
    await waitForPlayerState(page, 'ended');
    expect(await timeOrigin(page)).toBe(openedAt);
    await page.reload();
    await page.getByRole('button', { name: 'Watch the last broadcast' }).click();
    await waitForPlayerState(page, 'rewound');
    await presentFrames(page, 30);
    // Before it comes to its end, where the page leaves it by itself.
    await page.evaluate(() => document.querySelector('headwater-player')?.pause());
    await said(page, 'Replay of the last broadcast');
    await page.getByRole('button', { name: /^Replay, \d:\d\d before the end/ }).click();
    await said(page, 'Not live yet');
  });

  it('is seen although it is VP8, which no browser plays in segments', async () => {
    const created = await server.api('POST', '/api/channels', { name: 'firefox' });
    const { streamKey } = (await created.json()) as { streamKey: string };
    const page = await watch(`${server.url}/watch/firefox`);
    const options = { file: fixturePath('webm-vp8-opus.webm'), channel: 'firefox' };
    const published = publishFile(server, streamKey, { ...options, args: ['--realtime', '--loop'] });
    await waitForPlayerState(page, 'live');
    await presentFrames(page, 60);
    published.process.kill('SIGINT');
    expect(await published.done).toContain('Stopped.');
    await waitForPlayerState(page, 'ended');
  });
});

describe('a watch page', () => {
  it('is shared by snippets to copy, and described to sites that make cards of links', async () => {
    const page = await watch();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.url });
    await page.getByText('Share or embed').click();
    const copied = async (what: string) => {
      await page.getByRole('button', { name: `Copy ${what}` }).click();
      await page
        .getByRole('button', { name: `Copy ${what}` })
        .filter({ hasText: 'Copied' })
        .waitFor();
      return await page.evaluate(() => navigator.clipboard.readText());
    };
    expect(await copied('as a frame')).toContain(`<iframe src="${server.url}/embed/main"`);
    expect(await copied('as a web component')).toContain(`<headwater-player src="${server.url}/live/main">`);
    const link = page.locator('link[type="application/json+oembed"]');
    const described = await fetch((await link.getAttribute('href')) ?? '');
    expect(await described.json()).toMatchObject({ type: 'video', title: 'main' });
    const manifest = await fetch(`${server.url}/player/custom-elements.json`);
    expect(manifest.headers.get('access-control-allow-origin')).toBe('*');
    expect(await manifest.json()).toMatchObject({ modules: [{ path: 'headwater-player.js' }] });
    const video = page.locator('meta[property="og:video"]');
    expect(await video.getAttribute('content')).toBe(`${server.url}/embed/main`);
  });
});

describe('a server that is killed and started again', () => {
  it('is found again by a page that stayed open', async () => {
    const before = await startServer();
    const page = await watch(`${before.url}/watch/main`);
    const openedAt = await timeOrigin(page);
    const publish = publishFile(before, await newStreamKey(before), { args: ['--realtime', '--loop'] });
    await waitForPlayerState(page, 'live');
    await presentFrames(page, 30);
    before.process.kill('SIGKILL');
    await once(before.process, 'exit');
    publish.process.kill('SIGKILL');
    await publish.done.catch(() => {});
    await waitForPlayerState(page, 'connecting');
    await page.getByText('Connection lost', { exact: true }).waitFor();
    const port = new URL(before.url).port;
    const after = await startServer({ HEADWATER_PORT: port, HEADWATER_DATA: before.data });
    // However long the page takes to come back, there is a broadcast to be seen.
    const again = publishFile(after, await newStreamKey(after), { args: ['--realtime', '--loop'] });
    await waitForPlayerState(page, 'live');
    await presentFrames(page, 30);
    expect(await timeOrigin(page)).toBe(openedAt);
    again.process.kill('SIGINT');
    await again.done;
    await waitForPlayerState(page, 'ended');
    expect(await after.stop()).toBe(0);
  });
});

describe('a broadcast', () => {
  let studio: Awaited<ReturnType<typeof openStudio>>;
  beforeAll(async () => {
    studio = await openStudio(browser, server);
    await goLive(studio.studio);
  });
  afterAll(async () => {
    await stopBroadcast(studio.studio);
    await studio.context.close();
  });

  it("plays in a stranger's page with one script tag, and in a frame", async () => {
    const site = await openStrangersSite(`
      <script type="module" src="${server.url}/player/headwater-player.js"></script>
      <headwater-player src="${server.url}/live/main"></headwater-player>
      <iframe src="${server.url}/embed/main" allow="autoplay; fullscreen; picture-in-picture" title="main"></iframe>`);
    const page = await watch(site.url);
    const problems: string[] = [];
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    expectRisingFrames(await watchFrames(page, 30));
    const frame = page.frames().find((candidate) => candidate.url().includes('/embed/'));
    if (!frame) throw new Error('no frame');
    expectRisingFrames(await watchFrames(frame, 30));
    expect(problems).toEqual([]);
    await site.close();
  });

  it('starts without sound where the browser wants a click for it, with a button that gives it', async () => {
    const strict = await launchBrowser('document-user-activation-required');
    const page = await watch(`${server.url}/watch/main`, strict);
    expectRisingFrames(await watchFrames(page, 30));
    const muted = () => page.evaluate(() => document.querySelector('headwater-player')?.muted);
    expect(await muted()).toBe(true);
    await page.getByRole('button', { name: 'Unmute', exact: true }).click();
    await expect.poll(muted).toBe(false);
    expectRisingFrames(await watchFrames(page, 30));
    await strict.close();
  });

  it('is caught up with by a page that stood still, as one does that is hidden for long', async () => {
    const [page, other] = await Promise.all([watch(), watch()]);
    const before = (await watchFrames(page, 30)).at(-1);
    const session = await page.context().newCDPSession(page);
    const paused = new Promise((done) => session.once('Debugger.paused', done));
    await session.send('Debugger.enable');
    await session.send('Debugger.pause');
    await paused;
    await watchFrames(other, 90);
    await session.send('Debugger.resume');
    await session.detach();
    const newer = async () => ((await watchFrames(page, 1))[0]?.frame ?? 0) > (before?.frame ?? 0) + 60;
    await expect.poll(newer).toBe(true);
    await followsLiveEdge(page);
    expectRisingFrames(await watchFrames(page, 30));
  });

  it('fills the screen, and goes into a window of its own', async () => {
    const page = await watch();
    await watchFrames(page, 10);
    await page.locator('headwater-player').hover();
    await page.getByRole('button', { name: /full ?screen/i }).click();
    await page.waitForFunction(() => document.fullscreenElement !== null);
    expect(await page.evaluate(() => document.fullscreenElement?.localName)).toBe('headwater-player');
    await page.keyboard.press('f');
    await page.waitForFunction(() => document.fullscreenElement === null);
    await page.locator('headwater-player').hover();
    await page.getByRole('button', { name: /picture.in.picture/i }).click();
    await page.waitForFunction(() => document.pictureInPictureElement !== null);
    expectRisingFrames(await watchFrames(page, 30));
  });

  it('shows its delay, and that is the delay of the pixels', async () => {
    const page = await watch();
    await followsLiveEdge(page);
    const { told, seen } = await page.evaluate(async () => {
      const player = document.querySelector('headwater-player');
      const samples: { told: number; seen: number }[] = [];
      while (player && samples.length < 150) {
        const at = await new Promise<number>((done) => {
          player.video.requestVideoFrameCallback((_, metadata) => done(metadata.expectedDisplayTime));
        });
        const stamp = window.readStamp(player.video);
        const told = player.delay;
        if (!stamp || told === null) continue;
        const now = Math.floor(Date.now() + at - performance.now()) % 2 ** 28;
        samples.push({ told, seen: now - stamp.time });
      }
      const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
      return { told: median(samples.map(({ told }) => told)), seen: median(samples.map(({ seen }) => seen)) };
    });
    expect(Math.abs(told - seen), `told ${told} ms, seen ${seen} ms`).toBeLessThan(150);
    await page.locator('headwater-player').hover();
    await expect
      .poll(() => page.locator('headwater-player .delay-value').textContent())
      .toMatch(/^\d\.\d s$/);
  });
});

/** Waits until the player is where it wants to be. */
const followsLiveEdge = (page: Page) =>
  page.waitForFunction(() => {
    const { stats } = document.querySelector('headwater-player') ?? {};
    return stats?.delay != null && stats.targetDelay != null && stats.delay < stats.targetDelay + 250;
  });
