import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { untilFinalised } from './chaos/power/seen-media.ts';
import { expectAccessible } from './support/accessibility.ts';
import { launchBrowser, openContext } from './support/browser.ts';
import { expectFocus, tabTo } from './support/keyboard.ts';
import { publishRecording } from './support/publish-file.ts';
import { type RunningServer, startServer } from './support/running-server.ts';
import { goLive, openStudio, stopBroadcast, waitForWord } from './support/studio-page.ts';
import { installTestCamera } from './support/test-camera.ts';
import { openWatch, waitForPlayerState } from './support/watch-page.ts';

let server: RunningServer;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  context = await openContext(browser, { signInUrl: server.signInUrl });
});
afterAll(async () => {
  await browser?.close();
  expect(await server?.stop()).toBe(0);
});

async function open(path: string, inContext = context): Promise<Page> {
  const page = await inContext.newPage();
  await page.goto(server.url + path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  return page;
}

describe('everybody can use', () => {
  it('the channels and their dialogs', async () => {
    const made = await server.api('POST', '/api/channels', {
      name: 'a-channel-whose-name-is-as-long-as-any-may-be-on-a-narrow-screen',
      title: 'A title that is just as long, and then a little longer than anybody would ever write',
    });
    expect(made.status).toBe(201);
    const page = await open('/');
    await page.getByRole('heading', { name: 'main', exact: true }).waitFor();
    await expectAccessible(page, 'channels');
    await page.getByRole('button', { name: 'New channel' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill('Wrong name');
    await expectAccessible(page, 'channels-create');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Settings of main' }).click();
    await page.getByRole('button', { name: 'Show key' }).click();
    await page.getByRole('button', { name: 'Copy stream key' }).waitFor();
    await expectAccessible(page, 'channels-settings');
    await page.getByRole('button', { name: 'Delete channel' }).click();
    await page.getByRole('alertdialog').waitFor();
    await expectAccessible(page, 'channels-delete');
    await page.close();
  });

  it('the recordings', async () => {
    const page = await open('/recordings');
    await page.getByText('There are no recordings yet').waitFor();
    await expectAccessible(page, 'recordings-empty');
    const id = await publishRecording(server, { args: ['--title', 'A day at the lake'] });
    // Until then its size, its state and its bytes change.
    await untilFinalised(server, id);
    await page.reload();
    await page.getByRole('link', { name: 'A day at the lake', exact: true }).waitFor();
    await expectAccessible(page, 'recordings');
    await page.goto(`${server.url}/recordings/${id}`);
    await page.locator('video').evaluate(
      (video: HTMLVideoElement) =>
        new Promise<void>((done) => {
          if (video.readyState >= 2) done();
          else video.addEventListener('loadeddata', () => done(), { once: true });
        }),
    );
    await expectAccessible(page, 'recording');
    await page.close();
  });

  it('the pages for who is not signed in, and those that are not there', async () => {
    const strangers = await openContext(browser);
    const signIn = await open('/', strangers);
    await expectAccessible(signIn, 'sign-in');
    await expectAccessible(await open('/nowhere', strangers), 'not-found');
    await strangers.close();
    await expectAccessible(await open('/studio/Not-A-Name'), 'not-found-in-the-app');
    const expired = await openContext(browser, { signInUrl: server.signInUrl });
    const page = await open('/', expired);
    await expired.clearCookies();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await expectAccessible(page, 'sign-in-again');
    await expired.close();
  });

  it('the studio and the pages of its viewers, before, during and after a broadcast', async () => {
    const watch = await openWatch(browser, `${server.url}/watch/main`);
    const embed = await openWatch(browser, `${server.url}/embed/main`);
    await waitForPlayerState(watch.page, 'offline');
    await watch.page.getByText('Share or embed').click();
    await expectAccessible(watch.page, 'watch-offline');
    await waitForPlayerState(embed.page, 'offline');
    await expectAccessible(embed.page, 'embed-offline');

    const { context: studioContext, studio } = await openStudio(browser, server);
    await expect.poll(() => studio.getByRole('button', { name: 'Go live' }).isEnabled()).toBe(true);
    await expectAccessible(studio, 'studio-ready');
    await goLive(studio);
    await expectAccessible(studio, 'studio-live');
    await Promise.all([waitForPlayerState(watch.page, 'live'), waitForPlayerState(embed.page, 'live')]);
    await expectAccessible(watch.page, 'watch-live');
    await expectAccessible(embed.page, 'embed-live');
    const other = await openStudio(browser, server);
    await other.studio.getByRole('button', { name: 'Take over' }).waitFor();
    await expectAccessible(other.studio, 'studio-busy');
    await other.context.close();
    await studio.getByRole('button', { name: 'Stop', exact: true }).click();
    await studio.getByRole('alertdialog').waitFor();
    await expectAccessible(studio, 'studio-stop');
    await studio.getByRole('alertdialog').getByRole('button', { name: 'Keep going' }).click();
    await stopBroadcast(studio);
    await expectAccessible(studio, 'studio-ended');
    await Promise.all([waitForPlayerState(watch.page, 'ended'), waitForPlayerState(embed.page, 'ended')]);
    await expectAccessible(watch.page, 'watch-ended');
    await expectAccessible(embed.page, 'embed-ended');
    for (const opened of [studioContext, watch.context, embed.context]) await opened.close();
  });
});

describe('the keyboard alone', () => {
  it('leads from a new channel to its recording, and always shows where it is', async () => {
    const keyboard = await openContext(browser, { signInUrl: server.signInUrl });
    await installTestCamera(keyboard);
    const page = await open('/', keyboard);

    await tabTo(page, 'New channel');
    await page.keyboard.press('Enter');
    await expectFocus(page, 'Name');
    await page.keyboard.press('Escape');
    await expectFocus(page, 'New channel');
    await page.keyboard.press('Space');
    await expectFocus(page, 'Name');
    await page.keyboard.type('by-hand');
    await tabTo(page, 'Record broadcasts');
    await page.keyboard.press('Space');
    await page.keyboard.press('Space');
    await tabTo(page, 'Create channel');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'by-hand' }).waitFor();
    await expectFocus(page, 'New channel');

    await tabTo(page, 'Open the studio of by-hand');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Go live' }).waitFor();
    await expect.poll(() => page.getByRole('button', { name: 'Go live' }).isEnabled()).toBe(true);
    await tabTo(page, 'Skip to the content');
    await page.keyboard.press('Enter');
    await tabTo(page, 'Mute');
    await page.keyboard.press('Space');
    await expectFocus(page, 'Unmute');
    await tabTo(page, /^Title/);
    await page.keyboard.type('Made by hand');
    await tabTo(page, 'Quality');
    await page.keyboard.type('480p');
    await tabTo(page, 'Go live');
    await page.keyboard.press('Enter');
    await waitForWord(page, 'Live');
    await expectFocus(page, 'Stop');
    await page.keyboard.press('Enter');
    await expectFocus(page, 'Keep going');
    await page.keyboard.press('Escape');
    await page.getByRole('alertdialog').waitFor({ state: 'detached' });
    await expectFocus(page, 'Stop');
    await page.keyboard.press('Space');
    await expectFocus(page, 'Keep going');
    await tabTo(page, 'Stop broadcast');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Watch the recording' }).waitFor();
    await expectFocus(page, 'Go live');
    await tabTo(page, 'Watch the recording', 'Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Made by hand' }).waitFor();

    await tabTo(page, /^Delete/);
    await page.keyboard.press('Enter');
    await expectFocus(page, 'Cancel');
    await page.keyboard.press('Escape');
    await expectFocus(page, /^Delete/);
    await page.goto(`${server.url}/recordings?channel=by-hand`);
    await page.getByRole('link', { name: 'Play Made by hand' }).waitFor();
    await tabTo(page, 'Delete Made by hand');
    await page.keyboard.press('Enter');
    await expectFocus(page, 'Cancel');
    await tabTo(page, 'Delete recording');
    await page.keyboard.press('Enter');
    await page.getByText('by-hand has no recordings.').waitFor();
    // What had the focus is gone: it is at the content now, and not nowhere.
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('main');
    await keyboard.close();
  });
});
