import { copyFile, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { RecordingResource } from '../../../src/wire/api.ts';
import { launchBrowser } from '../support/browser.ts';
import { CutProxy } from '../support/cut-proxy.ts';
import { crash } from '../support/kept-bytes.ts';
import type { RecordedBytes } from '../support/recorded-bytes.ts';
import { downloadRecording, listRecordings } from '../support/same-media.ts';
import { goLive, openStudio, stopBroadcast, waitForWord } from '../support/studio-page.ts';
import { type CapturedMedia, type FrameProof, proveFrames } from './frame-proof.ts';
import { KillableServer } from './killable-server.ts';
import { readCaptured } from './read-captured.ts';
import { splitSessions } from './split-sessions.ts';
import { SteadyViewer } from './steady-viewer.ts';

/** After a broadcast its recording is made progressive; however long that takes, it ends before, in ms. */
const FINALISE_PATIENCE = 120_000;
const LOOK_EVERY = 200;
/** A studio that lost its server for long waits up to 8 s before it tries again, and then sends what it kept. */
const STUDIO_PATIENCE = 90_000;

/** What came of one publisher session of a broadcast. */
export interface BroadcastProof extends FrameProof {
  readonly recording: string;
  /** Where both files were put; undefined when there is nothing to look into. */
  readonly evidence: string | undefined;
}

/** A server that can be killed, a studio and a viewer behind networks that can be cut, and a viewer who stays. */
export class ChaosScene {
  readonly server: KillableServer;
  /** Between the studio and the server. */
  readonly network: CutProxy;
  /** Between the viewer and the server. */
  readonly viewerNetwork: CutProxy;
  readonly viewer: SteadyViewer;
  readonly #browser: Browser;
  #context: BrowserContext;
  #studio: Page;
  #recorded: RecordedBytes;
  /** Recordings of the broadcasts that were proven. */
  #proven = 0;

  private constructor(
    world: {
      server: KillableServer;
      network: CutProxy;
      viewerNetwork: CutProxy;
      viewer: SteadyViewer;
      browser: Browser;
    },
    studio: Awaited<ReturnType<typeof openStudio>>,
  ) {
    this.server = world.server;
    this.network = world.network;
    this.viewerNetwork = world.viewerNetwork;
    this.viewer = world.viewer;
    this.#browser = world.browser;
    this.#context = studio.context;
    this.#studio = studio.studio;
    this.#recorded = studio.recorded;
  }

  /** Starts everything; nobody is live yet. Its owner closes it. */
  static async open(): Promise<ChaosScene> {
    const [server, browser] = await Promise.all([KillableServer.start(), launchBrowser()]);
    const { url } = server.now;
    const [network, viewerNetwork] = await Promise.all([CutProxy.open(url), CutProxy.open(url)]);
    const viewer = await SteadyViewer.open(browser, `${viewerNetwork.url}/watch/main`);
    const studio = await openStudio(browser, server.now, { url: network.url });
    return new ChaosScene({ server, network, viewerNetwork, viewer, browser }, studio);
  }

  /** Goes live, and waits until the viewer sees it. */
  async goLive(): Promise<void> {
    await goLive(this.#studio);
    await this.viewer.playsAgain();
  }

  /** Ends the broadcast as a broadcaster does, and proves its recording. */
  async finish(): Promise<BroadcastProof[]> {
    await this.#studio
      .locator('.page-header .pill', { hasText: /^Live$/ })
      .waitFor({ timeout: STUDIO_PATIENCE });
    const id = await stopBroadcast(this.#studio);
    return this.#prove(id, [false]);
  }

  /** Cuts the studio's network, lets media pile up until `piledUp` settles, and crashes the tab. */
  async crashStudio(piledUp: Promise<unknown>): Promise<void> {
    this.network.cut();
    await waitForWord(this.#studio, 'Reconnecting');
    await piledUp;
    await crash(this.#studio);
    this.network.mend();
  }

  /** Opens the studio again after a crash, uploads the rest that it offers, and proves the recording. */
  async uploadTheRest(): Promise<BroadcastProof[]> {
    await this.#reopenStudio();
    await this.#upload();
    const [newest] = await listRecordings(this.server.now);
    const proof = await this.#prove(newest?.id ?? '', [true]);
    await this.#studio.reload();
    return proof;
  }

  /**
   * Opens the studio again after a crash and goes on with the broadcast until `enough` settles; only after it is over the
   * rest is uploaded. Proves both sessions in the one recording.
   */
  async goOnBeforeTheRest(enough: () => Promise<void>): Promise<BroadcastProof[]> {
    await this.#reopenStudio();
    await this.goLive();
    await enough();
    const id = await stopBroadcast(this.#studio);
    const before = (await this.#finalised(id)).size;
    await this.#upload();
    await this.#until(id, ({ size }) => size > before);
    const proof = await this.#prove(id, [true, false]);
    await this.#studio.reload();
    return proof;
  }

  /** Ends everything that was started. */
  async close(): Promise<void> {
    await this.#browser.close();
    await Promise.all([this.network.close(), this.viewerNetwork.close()]);
    await this.server.close();
  }

  async #reopenStudio(): Promise<void> {
    this.#studio = await this.#context.newPage();
    await this.#studio.goto(`${this.network.url}/studio/main`);
  }

  async #upload(): Promise<void> {
    await this.#studio.getByRole('button', { name: 'Upload the rest' }).click();
    await this.#studio.getByText('The recording is complete').waitFor();
  }

  /** Proves the newest sessions in a recording; which of them crashed. */
  async #prove(id: string, crashed: readonly boolean[]): Promise<BroadcastProof[]> {
    const listed = await this.#faultsOfBroadcast(await this.#finalised(id));
    const files = this.#recorded.files.slice(-crashed.length);
    const file = await downloadRecording(this.server.now, id);
    const captured: CapturedMedia[] = [];
    for (const each of files) captured.push(await readCaptured(each));
    const parts = splitSessions(await readCaptured(file), captured);
    const proofs = captured.map((session, index) =>
      proveFrames(parts[index] ?? session, session, { crashed: crashed[index] === true }),
    );
    const wrong = listed.length > 0 || proofs.some(({ faults }) => faults.length > 0);
    const evidence = wrong ? await this.#keepEvidence(file, files) : undefined;
    return proofs.map((proof, index) => ({
      ...proof,
      recording: id,
      faults: index === 0 ? [...proof.faults, ...listed] : proof.faults,
      evidence,
    }));
  }

  async #faultsOfBroadcast({ state, finalisation, gaps }: RecordingResource): Promise<string[]> {
    const all = (await listRecordings(this.server.now)).length;
    const more = all - this.#proven - 1;
    this.#proven = all;
    return [
      ...(more === 0 ? [] : [`the broadcast has ${more + 1} recordings`]),
      ...(state === 'complete' ? [] : [`the recording is ${state}`]),
      ...(finalisation === 'done' ? [] : [`its finalisation is ${finalisation}`]),
      ...(gaps.length === 0 ? [] : [`it lists gaps: ${JSON.stringify(gaps)}`]),
      ...((await this.viewer.wasNeverReloaded()) ? [] : ['the watch page was reloaded']),
    ];
  }

  /** Waits until a recording is what it stays; answers it. */
  #finalised(id: string): Promise<RecordingResource> {
    return this.#until(id, ({ state, finalisation }) => state !== 'recording' && finalisation !== 'waiting');
  }

  /** Waits until a recording is so, or for long enough; answers it. */
  async #until(id: string, holds: (recording: RecordingResource) => boolean): Promise<RecordingResource> {
    const end = Date.now() + FINALISE_PATIENCE;
    for (;;) {
      const found = (await listRecordings(this.server.now)).find((recording) => recording.id === id);
      if (!found) throw new Error(`there is no recording ${id}`);
      if (Date.now() > end || holds(found)) return found;
      await new Promise((done) => setTimeout(done, LOOK_EVERY));
    }
  }

  async #keepEvidence(recording: string, captured: readonly string[]): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'headwater-evidence-'));
    await copyFile(recording, join(folder, 'recording.mp4'));
    for (const [index, file] of captured.entries())
      await copyFile(file, join(folder, `captured-${index + 1}.webm`));
    return folder;
  }
}
