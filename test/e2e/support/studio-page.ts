import type { Browser, BrowserContext, Page } from 'playwright-core';
import { openContext } from './browser.ts';
import { keepRecordedBytes, type RecordedBytes } from './recorded-bytes.ts';
import type { RunningServer } from './running-server.ts';
import { installTestCamera } from './test-camera.ts';

/** A signed-in browser in a channel's studio, with the test camera. Its owner closes the context. */
export interface OpenStudio {
  readonly context: BrowserContext;
  readonly studio: Page;
  readonly recorded: RecordedBytes;
}

/** Opens `/studio/{channel}`, by default of `main`; `url` is another way to the same server, `prepare` comes before any page. */
export async function openStudio(
  browser: Browser,
  server: RunningServer,
  {
    channel = 'main',
    url = server.url,
    prepare,
  }: { channel?: string; url?: string; prepare?: (context: BrowserContext) => Promise<void> } = {},
): Promise<OpenStudio> {
  const context = await openContext(browser, { signInUrl: server.signInUrl });
  await installTestCamera(context);
  await prepare?.(context);
  const recorded = await keepRecordedBytes(context);
  const studio = await context.newPage();
  await studio.goto(`${url}/studio/${channel}`);
  return { context, studio, recorded };
}

/** Presses the button in 480p, and waits until the server takes the stream. */
export async function goLive(studio: Page): Promise<void> {
  await studio.getByLabel('Quality', { exact: true }).selectOption({ label: '480p (854 × 480)' });
  await studio.getByRole('button', { name: 'Go live' }).click();
  await waitForWord(studio, 'Live');
}

/** Stops, confirms it, and waits until everything was delivered. Answers the recording's id. */
export async function stopBroadcast(studio: Page): Promise<string> {
  await studio.getByRole('button', { name: 'Stop', exact: true }).click();
  await studio.getByRole('alertdialog').getByRole('button', { name: 'Stop broadcast' }).click();
  const link = studio.getByRole('link', { name: 'Watch the recording' });
  await link.waitFor();
  await studio.evaluate(() => (window as { recordedPending?: Promise<void> }).recordedPending);
  return (await link.getAttribute('href'))?.split('/').at(-1) ?? '';
}

/** Waits until the studio's heading says where the broadcast stands: `Live`, `Reconnecting`, … */
export async function waitForWord(studio: Page, word: string): Promise<void> {
  await studio.locator('.page-header .pill', { hasText: new RegExp(`^${word}$`) }).waitFor();
}
