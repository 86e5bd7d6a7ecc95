import type { Page } from 'playwright-core';

/**
 * Waits until the page's `<video>` has played for so many seconds in one go; answers where that began. A hole in the stream, and whatever a
 * player does about one, begins another stretch. So does a jump of a player that a busy machine let fall behind.
 */
export async function untilPlayedThrough(page: Page, seconds: number): Promise<number> {
  const stretch = await page.waitForFunction((least) => {
    const video = document.querySelector('video');
    const last = (video?.played.length ?? 0) - 1;
    if (!video || video.seeking || last < 0) return false;
    const [start, end] = [video.played.start(last), video.played.end(last)];
    return end - start > least && { start };
  }, seconds);
  const { start } = (await stretch.jsonValue()) as { readonly start: number };
  return start;
}

/** Waits until so many seconds more were played; answers whether the stretch that began there went on all the time. */
export async function goesOn(page: Page, start: number, seconds: number): Promise<boolean> {
  const from = await page.evaluate(() => document.querySelector('video')?.currentTime ?? 0);
  await page.waitForFunction(
    (time) => (document.querySelector('video')?.currentTime ?? 0) > time,
    from + seconds,
  );
  return (await untilPlayedThrough(page, 0)) === start;
}
