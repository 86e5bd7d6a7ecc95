import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { BroadcastResource } from '../../src/wire/api.ts';
import { launchBrowser, openContext } from './support/browser.ts';
import { CutProxy } from './support/cut-proxy.ts';
import { countDecodedFrames } from './support/ffprobe.ts';
import { type RunningServer, startServer } from './support/running-server.ts';
import { downloadRecording, expectSameMedia, listRecordings } from './support/same-media.ts';
import { goLive, openStudio, stopBroadcast, waitForWord } from './support/studio-page.ts';
import { watchFrames } from './support/watch-frames.ts';
import { type OpenWatch, openWatch, presentFrames, waitForPlayerState } from './support/watch-page.ts';

const runFile = promisify(execFile);

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

/** A studio whose context ends with the test. */
async function open(url?: string) {
  const opened = await openStudio(browser, server, url === undefined ? {} : { url });
  contexts.push(opened.context);
  return opened;
}

/** A signed-in context with Chromium's own fake devices, or what `script` puts in their place. */
async function openPlain(script?: () => void): Promise<Page> {
  const context = await openContext(browser, { signInUrl: server.signInUrl });
  contexts.push(context);
  if (script) await context.addInitScript(script);
  const page = await context.newPage();
  await page.goto(`${server.url}/studio/main`);
  return page;
}

