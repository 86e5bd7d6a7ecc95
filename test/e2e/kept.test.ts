import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { untilFinalised } from './chaos/power/seen-media.ts';
import { expectAccessible } from './support/accessibility.ts';
import { launchBrowser } from './support/browser.ts';
import { CutProxy } from './support/cut-proxy.ts';
import { type ProbedPacket, probePackets } from './support/ffprobe.ts';
import { crash, giveLittleMemory, keptBytes } from './support/kept-bytes.ts';
import { type RunningServer, startServer } from './support/running-server.ts';
import { downloadRecording, expectSameMedia, listRecordings } from './support/same-media.ts';
import { goLive, openStudio, stopBroadcast, waitForWord } from './support/studio-page.ts';

let server: RunningServer;
let browser: Browser;
let network: CutProxy;

beforeAll(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  expect(await server?.stop()).toBe(0);
});
beforeEach(async () => {
  network = await CutProxy.open(server.url);
});
afterEach(() => network.close());

/** In the studio behind the network that can be cut, with next to no memory for what is not acknowledged. */
async function openSparseStudio() {
  const opened = await openStudio(browser, server, {
    url: network.url,
    prepare: giveLittleMemory,
  });
  await goLive(opened.studio);
  return opened;
}

/**
 * What was kept of a tab that crashed is what it made, but for its last second. The page tells the test of what it made, and
 * keeps it, in two ways: either may be ahead of the other when it crashes.
 */
function expectKept(kept: readonly ProbedPacket[], made: readonly ProbedPacket[]): void {
  // 30 frames a second; the parts that the page was told of but had no time to keep are in `made` too.
  expect(kept.length).toBeGreaterThan(made.length - 45);
  const common = Math.min(kept.length, made.length) - 1;
  const sizes = (packets: readonly ProbedPacket[]) => packets.slice(0, common).map(({ size }) => size);
  expect(sizes(kept)).toEqual(sizes(made));
}

describe('what a cut leaves unsent', () => {
  it('is kept on the device and then delivered whole, and nothing of it stays behind', async () => {
    const { context, studio, recorded } = await openSparseStudio();
    network.cut();
    await waitForWord(studio, 'Reconnecting');
    await expect.poll(() => keptBytes(studio)).toBeGreaterThan(150_000);
    network.mend();
    await waitForWord(studio, 'Live');
    await expect.poll(() => keptBytes(studio)).toBe(0);
    const id = await stopBroadcast(studio);
    await expectSameMedia(await downloadRecording(server, id), recorded.files);
    expect(await studio.getByRole('button', { name: 'Upload the rest' }).count()).toBe(0);
    await context.close();
  });
});

describe('a tab that crashes with unsent media', () => {
  it('loses no more than its last second: the next one uploads the rest, and it is one complete recording', async () => {
    const before = await listRecordings(server);
    const { context, studio, recorded } = await openSparseStudio();
    network.cut();
    await waitForWord(studio, 'Reconnecting');
    await expect.poll(() => keptBytes(studio)).toBeGreaterThan(150_000);
    await crash(studio);
    network.mend();

    const again = await context.newPage();
    await again.goto(`${network.url}/studio/main`);
    await again.getByRole('button', { name: 'Upload the rest' }).waitFor();
    await expectAccessible(again, 'studio-kept');
    await again.getByRole('button', { name: 'Upload the rest' }).click();
    await again.getByText('The recording is complete').waitFor();
    await expectAccessible(again, 'studio-kept-sent');
    expect(await keptBytes(again)).toBe(0);

    const recordings = await listRecordings(server);
    expect(recordings.length).toBe(before.length + 1);
    const [recording] = recordings;
    await expect.poll(async () => (await listRecordings(server))[0]?.state).toBe('complete');
    const file = await downloadRecording(server, recording?.id ?? '');
    const kept = await probePackets(file, 'video');
    const made = await probePackets(recorded.files[0] ?? '', 'video', { cutOff: true });
    expectKept(kept, made);
    await context.close();
  });

  it('brings the rest when its broadcast is over for long and another one is on: the recording is made whole', async () => {
    await server.api('PATCH', '/api/channels/main', { reconnectGrace: 1000 });
    const before = await listRecordings(server);
    const { context, studio, recorded } = await openSparseStudio();
    await expect.poll(async () => (await listRecordings(server)).length).toBe(before.length + 1);
    network.cut();
    await expect.poll(() => keptBytes(studio)).toBeGreaterThan(150_000);
    await crash(studio);
    network.mend();
    await expect.poll(async () => (await listRecordings(server))[0]?.state).toBe('complete');
    // Finishing it changes its length a little, too.
    const [first] = await listRecordings(server);
    const partial = await untilFinalised(server, first?.id ?? '');

    const next = await openStudio(browser, server);
    await goLive(next.studio);
    const again = await context.newPage();
    await again.goto(`${network.url}/studio/main`);
    await again.getByRole('button', { name: 'Upload the rest' }).click();
    await again.getByText('The recording is complete').waitFor();
    const duration = async () => {
      const whole = (await listRecordings(server)).find(({ id }) => id === partial.id);
      return whole?.duration ?? 0;
    };
    await expect.poll(duration).toBeGreaterThan(partial.duration);
    const kept = await probePackets(await downloadRecording(server, partial.id), 'video');
    const made = await probePackets(recorded.files[0] ?? '', 'video', { cutOff: true });
    expectKept(kept, made);
    await stopBroadcast(next.studio);
    await next.context.close();
    await context.close();
    await server.api('PATCH', '/api/channels/main', { reconnectGrace: null });
  });

  it('can be discarded, and is not offered while another tab is at it', async () => {
    const { context, studio } = await openSparseStudio();
    network.cut();
    await expect.poll(() => keptBytes(studio)).toBeGreaterThan(50_000);
    const other = await context.newPage();
    await other.goto(`${server.url}/studio/main`);
    await other.getByRole('button', { name: 'Go live' }).waitFor();
    // Storage is by origin, and the way by which this page came is part of that.
    network.mend();
    await other.goto(`${network.url}/studio/main`);
    await other.getByRole('button', { name: 'Go live' }).waitFor();
    expect(await other.getByRole('button', { name: 'Upload the rest' }).count()).toBe(0);
    network.cut();
    await expect.poll(() => keptBytes(studio)).toBeGreaterThan(50_000);
    await crash(studio);
    network.mend();
    await other.reload();
    await other.getByRole('button', { name: 'Discard' }).click();
    await other.getByRole('alertdialog').getByRole('button', { name: 'Discard' }).click();
    await other.getByRole('button', { name: 'Upload the rest' }).waitFor({ state: 'detached' });
    expect(await keptBytes(other)).toBe(0);
    await context.close();
  });
});
