import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, openContext } from './support/browser.ts';
import { type RunningServer, startServer } from './support/running-server.ts';
import {
  downloadRecording,
  expectRisingFrames,
  expectSameMedia,
  listRecordings,
} from './support/same-media.ts';
import { goLive, openStudio, stopBroadcast } from './support/studio-page.ts';
import { watchFrames } from './support/watch-frames.ts';
import { openWatch, waitForPlayerState } from './support/watch-page.ts';

let server: RunningServer;
let browser: Browser;

beforeAll(async () => {
  server = await startServer();
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  expect(await server?.stop()).toBe(0);
});

describe('the address that start prints', () => {
  it('signs a browser in, once, and does not stay in the address bar', async () => {
    const context = await openContext(browser);
    const page = await context.newPage();
    await page.goto(server.signInUrl);
    await page.getByRole('heading', { name: 'Channels' }).waitFor();
    expect(page.url()).not.toContain('token');
    await page.getByRole('heading', { name: 'main', exact: true }).waitFor();
    const stranger = await (await openContext(browser)).newPage();
    await stranger.goto(server.url);
    await stranger.getByRole('heading', { name: /sign in/i }).waitFor();
    await context.close();
    await stranger.context().close();
  });
});

// Twice in a row: the second time finds whatever the first one left behind.
describe.each(['first', 'second'])('a broadcast from a browser tab, the %s time', () => {
  it('is seen by whoever waited, came late or left, and is recorded without a missing frame', async () => {
    const before = await listRecordings(server);
    const waiting = await openWatch(browser, `${server.url}/watch/main`);
    await waitForPlayerState(waiting.page, 'offline');

    const { context, studio, recorded } = await openStudio(browser, server);
    await goLive(studio);
    expectRisingFrames(await watchFrames(waiting.page, 60));
    await waitForPlayerState(waiting.page, 'live');

    const late = await openWatch(browser, `${server.url}/watch/main`);
    const embedded = await openWatch(browser, `${server.url}/embed/main`);
    const [first, second] = await Promise.all([watchFrames(late.page, 60), watchFrames(embedded.page, 60)]);
    expectRisingFrames(first);
    expectRisingFrames(second);
    await embedded.context.close();
    await watchFrames(waiting.page, 30);

    const id = await stopBroadcast(studio);
    await waitForPlayerState(waiting.page, 'ended');
    await waitForPlayerState(late.page, 'ended');

    const recordings = await listRecordings(server);
    expect(recordings.length).toBe(before.length + 1);
    expect(recordings.find((recording) => recording.id === id)?.state).toBe('complete');
    await expectSameMedia(await downloadRecording(server, id), recorded.files);
    for (const open of [context, waiting.context, late.context]) await open.close();
  });
});

describe('a broadcaster that reloads the studio', () => {
  it('goes on in the same broadcast: viewers see it without a reload, and it is one recording', async () => {
    const before = await listRecordings(server);
    const { context, studio, recorded } = await openStudio(browser, server);
    await goLive(studio);
    const viewer = await openWatch(browser, `${server.url}/watch/main`);
    await watchFrames(viewer.page, 30);
    const startedAt = await viewer.page.evaluate(() => performance.timeOrigin);
    studio.on('dialog', (dialog) => dialog.accept());
    await studio.reload();
    await waitForPlayerState(viewer.page, 'interrupted');
    await goLive(studio);
    await waitForPlayerState(viewer.page, 'live');
    // The camera counts anew after the reload: first see the old count out.
    await watchFrames(viewer.page, 60);
    expectRisingFrames(await watchFrames(viewer.page, 30));
    expect(await viewer.page.evaluate(() => performance.timeOrigin)).toBe(startedAt);
    await stopBroadcast(studio);
    const recordings = await listRecordings(server);
    expect(recordings.length).toBe(before.length + 1);
    expect(recorded.files.length).toBe(2);
    await context.close();
    await viewer.context.close();
  });
});
