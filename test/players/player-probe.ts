import type { Page } from 'playwright-core';
import type { PlayerPage, PlayerWords } from './browser-player.ts';

/** One picture that was shown: when, and how long after it was taken, in ms. */
interface ShownPicture {
  readonly at: number;
  readonly delay: number;
}

/** What was seen of a player since the page was opened; moments are in ms since 1970. */
export interface PlayerObservations {
  readonly words: PlayerWords;
  readonly pictures: readonly ShownPicture[];
  /** It ran out of media, and for how long it stood. */
  readonly stalls: readonly { readonly at: number; readonly length: number }[];
  /** It went to another place by itself. */
  readonly jumps: readonly { readonly at: number; readonly seconds: number }[];
  /** A hole was in what lay before it. */
  readonly holes: readonly { readonly at: number; readonly seconds: number }[];
}

interface ProbedPage extends PlayerPage {
  probe: Omit<PlayerObservations, 'words'>;
}

/** Looks from now on at the page's `<video>` from outside: at its pixels, its events and its buffer. */
export async function probePlayer(page: Page): Promise<void> {
  await page.evaluate(() => {
    const video = document.querySelector('video');
    if (!video) throw new Error('no video');
    const pictures: ShownPicture[] = [];
    const stalls: { at: number; length: number }[] = [];
    const jumps: { at: number; seconds: number }[] = [];
    const holes: { at: number; seconds: number }[] = [];
    Object.assign(globalThis, {
      words: { fatal: [], warnings: [] },
      probe: { pictures, stalls, jumps, holes },
    });
    // Not since the page's origin: the camera's clock is the wall's, which may be set meanwhile.
    const now = () => Date.now();

    let shown = 0;
    const look = (_: number, { expectedDisplayTime }: VideoFrameCallbackMetadata) => {
      shown += 1;
      const stamp = window.readStamp(video);
      const at = now() + expectedDisplayTime - performance.now();
      if (stamp) pictures.push({ at, delay: (Math.floor(at) % 2 ** 28) - stamp.time });
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);

    let waitingSince: number | undefined;
    video.addEventListener('waiting', () => {
      if (shown > 0 && !video.seeking) waitingSince ??= now();
    });
    let last = 0;
    video.addEventListener('seeking', () => {
      const seconds = video.currentTime - last;
      if (shown > 0) jumps.push({ at: now(), seconds });
    });
    let holeSince: number | undefined;
    setInterval(() => {
      const { currentTime, buffered, seeking } = video;
      if (waitingSince !== undefined && currentTime > last && !seeking) {
        stalls.push({ at: waitingSince, length: now() - waitingSince });
        waitingSince = undefined;
      }
      if (!seeking) last = currentTime;
      let hole = 0;
      for (let index = 1; index < buffered.length; index += 1) {
        if (buffered.start(index) > currentTime)
          hole = Math.max(hole, buffered.start(index) - buffered.end(index - 1));
      }
      if (hole > 0 && holeSince === undefined) holes.push({ at: now(), seconds: hole });
      holeSince = hole > 0 ? (holeSince ?? now()) : undefined;
    }, 50);
  });
}

/** What was seen so far. */
export const readProbe = (page: Page): Promise<PlayerObservations> =>
  page.evaluate(() => {
    const { probe, words } = globalThis as unknown as ProbedPage;
    return { ...probe, words };
  });

/** Waits until the player shows pictures of the camera that were taken after now. Answers how long that took, in ms. */
export async function untilPictures(page: Page, timeout: number): Promise<number> {
  const since = Date.now();
  await page.waitForFunction(
    (from) => (globalThis as unknown as ProbedPage).probe.pictures.some(({ at, delay }) => at - delay > from),
    since,
    { timeout, polling: 100 },
  );
  return Date.now() - since;
}
