import { readFile } from 'node:fs/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecordingResource } from '../../src/wire/api.ts';
import { KillableServer } from './chaos/killable-server.ts';
import { expectAccessible } from './support/accessibility.ts';
import { launchBrowser, openContext } from './support/browser.ts';
import { CutProxy } from './support/cut-proxy.ts';
import { crash, giveLittleMemory, keptBytes } from './support/kept-bytes.ts';
import { keepRecordedBytes } from './support/recorded-bytes.ts';
import type { RunningServer } from './support/running-server.ts';
import { downloadRecording, expectSameMedia, listRecordings } from './support/same-media.ts';
import { waitForWord } from './support/studio-page.ts';
import { installTestCamera } from './support/test-camera.ts';
import { openWatch, waitForPlayerState } from './support/watch-page.ts';

let killable: KillableServer;
/** Its address and its key are the same after a kill. */
let server: RunningServer;
let browser: Browser;
let key: string;

beforeAll(async () => {
  // As it comes: no page may make a sound before it is clicked.
  [killable, browser] = await Promise.all([
    KillableServer.start(),
    launchBrowser('document-user-activation-required'),
  ]);
  server = killable.now;
  const settings = { name: 'exam', live: false };
  key = ((await (await server.api('POST', '/api/channels', settings)).json()) as { streamKey: string })
    .streamKey;
});
afterAll(async () => {
  await browser?.close();
  expect(await killable?.close()).toBe(0);
});

/** Somebody with a link, and a camera. */
async function openStranger(): Promise<BrowserContext> {
  const context = await openContext(browser);
  await installTestCamera(context);
  return context;
}

const word = (page: Page, is: string) => page.locator('.recorder-word', { hasText: new RegExp(`^${is}$`) });

/** Presses the button where the browser wants it, and waits until something is saved. */
async function recordAWhile(page: Page): Promise<void> {
  const begin = page.getByRole('button', { name: 'Start recording' });
  await word(page, 'Recording').or(begin).first().waitFor();
  if (await begin.isVisible()) await begin.click();
  await page.getByText('It is saved as it goes').waitFor();
  await expect.poll(() => savedTime(page)).toBeGreaterThan(2);
}

/** In seconds. */
const savedTime = async (page: Page): Promise<number> => {
  const saved = page.locator('.recorder-figures > div', { hasText: 'Saved up to' }).locator('time');
  return Number(/\d+/.exec((await saved.getAttribute('datetime')) ?? '')?.[0] ?? 0);
};

async function stop(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Stop recording' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Stop and save' }).click();
  await word(page, 'Saved').waitFor();
}

/** What was sent of a recording, once it is filed away: after the recording is complete. */
async function originalsOf(id: string): Promise<RecordingResource['originals']> {
  const originals = async () =>
    ((await (await server.api('GET', `/api/recordings/${id}`)).json()) as RecordingResource).originals;
  await expect.poll(async () => (await originals()).length).toBeGreaterThan(0);
  return await originals();
}

describe('a link with a key', () => {
  it('records by itself, shows nobody, and gives the file its name', async () => {
    const context = await openStranger();
    const recorded = await keepRecordedBytes(context);
    const addresses: string[] = [];
    const page = await context.newPage();
    page.on('request', (request) => addresses.push(request.url()));
    page.on('websocket', (socket) => addresses.push(socket.url()));
    await page.goto(
      `${server.url}/record?channel=exam&name_prefix=../../Anna%20M%C3%BCller&chunk_time=250#key=${key}`,
    );
    const watch = await openWatch(browser, `${server.url}/watch/exam`);
    await recordAWhile(page);
    await waitForPlayerState(watch.page, 'offline');
    await expectAccessible(page, 'record-on');
    await stop(page);
    await expectAccessible(page, 'record-saved');
    await waitForPlayerState(watch.page, 'offline');

    const [recording] = await listRecordings(server, 'exam');
    expect(recording).toMatchObject({ state: 'complete' });
    expect(recording?.fileName).toMatch(/^Anna Müller-\d{4}-\d\d-\d\d-\d{4}$/);
    await page.evaluate(() => (window as { recordedPending?: Promise<void> }).recordedPending);
    await expectSameMedia(await downloadRecording(server, recording?.id ?? ''), recorded.files);
    const download = await server.api('HEAD', `/api/recordings/${recording?.id}/media.mp4?download`);
    expect(download.headers.get('content-disposition')).toMatch(
      /^attachment; filename="Anna Muller-[\d-]+\.mp4"; filename\*=UTF-8''Anna%20M%C3%BCller-[\d-]+\.mp4$/,
    );
    const [original] = await originalsOf(recording?.id ?? '');
    expect(original?.fileName).toBe(`${recording?.fileName}.webm`);
    const sent = await server.api('GET', original?.url ?? '');
    expect(sent.headers.get('content-disposition')).toContain(`filename*=UTF-8''Anna%20M%C3%BCller-`);
    expect(Buffer.from(await sent.arrayBuffer())).toEqual(
      Buffer.concat(await Promise.all(recorded.files.map((file) => readFile(file)))),
    );
    // Recordings are the admin's: who has a link may make them.
    expect(await page.getByRole('link').count()).toBe(0);
    expect(addresses.join('\n')).not.toContain(key);
    expect(server.log()).not.toContain(key);
    await context.close();
    await watch.context.close();
  });

  it('that was cut off by a crash is finished before it records again', async () => {
    const network = await CutProxy.open(server.url);
    const context = await openStranger();
    await giveLittleMemory(context);
    const page = await context.newPage();
    const address = `${network.url}/record?channel=exam&fname_prefix=twice#key=${key}`;
    await page.goto(address);
    await recordAWhile(page);
    network.cut();
    await page.getByText('The connection is lost').waitFor();
    await expect.poll(() => keptBytes(page)).toBeGreaterThan(50_000);
    await expectAccessible(page, 'record-away');
    const saved = await savedTime(page);
    await crash(page);
    network.mend();
    const again = await context.newPage();
    await again.goto(address);
    await recordAWhile(again);
    await stop(again);
    const [second, first] = await listRecordings(server, 'exam');
    expect(second?.fileName).toMatch(/^twice-/);
    expect(first?.fileName).toMatch(/^twice-/);
    expect(first?.state).toBe('complete');
    expect(first?.duration).toBeGreaterThan(saved * 1000);
    await context.close();
    await network.close();
  });

  it('with a wrong key, or for a channel that is not there, says so', async () => {
    const context = await openStranger();
    const page = await context.newPage();
    await page.goto(`${server.url}/record?channel=exam#key=wrong`);
    await word(page, 'Not recording').waitFor();
    await expectAccessible(page, 'record-refused');
    await page.goto(`${server.url}/record?channel=nobody#key=${key}`);
    await page.getByText('There is no such channel').waitFor();
    await context.close();
  });
});

