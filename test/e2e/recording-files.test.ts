import { copyFile, mkdir, mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Originals } from '../../src/server/live/originals.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { ChannelResource, RecordingResource } from '../../src/wire/api.ts';
import { expectAccessible } from './support/accessibility.ts';
import { launchBrowser, openContext } from './support/browser.ts';
import { publishRecording } from './support/publish-file.ts';
import { type RunningServer, startServer } from './support/running-server.ts';
import { listRecordings } from './support/same-media.ts';
import { goLive, openStudio, stopBroadcast } from './support/studio-page.ts';
import { openWatch, waitForPlayerState } from './support/watch-page.ts';

const fixture = (name: string) => join(import.meta.dirname, '../fixtures/chromium', name);
const STARTED = Date.UTC(2026, 0, 31, 12);

let server: RunningServer;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  const data = await mkdtemp(join(tmpdir(), 'headwater-e2e-'));
  await fill(data);
  [server, browser] = await Promise.all([
    startServer({ HEADWATER_DATA: data, HEADWATER_RECORDING_FINALISE: 'false' }),
    launchBrowser(),
  ]);
  context = await openContext(browser, { signInUrl: server.signInUrl });
});
afterAll(async () => {
  await browser?.close();
  expect(await server?.stop()).toBe(0);
});

/** Recordings as a server may have them after a bad night. */
async function fill(data: string): Promise<void> {
  const folder = join(data, 'recordings');
  await mkdir(folder, { recursive: true });
  const store = await openStore(join(data, 'headwater.db'));
  const originals = new Originals(store, folder);
  const add = async (id: string, namePrefix: string | null, sent: string[]) => {
    const start = { channel: 'exam', title: null, startedAt: STARTED, namePrefix };
    await store.broadcasts.start({ id: `b-${id}`, ...start });
    await store.recordings.start({ id, broadcast: `b-${id}`, startedAt: STARTED, mime: 'video/mp4' });
    await store.recordings.progress(id, { state: 'complete', duration: 8000, size: 334_268 });
    await mkdir(join(folder, id));
    await copyFile(fixture('mp4-avc1-opus.mp4'), join(folder, id, 'media.mp4'));
    for (const name of sent) {
      await copyFile(fixture(name), join(data, 'session'));
      await originals.adopt(id, join(data, 'session'));
    }
  };
  await add('named', 'Anna Müller', ['webm-h264-opus.webm']);
  await add('gaps', null, ['webm-h264-opus.webm', 'mp4-avc1-opus.mp4']);
  const gaps = [
    { at: 3000, duration: 25_000 },
    { at: 6000, duration: null },
  ];
  await store.recordings.progress('gaps', { state: 'damaged', duration: 8000, size: 334_268, gaps });
  await store.recordings.notFinalised('gaps', 'no-room');
  await add('finished', null, []);
  await store.recordings.finalised('finished', { size: 334_268, duration: 8000 });
  await store.close();
}

async function open(path: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(server.url + path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  return page;
}

/** Presses a link, and answers the name and the bytes of what it saves. */
async function save(page: Page, name: string | RegExp) {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name }).click(),
  ]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

describe('the files of a recording', () => {
  it('are the MP4 and what was sent, both under its name, as they are', async () => {
    const page = await open('/recordings/named');
    const mp4 = await save(page, /^Download MP4/);
    expect(mp4.name).toBe('Anna Müller-2026-01-31-1200.mp4');
    expect(mp4.bytes).toEqual(await readFile(fixture('mp4-avc1-opus.mp4')));
    const webm = await save(page, /^WebM as recorded/);
    expect(webm.name).toBe('Anna Müller-2026-01-31-1200.webm');
    expect(webm.bytes).toEqual(await readFile(fixture('webm-h264-opus.webm')));
    await page.close();
  });

  it('are all there where they came in several parts', async () => {
    const page = await open('/recordings/gaps');
    expect((await save(page, /^MP4 as recorded, part 2/)).name).toBe('exam-2026-01-31-1200-2.mp4');
    await page.close();
  });

  it('can be had from the list', async () => {
    const page = await open('/recordings?channel=exam');
    const links = page.getByRole('link', { name: /as recorded$/ });
    await expect.poll(() => links.count()).toBe(2);
    await page.getByRole('heading', { name: 'Anna Müller-2026-01-31-1200' }).waitFor();
    expect(await links.last().getAttribute('href')).toBe('/recordings/gaps');
    const [download] = await Promise.all([page.waitForEvent('download'), links.first().click()]);
    expect(download.suggestedFilename()).toBe('Anna Müller-2026-01-31-1200.webm');
    await expectAccessible(page, 'recordings-kept');
    await page.close();
  });
});

describe('what is missing of a recording', () => {
  it('is said on its page, and that it is not finished', async () => {
    const page = await open('/recordings/gaps');
    await page.getByText('25 s are missing at 0:03').waitFor();
    await page.getByText('Something is missing at 0:06; nobody knows how much').waitFor();
    await page.getByText('Plays; not finished: the disk has no room for it').waitFor();
    await expectAccessible(page, 'recording-gaps');
    await page.goto(`${server.url}/recordings/finished`);
    await page.getByText('Finished: starts and seeks at once').waitFor();
    expect(await page.getByText('missing').count()).toBe(0);
    await page.goto(`${server.url}/recordings?channel=exam`);
    await page.getByText('2 gaps').waitFor();
    await page.getByText('not finished: disk full').waitFor();
    await page.close();
  });
});

