import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { openContext } from './browser.ts';
import { installTestCamera } from './test-camera.ts';

/** A browser that watches and can read the test camera's pictures. Its owner closes the context. */
export interface OpenWatch {
  readonly context: BrowserContext;
  readonly page: Page;
}

/** Opens a page with a player, as nobody in particular. */
export async function openWatch(
  browser: Browser,
  address: string,
  options?: BrowserContextOptions,
): Promise<OpenWatch> {
  const context = await openContext(browser, options);
  await installTestCamera(context);
  const page = await context.newPage();
  await page.goto(address);
  return { context, page };
}

/** Waits until the player of a page says so. */
export async function waitForPlayerState(page: Pick<Page, 'waitForFunction'>, state: string): Promise<void> {
  await page.waitForFunction(
    (wanted) => document.querySelector('headwater-player')?.getAttribute('data-state') === wanted,
    state,
  );
}

/** Waits until the player of a page or frame has presented that many more frames, whatever is on them. */
export function presentFrames(page: Pick<Page, 'evaluate'>, frames: number): Promise<void> {
  return page.evaluate(
    (wanted) =>
      new Promise<void>((done) => {
        const video = document.querySelector('headwater-player')?.video;
        let count = 0;
        const look = () => {
          count += 1;
          if (count > wanted) done();
          else video?.requestVideoFrameCallback(look);
        };
        look();
      }),
    frames,
  );
}