describe('a link without a key', () => {
  it('records for who is signed in, under a name of its own', async () => {
    const context = await openContext(browser, { signInUrl: server.signInUrl });
    await installTestCamera(context);
    const page = await context.newPage();
    await page.goto(`${server.url}/record?channel=main`);
    await recordAWhile(page);
    await stop(page);
    const [recording] = await listRecordings(server);
    expect(recording?.fileName).toMatch(/^noname-/);
    for (const [link, ending] of [
      [/^Download MP4/, '.mp4'],
      [/^WebM as recorded/, '.webm'],
    ] as const) {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('link', { name: link }).click(),
      ]);
      expect(download.suggestedFilename()).toBe(`${recording?.fileName}${ending}`);
    }
    await expectAccessible(page, 'record-files');
    await context.close();
  });

  it('tells everybody else what is missing', async () => {
    const context = await openStranger();
    const page = await context.newPage();
    await page.goto(`${server.url}/record?channel=main`);
    await page.getByRole('heading', { name: 'This link is not complete' }).waitFor();
    await expectAccessible(page, 'record-no-key');
    await page.goto(`${server.url}/record`);
    await page.getByRole('heading', { name: 'Which channel?' }).waitFor();
    await context.close();
  });
});

describe('without a camera and a microphone', () => {
  it('says why, and tries again', async () => {
    const context = await openStranger();
    await context.addInitScript(() => {
      const open = navigator.mediaDevices.getUserMedia;
      let asked = 0;
      navigator.mediaDevices.getUserMedia = async (constraints) => {
        // With one question for both, then one for each.
        if (++asked <= 3) throw new DOMException('Permission denied', 'NotAllowedError');
        return open(constraints);
      };
    });
    const page = await context.newPage();
    await page.goto(`${server.url}/record?channel=exam#key=${key}`);
    await word(page, 'Not recording').waitFor();
    await expectAccessible(page, 'record-denied');
    await page.getByRole('button', { name: 'Try again' }).click();
    await recordAWhile(page);
    await stop(page);
    await context.close();
  });
});

describe('a channel with a time limit', () => {
  it('warns in the studio, ends the broadcast and leaves its recording', async () => {
    await server.api('POST', '/api/channels', { name: 'short', maxDuration: 12_000 });
    const context = await openContext(browser, { signInUrl: server.signInUrl });
    await installTestCamera(context);
    const studio = await context.newPage();
    await studio.goto(`${server.url}/studio/short`);
    // Both are there for some seconds only.
    await Promise.all([
      waitForWord(studio, 'Live'),
      studio.getByText('The channel’s time limit ends this broadcast in').waitFor(),
      studio.getByRole('button', { name: 'Go live' }).click(),
    ]);
    await studio.getByRole('link', { name: 'Watch the recording' }).waitFor();
    await waitForWord(studio, 'Ended');
    await studio.getByRole('alert').getByText('as long as this channel allows').waitFor();
    await expectAccessible(studio, 'studio-time-limit');
    const [recording] = await listRecordings(server, 'short');
    // A busy machine's camera and encoder are behind when the time is over.
    expect(recording?.duration).toBeGreaterThan(6000);
    expect(recording?.duration).toBeLessThan(14_000);
    await context.close();
  });
});

describe('a recording that is being made', () => {
  it('is one recording, byte for byte what was made, where the server is killed while it films', async () => {
    const context = await openStranger();
    const recorded = await keepRecordedBytes(context);
    const page = await context.newPage();
    await page.goto(`${server.url}/record?channel=exam&name_prefix=killed&chunk_time=250#key=${key}`);
    await recordAWhile(page);
    const before = await savedTime(page);
    await killable.kill();
    await killable.restart();
    await expect.poll(() => savedTime(page)).toBeGreaterThan(before + 2);
    await stop(page);
    await page.evaluate(() => (window as { recordedPending?: Promise<void> }).recordedPending);

    const isKilled = ({ fileName }: RecordingResource) => fileName.startsWith('killed');
    const found = (await listRecordings(server, 'exam')).filter(isKilled);
    expect(found).toMatchObject([{ state: 'complete', gaps: [] }]);
    expect(recorded.files).toHaveLength(1);
    const id = found[0]?.id ?? '';
    await expectSameMedia(await downloadRecording(server, id), recorded.files);
    const originals = await originalsOf(id);
    expect(originals).toHaveLength(1);
    const sent = await server.api('GET', originals[0]?.url ?? '');
    expect(Buffer.from(await sent.arrayBuffer())).toEqual(await readFile(recorded.files[0] ?? ''));
    await context.close();
  });
});
