import type { BrowserContext, Page } from 'playwright-core';

/** Makes the page's memory for what is not acknowledged tiny, so that the browser's disk is used at once. */
export async function giveLittleMemory(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, 'deviceMemory', { get: () => 1 / 1024 });
  });
}

/** How many bytes of unsent media the browser's private storage holds for this site. */
export function keptBytes(page: Page): Promise<number> {
  return page.evaluate(async () => {
    let bytes = 0;
    const root = await navigator.storage.getDirectory();
    const kept = await root.getDirectoryHandle('headwater-kept').catch(() => null);
    if (!kept) return 0;
    for await (const session of kept.values()) {
      for await (const file of (session as FileSystemDirectoryHandle).values()) {
        if (file.name.endsWith('.part')) bytes += (await (file as FileSystemFileHandle).getFile()).size;
      }
    }
    return bytes;
  });
}

/** Kills the page's renderer, as a crash does. */
export async function crash(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const crashed = page.waitForEvent('crash');
  // It cannot answer any more.
  session.send('Page.crash').catch(() => {});
  await crashed;
  await page.close();
}
