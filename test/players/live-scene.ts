import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchBrowser, openContext } from '../e2e/support/browser.ts';
import { CutProxy } from '../e2e/support/cut-proxy.ts';
import { type RunningServer, startServer } from '../e2e/support/running-server.ts';
import { openStrangersSite, type StrangersSite } from '../e2e/support/strangers-site.ts';
import { goLive, waitForWord } from '../e2e/support/studio-page.ts';
import { installTestCamera } from '../e2e/support/test-camera.ts';
import type { BrowserPlayer } from './browser-player.ts';
import { probePlayer } from './player-probe.ts';

const LOOK_EVERY = 100;
/** Some players say when they play, some never. */
const START_PATIENCE = 10_000;

/** A studio with the test camera that is live on a server of its own, behind a network that can be cut; and somebody's site. */
export class LiveScene {
  readonly server: RunningServer;
  readonly #network: CutProxy;
  readonly #browser: Browser;
  readonly #site: StrangersSite;
  readonly #broadcaster: BrowserContext;
  #studio: Page;

  private constructor(
    world: { server: RunningServer; network: CutProxy; browser: Browser; site: StrangersSite },
    broadcaster: BrowserContext,
    studio: Page,
  ) {
    this.server = world.server;
    this.#network = world.network;
    this.#browser = world.browser;
    this.#site = world.site;
    this.#broadcaster = broadcaster;
    this.#studio = studio;
  }

  /** Goes live. Its owner closes it. */
  static async open(): Promise<LiveScene> {
    const [server, browser, site] = await Promise.all([
      startServer(),
      launchBrowser(),
      openStrangersSite('<video muted playsinline width="640" height="360"></video>'),
    ]);
    const network = await CutProxy.open(server.url);
    const broadcaster = await openContext(browser, { signInUrl: server.signInUrl });
    await installTestCamera(broadcaster);
    const world = { server, network, browser, site };
    const scene = new LiveScene(world, broadcaster, await broadcaster.newPage());
    await scene.#goLive();
    return scene;
  }

  /** The address of that on the channel that is live. */
  url(path: string): string {
    return `${this.server.url}/live/main/${path}`;
  }

  /** Waits until the channel is there to be played so. */
  async untilServed(path: string): Promise<void> {
    while (!(await fetch(this.url(path))).ok) await new Promise((done) => setTimeout(done, LOOK_EVERY));
  }

  /** Cuts the studio off for so many ms; it goes on with its session. Answers once it is live again. */
  async cutStudio(length: number): Promise<void> {
    this.#network.cut();
    await new Promise((done) => setTimeout(done, length));
    this.#network.mend();
    await waitForWord(this.#studio, 'Live');
  }

  /** Closes the studio's page and goes live from another one: a new session, and so an epoch. */
  async reloadStudio(): Promise<void> {
    await this.#studio.close();
    this.#studio = await this.#broadcaster.newPage();
    await this.#goLive();
  }

  /** Opens a page of somebody else's that plays; its owner closes the context. */
  async openPlayer(player: BrowserPlayer): Promise<{ context: BrowserContext; page: Page }> {
    const context = await openContext(this.#browser);
    await installTestCamera(context);
    const page = await context.newPage();
    await page.goto(this.#site.url);
    await probePlayer(page);
    await page.addScriptTag({ path: player.script });
    await Promise.race([
      page.evaluate(player.start, this.url(player.path)),
      page.waitForTimeout(START_PATIENCE),
    ]);
    return { context, page };
  }

  /** Ends everything. */
  async close(): Promise<void> {
    await this.#browser.close();
    await Promise.all([this.#network.close(), this.#site.close()]);
    await this.server.stop();
  }

  async #goLive(): Promise<void> {
    await this.#studio.goto(`${this.#network.url}/studio/main`);
    await goLive(this.#studio);
  }
}
