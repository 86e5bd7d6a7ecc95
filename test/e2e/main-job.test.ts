import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecordingResource } from '../../src/wire/api.ts';
import { launchBrowser, openContext } from './support/browser.ts';
import { countDecodedFrames, probePackets } from './support/ffprobe.ts';
import { keepRecordedBytes, type RecordedBytes } from './support/recorded-bytes.ts';
import { type RunningServer, startServer } from './support/running-server.ts';
import { installTestCamera } from './support/test-camera.ts';
import { watchFrames } from './support/watch-frames.ts';

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

async function openStudio(): Promise<{ context: BrowserContext; studio: Page; recorded: RecordedBytes }> {
  const context = await openContext(browser, { signInUrl: server.signInUrl });
  await installTestCamera(context);
  const recorded = await keepRecordedBytes(context);
  const studio = await context.newPage();
  await studio.goto(`${server.url}/studio/main`);
  return { context, studio, recorded };
}

async function goLive(studio: Page): Promise<void> {
  await studio.getByLabel('Quality', { exact: true }).selectOption({ label: '480p (854 × 480)' });
  await studio.getByRole('button', { name: 'Go live' }).click();
  await studio.getByRole('button', { name: 'Stop', exact: true }).waitFor();
}

async function stop(studio: Page): Promise<void> {
  await studio.getByRole('button', { name: 'Stop', exact: true }).click();
  await studio.getByRole('alertdialog').getByRole('button', { name: /stop/i }).click();
  await studio
    .getByRole('link', { name: /recording/i })
    .first()
    .waitFor();
}

async function openWatch(path = '/watch/main'): Promise<{ context: BrowserContext; page: Page }> {
  const context = await openContext(browser);
  await installTestCamera(context);
  const page = await context.newPage();
  await page.goto(`${server.url}${path}`);
  return { context, page };
}

const playerState = (page: Page) =>
  page.evaluate(() => document.querySelector('headwater-player')?.getAttribute('data-state') ?? null);

async function waitForPlayerState(page: Page, state: string): Promise<void> {
  await page.waitForFunction(
    (wanted) => document.querySelector('headwater-player')?.getAttribute('data-state') === wanted,
    state,
  );
}

async function listRecordings(): Promise<RecordingResource[]> {
  const answer = (await (await server.api('GET', '/api/recordings?channel=main')).json()) as {
    items: RecordingResource[];
  };
  return answer.items;
}

async function download(recording: RecordingResource): Promise<string> {
  const answer = await server.api('GET', `/api/recordings/${recording.id}/media.mp4`);
  expect(answer.status).toBe(200);
  const file = join(server.data, `${recording.id}.mp4`);
  await writeFile(file, Buffer.from(await answer.arrayBuffer()));
  return file;
}

/** The frames and packets of the recording are those that the browser made: none missing, none twice, none broken. */
async function expectSameMedia(file: string, captured: readonly string[]): Promise<void> {
  for (const kind of ['video', 'audio'] as const) {
    const made = (await Promise.all(captured.map((part) => probePackets(part, kind)))).flat();
    const kept = await probePackets(file, kind);
    // An empty Opus packet of one byte fills a hiccup of the microphone (docs/decisions/0007).
    expect(kept.filter(({ size }) => size > 1).length).toBe(made.length);
    for (let i = 1; i < kept.length; i += 1) expect(kept[i]?.dts).toBeGreaterThan(kept[i - 1]?.dts ?? 0);
  }
  const made = await Promise.all(captured.map(countDecodedFrames));
  expect(await countDecodedFrames(file)).toBe(made.reduce((sum, frames) => sum + frames, 0));
}

/** The picture goes on, never back; a camera may be asked twice within one frame. */
const expectRisingFrames = (frames: readonly { frame: number }[]) => {
  for (let i = 1; i < frames.length; i += 1) {
    expect(frames[i]?.frame).toBeGreaterThanOrEqual(frames[i - 1]?.frame ?? 0);
  }
  expect(frames.at(-1)?.frame).toBeGreaterThan(frames[0]?.frame ?? 0);
};

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
describe.each(['first', 'second'])('a broadcast from a browser tab, the %s time', (round) => {
  it('is seen by whoever waited, came late or left, and is recorded without a missing frame', async () => {
    const before = await listRecordings();
    const waiting = await openWatch();
    await waitForPlayerState(waiting.page, 'offline');

    const { context, studio, recorded } = await openStudio();
    await goLive(studio);
    expectRisingFrames(await watchFrames(waiting.page, 60));
    expect(await playerState(waiting.page)).toBe('live');

    const late = await openWatch();
    const embedded = await openWatch('/embed/main');
    const [first, second] = await Promise.all([watchFrames(late.page, 60), watchFrames(embedded.page, 60)]);
    expectRisingFrames(first);
    expectRisingFrames(second);
    await embedded.context.close();
    await watchFrames(waiting.page, 30);

    await stop(studio);
    await waitForPlayerState(waiting.page, 'ended');
    await waitForPlayerState(late.page, 'ended');

    const recordings = await listRecordings();
    expect(recordings.length).toBe(before.length + 1);
    const recording = recordings.find(({ id }) => !before.some((other) => other.id === id));
    if (!recording) throw new Error(`no new recording the ${round} time`);
    expect(recording.state).toBe('complete');
    await expectSameMedia(await download(recording), recorded.files);
    for (const open of [context, waiting.context, late.context]) await open.close();
  });
});

describe('a broadcaster that reloads the studio', () => {
  it('goes on in the same broadcast: viewers see it without a reload, and it is one recording', async () => {
    const before = await listRecordings();
    const { context, studio, recorded } = await openStudio();
    await goLive(studio);
    const viewer = await openWatch();
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
    await stop(studio);
    const recordings = await listRecordings();
    expect(recordings.length).toBe(before.length + 1);
    expect(recorded.files.length).toBe(2);
    await context.close();
    await viewer.context.close();
  });
});
