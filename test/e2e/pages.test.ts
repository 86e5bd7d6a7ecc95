import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { untilFinalised } from './chaos/power/seen-media.ts';
import { launchBrowser, openContext } from './support/browser.ts';
import { publishFile, publishRecording } from './support/publish-file.ts';
import { type RunningServer, startServer } from './support/running-server.ts';
import { listRecordings } from './support/same-media.ts';

let server: RunningServer;
let browser: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  expect(await server?.stop()).toBe(0);
});

beforeEach(async () => {
  context = await openContext(browser, {
    signInUrl: server.signInUrl,
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  page = await context.newPage();
});
afterEach(() => context.close());

const button = (name: string | RegExp, within: Page | Locator = page) =>
  within.getByRole('button', { name, exact: true });
const dialog = () => page.getByRole('dialog');
const heading = (name: string) => page.getByRole('heading', { name, exact: true });

async function create(name: string): Promise<void> {
  await button('New channel').click();
  await dialog().getByLabel('Name').fill(name);
  await button('Create channel').click();
  await heading(name).waitFor();
}

async function openSettings(name: string): Promise<void> {
  await button(`Settings of ${name}`).click();
  await dialog().waitFor();
}

/** Publishes a file and waits until its recording stays as it is. Answers its id. */
async function record(title: string): Promise<string> {
  const id = await publishRecording(server, { args: ['--title', title] });
  return (await untilFinalised(server, id)).id;
}

/** Whether the server lets somebody in with that key. */
async function keyWorks(streamKey: string, channel: string): Promise<boolean> {
  const publish = publishFile(server, streamKey, { channel });
  return publish.done.then(
    () => true,
    (error: Error) => {
      expect(error.message).toContain('stream-key-wrong');
      return false;
    },
  );
}

describe('the channels', () => {
  it('are made with a name that is checked while it is typed', async () => {
    await page.goto(server.url);
    await button('New channel').click();
    const name = dialog().getByLabel('Name');
    await expect.poll(() => name.evaluate((input) => input === document.activeElement)).toBe(true);
    const submit = button('Create channel');
    expect(await submit.isDisabled()).toBe(true);
    for (const [wrong, words] of [
      ['Pitch', 'lower-case'],
      ['-pitch', 'start with a letter or a digit'],
      ['pitch 2', 'a–z, 0–9'],
      ['x'.repeat(65), '64'],
    ] as const) {
      await name.fill(wrong);
      await dialog().getByRole('alert').filter({ hasText: words }).waitFor();
      expect(await submit.isDisabled()).toBe(true);
    }
    await name.fill('main');
    await submit.click();
    await dialog().getByRole('alert').filter({ hasText: 'main' }).waitFor();
    await name.fill('pitch-2');
    await dialog()
      .getByLabel(/^Title/)
      .fill('The second pitch');
    await submit.click();
    await heading('pitch-2').waitFor();
    await page.getByText('The second pitch').waitFor();
    await dialog().waitFor({ state: 'detached' });
    const made = (await (await server.api('GET', '/api/channels/pitch-2')).json()) as { title: string };
    expect(made.title).toBe('The second pitch');
  });

  it('are renamed, and their old address is gone', async () => {
    await page.goto(server.url);
    await create('before');
    await openSettings('before');
    await dialog().getByLabel('Name').fill('after');
    await button('Save').click();
    await heading('after').waitFor();
    expect(await heading('before').count()).toBe(0);
    expect((await server.api('GET', '/api/channels/before')).status).toBe(404);
    await page.getByRole('link', { name: 'Watch after' }).click();
    await heading('after').waitFor();
  });

  it('are deleted only when it is confirmed', async () => {
    await page.goto(server.url);
    await create('short-lived');
    await openSettings('short-lived');
    await button('Delete channel').click();
    const confirmation = page.getByRole('alertdialog');
    await button('Cancel', confirmation).click();
    await confirmation.waitFor({ state: 'detached' });
    expect((await server.api('GET', '/api/channels/short-lived')).status).toBe(200);
    await button('Delete channel').click();
    await button('Delete short-lived', confirmation).click();
    await heading('short-lived').waitFor({ state: 'detached' });
    await dialog().waitFor({ state: 'detached' });
    expect((await server.api('GET', '/api/channels/short-lived')).status).toBe(404);
  });

  it('keep their key masked until asked, and a new one replaces it', async () => {
    await page.goto(server.url);
    await create('keyed');
    await openSettings('keyed');
    const field = dialog().getByLabel('Stream key', { exact: true });
    expect(await field.inputValue()).toMatch(/^•+$/);
    await button('Show key').click();
    await expect.poll(() => field.inputValue()).not.toContain('•');
    const old = await field.inputValue();
    await button('Copy stream key').click();
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(old);
    expect(await keyWorks(old, 'keyed')).toBe(true);
    await button('New key').click();
    await button('Make a new key').click();
    await expect.poll(() => field.inputValue()).not.toBe(old);
    const key = await field.inputValue();
    expect(await keyWorks(old, 'keyed')).toBe(false);
    expect(await keyWorks(key, 'keyed')).toBe(true);
    await button('Hide key').click();
    await expect.poll(() => field.inputValue()).toMatch(/^•+$/);
    expect(server.log()).not.toContain(old);
    expect(server.log()).not.toContain(key);
  });
});

describe('the recordings', () => {
  it('are listed with channel, title, start, length and size', async () => {
    const id = await record('A day at the lake');
    const [recording] = await listRecordings(server);
    expect(recording?.id).toBe(id);
    await page.goto(`${server.url}/recordings`);
    const row = page.getByRole('listitem').filter({ hasText: 'A day at the lake' });
    const text = await row.textContent();
    expect(text).toContain('main');
    const seconds = Math.floor((recording?.duration ?? 0) / 1000);
    expect(seconds).toBeGreaterThan(1);
    expect(text).toContain(`0:${String(seconds).padStart(2, '0')}`);
    expect(text).toMatch(/\d kB|\d MB/);
    const started = await row.locator('time').first().getAttribute('datetime');
    expect(Date.parse(started ?? '')).toBe(recording?.startedAt);
    await page.getByLabel('Channel').selectOption('keyed');
    await row.waitFor({ state: 'detached' });
  });

  it('play, seek, and are downloaded byte for byte', async () => {
    const id = await record('To be kept');
    await page.goto(`${server.url}/recordings`);
    await page.getByRole('link', { name: /Play To be kept/ }).click();
    await heading('To be kept').waitFor();
    const shown = await page.locator('video').evaluate(async (video: HTMLVideoElement) => {
      const next = (type: string) =>
        new Promise((done) => video.addEventListener(type, done, { once: true }));
      if (video.readyState < 1) await next('loadedmetadata');
      await video.play();
      const { promise, resolve } = Promise.withResolvers<number>();
      video.requestVideoFrameCallback((_, { mediaTime }) => resolve(mediaTime));
      const first = await promise;
      const seeked = next('seeked');
      video.currentTime = video.duration - 1;
      await seeked;
      return { first, at: video.currentTime, duration: video.duration, width: video.videoWidth };
    });
    expect(shown.width).toBe(640);
    expect(shown.first).toBeLessThan(shown.at);
    expect(shown.at).toBeCloseTo(shown.duration - 1, 1);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download' }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^main-[\d-]+\.mp4$/);
    const answer = await server.api('GET', `/api/recordings/${id}/media.mp4`);
    const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
    const served = hash(new Uint8Array(await answer.arrayBuffer()));
    expect(hash(await readFile(await download.path()))).toBe(served);
  });

  it('are deleted only when it is confirmed, and their file with them', async () => {
    const id = await record('To be deleted');
    await page.goto(`${server.url}/recordings`);
    const row = page.getByRole('listitem').filter({ hasText: 'To be deleted' });
    await button(/^Delete/, row).click();
    await button('Cancel').click();
    expect((await server.api('GET', `/api/recordings/${id}`)).status).toBe(200);
    await button(/^Delete/, row).click();
    await button('Delete recording').click();
    await row.waitFor({ state: 'detached' });
    for (const path of [`/api/recordings/${id}`, `/api/recordings/${id}/media.mp4`]) {
      expect((await server.api('GET', path)).status).toBe(404);
    }
  });
});

describe('signing in and out', () => {
  it('asks for the token, says when it is wrong, and goes on to where one wanted to go', async () => {
    const stranger = await (await openContext(browser)).newPage();
    await stranger.goto(`${server.url}/recordings?channel=main`);
    await stranger.getByLabel('Admin token').fill('not-the-token');
    await stranger.getByRole('button', { name: 'Sign in' }).click();
    await stranger.getByRole('alert').filter({ hasText: 'wrong' }).waitFor();
    await stranger.getByLabel('Admin token').fill(server.token);
    await stranger.getByRole('button', { name: 'Sign in' }).click();
    await stranger.getByRole('heading', { name: 'Recordings' }).waitFor();
    expect(stranger.url()).toBe(`${server.url}/recordings?channel=main`);
    await stranger.context().close();
  });

  it('signs out, and nothing private is left to see', async () => {
    await page.goto(server.url);
    await button('Sign out').click();
    await page.getByLabel('Admin token').waitFor();
    expect((await page.goto(`${server.url}/studio/main`))?.status()).toBe(401);
    expect((await page.request.get(`${server.url}/api/channels`)).status()).toBe(401);
    expect((await page.goto(`${server.url}/watch/main`))?.status()).toBe(200);
  });

  it('asks again in place when the session ends while a page is open', async () => {
    await page.goto(server.url);
    await heading('main').waitFor();
    await context.clearCookies();
    await button('New channel').click();
    await dialog().getByLabel('Name').fill('too-late');
    await button('Create channel').click();
    await heading('Sign in').waitFor();
    await page.getByLabel('Admin token').fill(server.token);
    await button('Sign in').click();
    await heading('main').waitFor();
  });
});

describe('an address that leads nowhere', () => {
  it.each(['/nowhere', '/studio/Not-A-Name', '/watch/nobody', '/recordings/a/b'])(
    'is answered in words, with a way back: %s',
    async (path) => {
      await page.goto(server.url + path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.getByRole('link', { name: 'To the channels' }).click();
      await heading('Channels').waitFor();
    },
  );
});
