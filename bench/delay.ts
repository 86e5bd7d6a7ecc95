import type { Browser, Page } from 'playwright-core';
import { launchBrowser, openContext } from '../test/e2e/support/browser.ts';
import { type RunningServer, startServer } from '../test/e2e/support/running-server.ts';
import { openStrangersSite, type StrangersSite } from '../test/e2e/support/strangers-site.ts';
import { installTestCamera } from '../test/e2e/support/test-camera.ts';
import { watchFrames } from '../test/e2e/support/watch-frames.ts';
import { dashJs } from '../test/players/dash-js.ts';
import { percentile } from './support/percentile.ts';
import type { Result } from './support/result.ts';

const SETTLE_FRAMES = 300;
const MEASURED_FRAMES = 900;
const OPENINGS = 9;

/** Both figures of one opening of the watch page, in milliseconds from the start of the navigation. */
interface Opening {
  readonly picture: number;
  /** The browser's own `load` event: what any page with these files would take. */
  readonly load: number;
}

/** From opening the watch page of a channel that is live to its first picture, each in a profile of its own. */
async function measureOpenings(browser: Browser, url: string): Promise<Opening[]> {
  const openings: Opening[] = [];
  for (let index = 0; index < OPENINGS; index += 1) {
    const context = await openContext(browser);
    const page = await context.newPage();
    await page.goto(url);
    const picture = await page.evaluate(async () => {
      const player = await customElements.whenDefined('headwater-player').then(() => {
        return document.querySelector('headwater-player');
      });
      const video = player?.shadowRoot?.querySelector('video');
      if (!video) throw new Error('no video');
      if (video.currentTime > 0 && !video.seeking) return performance.now();
      return new Promise<number>((done) => video.requestVideoFrameCallback((now) => done(now)));
    });
    const load = await page.evaluate(() => {
      const [navigation] = performance.getEntriesByType('navigation');
      return navigation instanceof PerformanceNavigationTiming ? navigation.loadEventEnd : Number.NaN;
    });
    openings.push({ picture, load });
    await context.close();
  }
  return openings;
}

/** How a viewer is sent a broadcast. */
interface Way {
  readonly name: string;
  readonly budget: string;
  /** Opens a page that plays so. */
  open(page: Page, server: RunningServer, site: StrangersSite): Promise<unknown>;
}

const WAYS: readonly Way[] = [
  {
    name: 'WebSocket',
    budget: '≤ 400 ms',
    open: (page, { url }) => page.goto(`${url}/watch/main`),
  },
  {
    name: 'LL-HLS',
    budget: '≤ 1200 ms',
    open: async (page, { url }) => {
      await page.goto(`${url}/watch/main`);
      await page.evaluate(() => document.querySelector('headwater-player')?.setAttribute('transport', 'hls'));
    },
  },
  {
    name: 'DASH, dash.js',
    budget: '–',
    open: async (page, { url }, site) => {
      await page.goto(site.url);
      await page.evaluate(() => Object.assign(globalThis, { words: { fatal: [], warnings: [] } }));
      await page.addScriptTag({ path: dashJs.script });
      await page.evaluate(dashJs.start, `${url}/live/main/${dashJs.path}`);
    },
  },
];

/** Capture to screen of one viewer, alone. */
async function measureWay(browser: Browser, way: Way, server: RunningServer, site: StrangersSite) {
  const audience = await openContext(browser);
  await installTestCamera(audience);
  const page = await audience.newPage();
  await way.open(page, server, site);
  await watchFrames(page, SETTLE_FRAMES);
  const frames = await watchFrames(page, MEASURED_FRAMES);
  await audience.close();
  return frames.map(({ delay }) => delay);
}

/** Capture to screen through studio, server and player, from pixels, one way after another; and how long a viewer waits for a picture. */
async function measureOurs(
  browser: Browser,
): Promise<{ delays: ReadonlyMap<Way, number[]>; openings: Opening[] }> {
  const server = await startServer();
  const site = await openStrangersSite('<video muted playsinline width="640" height="360"></video>');
  const broadcaster = await openContext(browser, { signInUrl: server.signInUrl });
  await installTestCamera(broadcaster);
  const studio = await broadcaster.newPage();
  await studio.goto(`${server.url}/studio/main`);
  await studio.getByRole('button', { name: 'Go live' }).click();
  const delays = new Map<Way, number[]>();
  for (const way of WAYS) delays.set(way, await measureWay(browser, way, server, site));
  const openings = await measureOpenings(browser, `${server.url}/watch/main`);
  await broadcaster.close();
  await site.close();
  await server.stop();
  return { delays, openings };
}

/** The floor: the same camera through a direct peer connection between two elements of one page. */
async function measurePeerConnection(browser: Browser): Promise<number[]> {
  const server = await startServer();
  const context = await openContext(browser);
  await installTestCamera(context);
  const page = await context.newPage();
  await page.goto(`${server.url}/watch/main`);
  const delays = await page.evaluate(
    async ([settle, measured]) => {
      const [sender, receiver] = [new RTCPeerConnection(), new RTCPeerConnection()];
      sender.onicecandidate = ({ candidate }) => candidate && receiver.addIceCandidate(candidate);
      receiver.onicecandidate = ({ candidate }) => candidate && sender.addIceCandidate(candidate);
      const stream = window.openTestCamera({ video: true });
      for (const track of stream.getTracks()) sender.addTrack(track, stream);
      const remote = new Promise<MediaStream>((done) => {
        receiver.ontrack = (event) => done(event.streams[0] ?? new MediaStream([event.track]));
      });
      await sender.setLocalDescription();
      await receiver.setRemoteDescription(sender.localDescription as RTCSessionDescription);
      await receiver.setLocalDescription();
      await sender.setRemoteDescription(receiver.localDescription as RTCSessionDescription);
      const video = document.createElement('video');
      video.muted = true;
      video.srcObject = await remote;
      document.body.append(video);
      await video.play();
      const found: number[] = [];
      while (found.length < (settle ?? 0) + (measured ?? 0)) {
        const at = await new Promise<number>((done) => {
          video.requestVideoFrameCallback((_, metadata) => done(metadata.expectedDisplayTime));
        });
        const stamp = window.readStamp(video);
        const now = Math.floor(Date.now() + at - performance.now()) % 2 ** 28;
        if (stamp) found.push(now - stamp.time);
      }
      return found.slice(settle);
    },
    [SETTLE_FRAMES, MEASURED_FRAMES],
  );
  await context.close();
  await server.stop();
  return delays;
}

/** Capture to screen with MediaRecorder, over each way to a viewer, beside a direct peer connection in the same browser. */
export async function benchDelay(): Promise<Result[]> {
  const browser = await launchBrowser();
  try {
    const { delays, openings } = await measureOurs(browser);
    const beside = await measurePeerConnection(browser);
    const results: Result[] = [...delays].flatMap(([{ name, budget }, found]) =>
      [50, 95].map((p) => ({
        work: 'delay, capture to screen',
        figure: `${name}, p${p}`,
        ours: percentile(found, p),
        besideName: 'direct peer connection',
        beside: percentile(beside, p),
        unit: 'ms',
        budget: p === 50 ? budget : '–',
      })),
    );
    const median = (of: keyof Opening) =>
      percentile(
        openings.map((opening) => opening[of]),
        50,
      );
    results.push({
      work: 'open the watch page',
      figure: 'navigation to first picture, p50',
      ours: median('picture'),
      besideName: 'its load event',
      beside: median('load'),
      unit: 'ms',
      budget: '≤ 1000 ms',
    });
    return results;
  } finally {
    await browser.close();
  }
}
