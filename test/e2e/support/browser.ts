import { type Browser, type BrowserContext, type BrowserContextOptions, chromium } from 'playwright-core';

/** How long a page is waited for, in ms: on a busy machine half a minute is not always enough. */
const PATIENCE = 90_000;

/** Chromium as installed, with two fake cameras and microphones, kept off the network. */
export async function launchBrowser(
  autoplay: 'no-user-gesture-required' | 'document-user-activation-required' = 'no-user-gesture-required',
): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: process.env.HEADWATER_CHROMIUM ?? '/usr/bin/chromium',
    timeout: PATIENCE,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      '--use-fake-device-for-media-stream=device-count=2',
      '--use-fake-ui-for-media-stream',
      `--autoplay-policy=${autoplay}`,
    ],
  });
  browser.on('context', (context) => context.setDefaultTimeout(PATIENCE));
  return browser;
}

/** A browser profile of its own, at desktop size, signed in when given the address that start printed. */
export async function openContext(
  browser: Browser,
  options: BrowserContextOptions & { signInUrl?: string } = {},
): Promise<BrowserContext> {
  const { signInUrl, ...rest } = options;
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...rest });
  if (signInUrl) {
    const page = await context.newPage();
    await page.goto(signInUrl);
    await page.close();
  }
  return context;
}
