import { randomUUID } from 'node:crypto';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { openWatch } from '../support/watch-page.ts';

/** A viewer is behind while what it shows is older, in ms. */
const LARGEST_DELAY = 5000;
/** However long a way back takes, it ends before. */
const PATIENCE = 90_000;

/** A watch page that is open all along: it must come back after every fault by itself. */
export class SteadyViewer {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly #mark: string;

  private constructor(context: BrowserContext, page: Page, mark: string) {
    this.context = context;
    this.page = page;
    this.#mark = mark;
  }

  /** Opens a watch page and marks it. Its owner closes it. */
  static async open(browser: Browser, address: string): Promise<SteadyViewer> {
    const { context, page } = await openWatch(browser, address);
    const mark = randomUUID();
    await page.evaluate((value) => Object.assign(window, { chaosMark: value }), mark);
    return new SteadyViewer(context, page, mark);
  }

  /** Waits until it is live and shows a picture that was taken after now, and not long ago. Answers how long that took. */
  async playsAgain(): Promise<number> {
    const since = Date.now();
    await this.page
      .waitForFunction(
        ([from, most]) => {
          const player = document.querySelector('headwater-player');
          const { readyState } = player?.video ?? {};
          if (player?.state !== 'live' || !readyState || readyState < 2) return false;
          const stamp = window.readStamp(player.video);
          if (!stamp) return false;
          const age = (((Date.now() - stamp.time) % 2 ** 28) + 2 ** 28) % 2 ** 28;
          return age < most && Date.now() - age > from;
        },
        [since, LARGEST_DELAY] as const,
        { timeout: PATIENCE, polling: 50 },
      )
      .catch(async (error: unknown) => {
        throw new Error(`the watch page does not play: ${await this.describe()}`, { cause: error });
      });
    return Date.now() - since;
  }

  /** The page is the very one that was opened. */
  async wasNeverReloaded(): Promise<boolean> {
    return this.page.evaluate((mark) => (window as { chaosMark?: string }).chaosMark === mark, this.#mark);
  }

  /** What its player says of itself. */
  describe(): Promise<string> {
    return this.page.evaluate(() => {
      const player = document.querySelector('headwater-player');
      if (!player) return 'no player';
      const { video } = player;
      const stamp = video.readyState > 1 ? window.readStamp(video) : null;
      const { readyState, currentTime, paused } = video;
      const buffered = Array.from({ length: video.buffered.length }, (_, index) => [
        video.buffered.start(index),
        video.buffered.end(index),
      ]);
      return JSON.stringify({ stats: player.stats, readyState, currentTime, paused, buffered, stamp });
    });
  }

  async close(): Promise<void> {
    await this.context.close();
  }
}