async function watch(): Promise<OpenWatch> {
  const opened = await openWatch(browser, `${server.url}/watch/main`);
  contexts.push(opened.context);
  return opened;
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const alert = (page: Page, words: string | RegExp) => page.getByRole('alert').filter({ hasText: words });
const broadcast = async () =>
  (await (await server.api('GET', '/api/channels/main/broadcast')).json()) as BroadcastResource;

/** The text messages that a page's player gets, by type. */
function playMessages(page: Page): string[] {
  const types: string[] = [];
  page.on('websocket', (socket) => {
    socket.on('framereceived', ({ payload }) => {
      if (typeof payload === 'string') types.push((JSON.parse(payload) as { type: string }).type);
    });
  });
  return types;
}

describe('what keeps a camera from opening', () => {
  const refuse = (name: string, message: string) => `
    navigator.mediaDevices.getUserMedia = async () => { throw new DOMException(${JSON.stringify(message)}, '${name}'); };
    navigator.mediaDevices.getDisplayMedia = navigator.mediaDevices.getUserMedia;`;

  it.each([
    ['denied', refuse('NotAllowedError', 'Permission denied'), /blocked for this site/],
    ['denied by the system', refuse('NotAllowedError', 'Permission denied by system'), /operating system/],
    ['dismissed', refuse('NotAllowedError', 'Permission dismissed'), /closed without an answer/],
    ['not there', refuse('NotFoundError', 'Requested device not found'), /No camera was found/],
    ['busy', refuse('NotReadableError', 'Could not start video source'), /Another program may be using it/],
    [
      'on a page that is not secure',
      `Object.defineProperty(window, 'isSecureContext', { value: false });
       Object.defineProperty(navigator, 'mediaDevices', { value: undefined });`,
      /only to secure pages/,
    ],
    [
      'not supported',
      `Object.defineProperty(navigator, 'mediaDevices', { value: undefined });`,
      /cannot use the camera/,
    ],
  ])('is said in words when it is %s', async (_, script, words) => {
    const context = await openContext(browser, { signInUrl: server.signInUrl });
    contexts.push(context);
    await context.addInitScript(script);
    const page = await context.newPage();
    await page.goto(`${server.url}/studio/main`);
    await alert(page, words).first().waitFor();
    expect(await page.getByLabel('Camera', { exact: true }).getAttribute('aria-invalid')).toBe('true');
    expect(await button(page, 'Go live').isEnabled()).toBe(false);
    await page.getByText('Choose a camera, a microphone or a screen first.').waitFor();
  });

  it('does not keep the microphone from opening, and goes away when it is tried again', async () => {
    const page = await openPlain(() => {
      const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = (constraints) =>
        constraints?.video && !('cameraIsFree' in window)
          ? Promise.reject(new DOMException('Could not start video source', 'NotReadableError'))
          : open(constraints);
    });
    await alert(page, 'Another program may be using it').first().waitFor();
    await expect.poll(() => button(page, 'Mute').isEnabled()).toBe(true);
    expect(await button(page, 'Go live').isEnabled()).toBe(true);
    await page.evaluate(() => Object.assign(window, { cameraIsFree: true }));
    await button(page, 'Try again').click();
    await page.getByLabel('Preview').waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
  });
});

describe('what is changed while live', () => {
  it('leaves the session as it is: mute, camera off and on', async () => {
    const { studio, recorded } = await open();
    const viewer = await watch();
    const told = playMessages(viewer.page);
    await viewer.page.reload();
    await goLive(studio);
    await watchFrames(viewer.page, 30);
    const before = await broadcast();
    await button(studio, 'Mute').click();
    await button(studio, 'Camera off').click();
    await waitForBlack(viewer.page);
    await watchFrames(viewer.page, 30);
    await button(studio, 'Unmute').click();
    await button(studio, 'Camera on').click();
    await waitForPicture(viewer.page);
    await watchFrames(viewer.page, 30);
    expect((await broadcast()).id).toBe(before.id);
    const file = await downloadRecording(server, await stopBroadcast(studio));
    await waitForPlayerState(viewer.page, 'ended');

    expect(recorded.files.length).toBe(1);
    expect(told.filter((type) => type === 'tracks').length).toBe(1);
    expect(told).not.toContain('discontinuity');
    await expectSameMedia(file, recorded.files);
    // Two seconds or more were asked for; a microphone that stumbles on a busy machine is silent for less.
    const filters = ['-vf', 'blackdetect=d=1:pic_th=0.999', '-af', 'silencedetect=n=-50dB:d=1'];
    const { stderr } = await runFile('ffmpeg', ['-i', file, ...filters, '-f', 'null', '-']);
    expect(stderr.match(/black_start/g)?.length).toBe(1);
    expect(stderr.match(/silence_start/g)?.length).toBe(1);
    expect(stderr.match(/silence_end/g)?.length).toBe(1);
  });

  it('leaves the session as it is: another camera, another microphone, the screen', async () => {
    const page = await openPlain();
    const viewer = await watch();
    const told = playMessages(viewer.page);
    await viewer.page.reload();
    const count = (await listRecordings(server)).length;
    // A size that the camera has: its frames pass untouched, those of the screen are drawn.
    await page.getByLabel('Quality', { exact: true }).selectOption('custom');
    await page.getByLabel(/^Width/).fill('640');
    await page.getByLabel(/^Height/).fill('360');
    await button(page, 'Go live').click();
    await waitForWord(page, 'Live');
    await waitForPlayerState(viewer.page, 'live');
    const before = await broadcast();
    for (const label of ['Camera', 'Microphone']) {
      const select = page.getByLabel(label, { exact: true });
      const devices = await select
        .locator('option')
        .evaluateAll((options) =>
          options.map((option) => (option as HTMLOptionElement).value).filter((value) => value !== 'none'),
        );
      expect(devices.length).toBeGreaterThan(1);
      const other = devices.find((id) => id !== devices[0]) ?? '';
      await select.selectOption(other);
      await expect.poll(() => select.inputValue()).toBe(other);
      await expect.poll(() => select.getAttribute('aria-invalid')).toBeNull();
      await presentFrames(viewer.page, 20);
    }
    await button(page, 'Share screen').click();
    await button(page, 'Stop sharing').waitFor();
    await presentFrames(viewer.page, 20);
    await button(page, 'Stop sharing').click();
    await presentFrames(viewer.page, 20);
    await page.getByLabel('Camera', { exact: true }).selectOption('none');
    await presentFrames(viewer.page, 20);
    expect((await broadcast()).id).toBe(before.id);
    const file = await downloadRecording(server, await stopBroadcast(page));
    expect((await listRecordings(server)).length).toBe(count + 1);
    expect(told.filter((type) => type === 'tracks').length).toBe(1);
    expect(told).not.toContain('discontinuity');
    expect(await countDecodedFrames(file)).toBeGreaterThan(100);
  });
});

describe('what a broadcaster is told', () => {
  it('are the figures of the broadcast, the link for viewers, and where the recording is', async () => {
    const { context, studio } = await open();
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const figure = (name: string) =>
      studio
        .locator('.figures > div')
        .filter({ has: studio.getByText(name, { exact: true }) })
        .locator('dd');
    const level = () => studio.getByLabel('Audio level').evaluate((meter: HTMLMeterElement) => meter.value);
    await waitForWord(studio, 'Ready');
    await expect.poll(level).toBeGreaterThan(-40);
    await studio.getByLabel(/^Title/).fill('The harbour at noon');
    await goLive(studio);
    const viewer = await watch();
    await viewer.page.getByRole('heading', { name: 'The harbour at noon' }).waitFor();
    await expect.poll(() => figure('Viewers').textContent()).toBe('1');
    await expect.poll(() => figure('Recording').textContent()).toBe('On');
    await expect.poll(() => figure('On air for').textContent()).toMatch(/^(?!0:00)\d+:\d\d$/);
    await expect
      .poll(() => figure('Upload').textContent())
      .toMatch(/^[1-9][\d.]* [kM]bit\/s of 1\.3 Mbit\/s/);
    await expect.poll(() => figure('Not yet confirmed').textContent()).toMatch(/B$/);
    await button(studio, 'Copy watch link').click();
    const copied = () => studio.evaluate(() => navigator.clipboard.readText());
    await expect.poll(copied).toBe(`${server.url}/watch/main`);
    const id = await stopBroadcast(studio);
    await studio.getByText('Everything was delivered.').waitFor();
    expect((await listRecordings(server)).find((recording) => recording.id === id)).toMatchObject({
      title: 'The harbour at noon',
      state: 'complete',
    });
  });
});

describe('a channel that is live from somewhere else', () => {
  it('says since when, is taken over only when asked to, and the first one is told and stays away', async () => {
    const first = await open();
    let sockets = 0;
    first.studio.on('websocket', () => {
      sockets += 1;
    });
    await goLive(first.studio);
    const { startedAt } = await broadcast();
    const second = await open();
    await alert(second.studio, 'live from somewhere else').waitFor();
    const since = await second.studio.evaluate(
      (time) => new Date(time).toLocaleString([], { timeStyle: 'short' }),
      startedAt,
    );
    expect(await alert(second.studio, 'somewhere else').textContent()).toContain(`since ${since}`);
    await button(second.studio, 'Go live').click();
    await waitForWord(second.studio, 'Failed');
    await alert(second.studio, `since ${since}`).waitFor();
    await waitForWord(first.studio, 'Live');

    const viewer = await watch();
    await watchFrames(viewer.page, 10);
    await button(second.studio, 'Take over').click();
    await waitForWord(second.studio, 'Live');
    await waitForWord(first.studio, 'Failed');
    await alert(first.studio, 'took this channel over').waitFor();
    await waitForPlayerState(viewer.page, 'live');
    await watchFrames(viewer.page, 60);
    await waitForWord(second.studio, 'Live');
    expect(sockets).toBe(1);
    await stopBroadcast(second.studio);
  });
});

describe('the connection', () => {
  it('is open before anything is recorded, and gets the last piece before it closes', async () => {
    const proxy = await CutProxy.open(server.url);
    const { studio, recorded } = await open(proxy.url);
    const sent: Buffer[] = [];
    const order: string[] = [];
    studio.on('websocket', (socket) => {
      socket.on('framesent', ({ payload }) => {
        if (typeof payload !== 'string') sent.push(payload);
        order.push(typeof payload === 'string' ? (JSON.parse(payload) as { type: string }).type : 'media');
      });
      socket.on('close', () => order.push('closed'));
    });
    await expect.poll(() => button(studio, 'Go live').isEnabled()).toBe(true);
    proxy.hold();
    await button(studio, 'Go live').click();
    await waitForWord(studio, 'Connecting');
    expect(recorded.files.length).toBe(0);
    proxy.mend();
    await waitForWord(studio, 'Live');
    const file = await downloadRecording(server, await stopBroadcast(studio));
    await expect.poll(() => order.at(-1)).toBe('closed');
    expect(order[0]).toBe('start');
    expect(order.filter((type) => type === 'media' || type === 'end').at(-1)).toBe('end');
    expect(recorded.files.length).toBe(1);
    expect(Buffer.concat(sent).equals(await readFile(recorded.files[0] ?? ''))).toBe(true);
    await expectSameMedia(file, recorded.files);
    await proxy.close();
  });

  it('comes back after a cut, and every frame that was made meanwhile follows', async () => {
    const proxy = await CutProxy.open(server.url);
    const { studio, recorded } = await open(proxy.url);
    const viewer = await watch();
    await goLive(studio);
    await watchFrames(viewer.page, 30);
    const { id } = await broadcast();
    for (const _ of ['once', 'twice']) {
      proxy.cut();
      await waitForWord(studio, 'Reconnecting');
      await studio.getByText('Nothing is lost').first().waitFor();
      await waitForPlayerState(viewer.page, 'interrupted');
      proxy.mend();
      await waitForWord(studio, 'Live');
      await waitForPlayerState(viewer.page, 'live');
      await watchFrames(viewer.page, 30);
    }
    expect((await broadcast()).id).toBe(id);
    const file = await downloadRecording(server, await stopBroadcast(studio));
    expect(recorded.files.length).toBe(1);
    await expectSameMedia(file, recorded.files);
    await proxy.close();
  });

  it('may be away while the broadcast is stopped: the end is delivered when it is back', async () => {
    const proxy = await CutProxy.open(server.url);
    const { studio, recorded } = await open(proxy.url);
    await goLive(studio);
    proxy.cut();
    await waitForWord(studio, 'Reconnecting');
    await button(studio, 'Stop').click();
    await button(studio, 'Stop broadcast').click();
    await waitForWord(studio, 'Ending');
    proxy.mend();
    const link = studio.getByRole('link', { name: 'Watch the recording' });
    await link.waitFor();
    await studio.getByText('Everything was delivered.').waitFor();
    const id = (await link.getAttribute('href'))?.split('/').at(-1) ?? '';
    await studio.evaluate(() => (window as { recordedPending?: Promise<void> }).recordedPending);
    await expectSameMedia(await downloadRecording(server, id), recorded.files);
    await proxy.close();
  });
});

describe('a sign-in that is over', () => {
  it('is explained, and nothing is sent', async () => {
    const { context, studio, recorded } = await open();
    await expect.poll(() => button(studio, 'Go live').isEnabled()).toBe(true);
    await context.clearCookies();
    await button(studio, 'Go live').click();
    await waitForWord(studio, 'Failed');
    await alert(studio, 'did not accept your sign-in').waitFor();
    await alert(studio, 'You are signed out').waitFor();
    expect(recorded.files.length).toBe(0);
  });

  it('is told while live, and what is live goes on', async () => {
    const { context, studio, recorded } = await open();
    await goLive(studio);
    await context.clearCookies();
    await alert(studio, 'You are signed out').waitFor();
    const viewer = await watch();
    await watchFrames(viewer.page, 10);
    await waitForWord(studio, 'Live');
    await expectSameMedia(await downloadRecording(server, await stopBroadcast(studio)), recorded.files);
  });
});

/** Waits until the camera's picture has been black for 30 frames. */
const waitForBlack = (page: Page) => waitForFrames(page, true);
/** Waits until the camera's picture has been there for 30 frames. */
const waitForPicture = (page: Page) => waitForFrames(page, false);

function waitForFrames(page: Page, black: boolean): Promise<void> {
  return page.evaluate(
    (wanted) =>
      new Promise<void>((done) => {
        const video = document.querySelector('headwater-player')?.video;
        let count = 0;
        const look = () => {
          if (!video) return;
          // All cells black is number 0 at time 0, and its checksum is 0 too.
          count = (window.readStamp(video)?.time === 0) === wanted ? count + 1 : 0;
          if (count === 30) done();
          else video.requestVideoFrameCallback(look);
        };
        look();
      }),
    black,
  );
}