describe('the settings of a channel', () => {
  const channel = async () =>
    (await (await server.api('GET', '/api/channels/main')).json()) as ChannelResource;

  it('have what is kept of its broadcasts, and for how long', async () => {
    const page = await open('/');
    const settings = page.getByRole('button', { name: 'Settings of main' });
    const dialog = page.getByRole('dialog');
    await settings.click();
    await dialog.getByRole('switch', { name: /^Also keep the original/ }).click();
    await dialog.getByLabel(/^Keep up to/).fill('2.5');
    await dialog.getByLabel(/^Keep for/).fill('14');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    const kept = { keepOriginal: true, keepBytes: 2_500_000_000, keepDays: 14 };
    expect(await channel()).toMatchObject(kept);
    await settings.click();
    await expect.poll(() => dialog.getByLabel(/^Keep up to/).inputValue()).toBe('2.5');
    await dialog.getByLabel(/^Keep up to/).fill('');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await channel()).toMatchObject({ ...kept, keepBytes: null });
    await page.close();
  });
});

describe('what a publisher sent', () => {
  const originalsOf = async (id: string) =>
    ((await (await server.api('GET', `/api/recordings/${id}`)).json()) as RecordingResource).originals;

  it('is kept where its channel says so, byte for byte', async () => {
    await server.api('POST', '/api/channels', { name: 'kept', keepOriginal: true });
    const id = await publishRecording(server, { channel: 'kept' });
    // It is filed away after the recording is complete.
    await expect.poll(async () => (await originalsOf(id)).length).toBe(1);
    const [original] = await originalsOf(id);
    expect(original?.fileName).toMatch(/^kept-[\d-]+\.webm$/);
    const sent = await server.api('GET', original?.url ?? '');
    expect(Buffer.from(await sent.arrayBuffer())).toEqual(await readFile(fixture('webm-h264-opus.webm')));
    expect(await readdir(join(server.data, 'recordings', id))).toContain('original.webm');
  });

  it('is not kept where it does not', async () => {
    await server.api('POST', '/api/channels', { name: 'once' });
    const id = await publishRecording(server, { channel: 'once' });
    // A session of another channel that ends later is filed away later.
    const later = await publishRecording(server, { channel: 'kept' });
    await expect.poll(async () => (await originalsOf(later)).length).toBe(1);
    expect(await originalsOf(id)).toEqual([]);
    expect(await readdir(join(server.data, 'recordings', id))).toEqual(['media.mp4']);
  });
});

describe('the picture of a broadcast', () => {
  const elapsed = async () => {
    const broadcast = await server.api('GET', '/api/channels/main/broadcast');
    return ((await broadcast.json()) as { elapsed: number }).elapsed;
  };

  it('is what the studio shows; viewers see it first, and recordings keep it', async () => {
    const { context: studioContext, studio } = await openStudio(browser, server);
    await goLive(studio);
    const fetchPoster = () => fetch(`${server.url}/live/main/poster`);
    await expect.poll(async () => (await fetchPoster()).status).toBe(200);
    expect((await fetchPoster()).headers.get('content-type')).toBe('image/jpeg');

    const watch = await openWatch(browser, `${server.url}/watch/main`);
    await waitForPlayerState(watch.page, 'live');
    const stamp = () =>
      watch.page.evaluate(async () => {
        const image = new Image();
        image.src = document.querySelector('headwater-player')?.poster ?? '';
        await image.decode();
        return { width: image.naturalWidth, stamp: window.readStamp(image) };
      });
    const seen = await stamp();
    expect(seen.width).toBe(640);
    expect(seen.stamp?.frame).toBeGreaterThan(30);
    await stopBroadcast(studio);
    await waitForPlayerState(watch.page, 'ended');
    const poster = () => watch.page.evaluate(() => document.querySelector('headwater-player')?.poster);
    await expect.poll(poster).toBe('');
    await expect.poll(async () => (await fetchPoster()).status).toBe(404);

    const [recording] = await listRecordings(server);
    const page = await open('/recordings?channel=main');
    const thumbnail = page.locator('.recording-poster img');
    await expect.poll(() => thumbnail.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(640);
    await expectAccessible(page, 'recordings-poster');
    await page.goto(`${server.url}/recordings/${recording?.id}`);
    expect(await page.locator('video').getAttribute('poster')).toBe(recording?.poster);
    for (const opened of [studioContext, watch.context]) await opened.close();
    await page.close();
  });

  it('is never black: one is taken when there is something to see', async () => {
    let asked = 0;
    const { context: studioContext, studio } = await openStudio(browser, server, {
      prepare: async (prepared) => {
        await prepared.route('**/live/main/poster', async (route) => {
          asked += 1;
          await route.continue();
        });
      },
    });
    await studio.getByRole('button', { name: 'Camera off' }).click();
    await goLive(studio);
    // The first try is over when this much of it is on the air.
    await expect.poll(() => elapsed()).toBeGreaterThan(4000);
    expect(asked).toBe(0);
    await studio.getByRole('button', { name: 'Camera on' }).click();
    await expect.poll(() => asked).toBe(1);
    await stopBroadcast(studio);
    expect((await listRecordings(server))[0]?.poster).not.toBeNull();
    await studioContext.close();
  });

  it('that cannot be delivered disturbs nothing', async () => {
    let asked = 0;
    const { context: studioContext, studio } = await openStudio(browser, server, {
      prepare: async (prepared) => {
        await prepared.route('**/live/main/poster', async (route) => {
          asked += 1;
          await route.abort();
        });
      },
    });
    await goLive(studio);
    await expect.poll(() => asked).toBeGreaterThan(1);
    await stopBroadcast(studio);
    const [recording] = await listRecordings(server);
    expect(recording).toMatchObject({ state: 'complete', poster: null });
    await studioContext.close();
  });
});
