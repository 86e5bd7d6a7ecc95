import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodeMedia } from './chaos/decode-media.ts';
import { measureSoundOffsets } from './chaos/sound-offset.ts';
import { expectAccessible } from './support/accessibility.ts';
import { broadcastOf, downloadRecordings } from './support/broadcast-state.ts';
import { launchBrowser } from './support/browser.ts';
import { ChannelDestinations } from './support/destinations.ts';
import { countDecodedFrames, probePackets } from './support/ffprobe.ts';
import { OtherRtmpServer } from './support/rtmp-servers.ts';
import { type RunningServer, startServer } from './support/running-server.ts';
import { expectSentFrames } from './support/sent-frames.ts';
import { goLive, openStudio, stopBroadcast } from './support/studio-page.ts';
import { TestAuthority } from './support/test-authority.ts';

const KEY = 'canary-7c1d05aa93';
/** In ms. */
const LIP_SYNC = 40;

const authority = new TestAuthority('Headwater test');
let server: RunningServer;
let browser: Browser;
/** Somebody else's servers, by what the studio calls them. */
let others: Record<'nginx' | 'tls' | 'node' | 'listening', OtherRtmpServer>;

beforeAll(async () => {
  const [nginx, tls, node, listening] = await Promise.all([
    OtherRtmpServer.nginx(),
    OtherRtmpServer.nginx({ certificate: authority.issue('localhost') }),
    OtherRtmpServer.nodeMediaServer(),
    OtherRtmpServer.ffmpeg(),
  ]);
  others = { nginx, tls, node, listening };
  server = await startServer({
    HEADWATER_RESTREAM_ALLOW: '127.0.0.0/8,localhost',
    HEADWATER_RESTREAM_AUTHORITIES: authority.file,
  });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  const log = server?.log() ?? '';
  expect(await server?.stop()).toBe(0);
  await Promise.all(Object.values(others ?? {}).map((other) => other.stop()));
  authority.remove();
  expect(log).not.toContain(KEY);
});

it('a browser tab is sent to four servers at once, from its form to every frame that they recorded', async () => {
  const destinations = new ChannelDestinations(server);
  await destinations.add({ name: 'Over TLS', url: others.tls.tlsUrl, streamKey: KEY });
  await destinations.add({ name: 'Node', url: others.node.url, streamKey: KEY });
  await destinations.add({ name: 'Listening', url: others.listening.url, streamKey: 'key' });
  const { context, studio } = await openStudio(browser, server);
  const panel = studio.getByRole('region', { name: 'Destinations' });
  await panel.getByRole('button', { name: 'Add a destination' }).click();
  const form = studio.getByRole('dialog');
  await form.getByLabel('Platform').selectOption('custom');
  await form.getByLabel('Name').fill('Our own');
  await form.getByLabel('Address').fill(others.nginx.url);
  await form.getByLabel('Stream key').fill(KEY);
  await expectAccessible(studio, 'destinations-form');
  await form.getByRole('button', { name: 'Add', exact: true }).click();
  const rowOf = (name: string) => panel.getByRole('listitem').filter({ hasText: name });
  const rows = ['Our own', 'Over TLS', 'Node', 'Listening'].map(rowOf);
  const row = rowOf('Our own');
  const allSay = (word: string) =>
    Promise.all(rows.map((one) => one.getByText(word, { exact: true }).waitFor()));
  await allSay('Idle');
  await row.getByRole('button', { name: 'Test Our own' }).click();
  await row.getByText('The server takes the connection.').waitFor();

  await goLive(studio);
  await allSay('Live');
  const allLiveAt = (await broadcastOf(server, 'main'))?.elapsed ?? 0;
  await row.getByText(/bit\/s/).waitFor();
  await expectAccessible(studio, 'destinations-live');
  await row.getByRole('button', { name: 'Settings of Our own' }).click();
  expect(await form.getByLabel('Stream key').inputValue()).toBe('');
  expect(await studio.content()).not.toContain(KEY);
  await form.getByRole('button', { name: 'Cancel' }).click();

  // Off and on again while live: two streams for that server, and still one for the others.
  await row.getByRole('switch').click();
  await row.getByText('Off', { exact: true }).waitFor();
  await row.getByRole('switch').click();
  await row.getByText('Live', { exact: true }).waitFor();
  await stopBroadcast(studio);
  await allSay('Idle');
  await context.close();

  await Promise.all([others.listening.ended(), others.node.settled()]);
  const folder = await mkdtemp(join(tmpdir(), 'headwater-destinations-'));
  const [recorded = ''] = await downloadRecordings(server, 'main', folder);
  const expected = await soundOffsets(recorded);
  for (const other of [others.tls, others.node, others.listening]) {
    const files = await other.recordings();
    expect(files).toHaveLength(1);
    const { begin, toTheEnd } = await expectSentFrames(files[0] ?? '', recorded);
    expect(begin * 1000).toBeLessThan(allLiveAt);
    expect(toTheEnd).toBe(true);
    await expectSameSound(files, expected);
  }
  const switched = await others.nginx.recordings();
  expect(switched).toHaveLength(2);
  const [before, after] = await Promise.all(switched.map((file) => expectSentFrames(file, recorded)));
  expect(before?.begin).toBeLessThan(after?.begin ?? 0);
  expect(after?.toTheEnd).toBe(true);
  await expectSameSound(switched, expected);
  await rm(folder, { recursive: true });
});

/** Every frame decodes, and what the browser made of lips and sound is sent on as it is, tone for tone. */
async function expectSameSound(
  files: readonly string[],
  expected: ReadonlyMap<number, number>,
): Promise<void> {
  const differences: number[] = [];
  for (const file of files) {
    const frames = await probePackets(file, 'video');
    expect(await countDecodedFrames(file)).toBe(frames.length);
    expect((await probePackets(file, 'audio')).length).toBeGreaterThan(20);
    for (const [wall, offset] of await soundOffsets(file)) {
      const known = expected.get(wall);
      if (known !== undefined) differences.push(Math.abs(offset - known));
    }
  }
  expect(differences.length).toBeGreaterThan(0);
  expect(Math.max(...differences)).toBeLessThanOrEqual(LIP_SYNC);
}

/** How far the sound is from the picture at each tone of the test's microphone, by when that was. */
async function soundOffsets(file: string): Promise<Map<number, number>> {
  const offsets = measureSoundOffsets(await decodeMedia(file));
  return new Map(offsets.map(({ wall, offset }) => [wall, offset]));
}
