import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodeMedia } from './chaos/decode-media.ts';
import { measureSoundOffsets } from './chaos/sound-offset.ts';
import { expectAccessible } from './support/accessibility.ts';
import { downloadRecordings } from './support/broadcast-state.ts';
import { launchBrowser } from './support/browser.ts';
import { countDecodedFrames, probePackets } from './support/ffprobe.ts';
import { OtherRtmpServer } from './support/rtmp-servers.ts';
import { type RunningServer, startServer } from './support/running-server.ts';
import { goLive, openStudio, stopBroadcast } from './support/studio-page.ts';

const KEY = 'canary-7c1d05aa93';
/** In ms. */
const LIP_SYNC = 40;

let server: RunningServer;
let browser: Browser;
let nginx: OtherRtmpServer;

beforeAll(async () => {
  nginx = await OtherRtmpServer.nginx();
  server = await startServer({ HEADWATER_RESTREAM_ALLOW: '127.0.0.0/8' });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  const log = server?.log() ?? '';
  expect(await server?.stop()).toBe(0);
  await nginx?.stop();
  expect(log).not.toContain(KEY);
});

it('a browser tab is sent to another server, from its form to what that recorded', async () => {
  const { context, studio } = await openStudio(browser, server);
  const panel = studio.getByRole('region', { name: 'Destinations' });
  await panel.getByRole('button', { name: 'Add a destination' }).click();
  const form = studio.getByRole('dialog');
  await form.getByLabel('Platform').selectOption('custom');
  await form.getByLabel('Name').fill('Our own');
  await form.getByLabel('Address').fill(nginx.url);
  await form.getByLabel('Stream key').fill(KEY);
  await expectAccessible(studio, 'destinations-form');
  await form.getByRole('button', { name: 'Add', exact: true }).click();
  const row = panel.getByRole('listitem').filter({ hasText: 'Our own' });
  await row.getByText('Idle', { exact: true }).waitFor();
  await row.getByRole('button', { name: 'Test Our own' }).click();
  await row.getByText('The server takes the connection.').waitFor();

  await goLive(studio);
  await row.getByText('Live', { exact: true }).waitFor();
  await row.getByText(/bit\/s/).waitFor();
  await expectAccessible(studio, 'destinations-live');
  await row.getByRole('button', { name: 'Settings of Our own' }).click();
  expect(await form.getByLabel('Stream key').inputValue()).toBe('');
  expect(await studio.content()).not.toContain(KEY);
  await form.getByRole('button', { name: 'Cancel' }).click();

  // Off and on again while live: two streams for the other server.
  await row.getByRole('switch').click();
  await row.getByText('Off', { exact: true }).waitFor();
  await row.getByRole('switch').click();
  await row.getByText('Live', { exact: true }).waitFor();
  await stopBroadcast(studio);
  await row.getByText('Idle', { exact: true }).waitFor();
  await context.close();

  const folder = await mkdtemp(join(tmpdir(), 'headwater-destinations-'));
  const [recorded = ''] = await downloadRecordings(server, 'main', folder);
  const expected = await soundOffsets(recorded);
  await rm(folder, { recursive: true });
  const files = await nginx.recordings();
  expect(files.length).toBe(2);
  const differences: number[] = [];
  for (const file of files) {
    const frames = await probePackets(file, 'video');
    expect(frames.length).toBeGreaterThan(20);
    expect(await countDecodedFrames(file)).toBe(frames.length);
    expect((await probePackets(file, 'audio')).length).toBeGreaterThan(20);
    for (const [wall, offset] of await soundOffsets(file)) {
      const known = expected.get(wall);
      if (known !== undefined) differences.push(Math.abs(offset - known));
    }
  }
  // What the browser made of lips and sound is sent on as it is, tone for tone.
  expect(differences.length).toBeGreaterThan(0);
  expect(Math.max(...differences)).toBeLessThanOrEqual(LIP_SYNC);
});

/** How far the sound is from the picture at each tone of the test's microphone, by when that was. */
async function soundOffsets(file: string): Promise<Map<number, number>> {
  const offsets = measureSoundOffsets(await decodeMedia(file));
  return new Map(offsets.map(({ wall, offset }) => [wall, offset]));
}
