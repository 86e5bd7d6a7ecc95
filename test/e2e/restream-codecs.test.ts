import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeBeeps } from '../../src/transcode/beep-source.ts';
import { broadcastOf, downloadRecordings, untilState } from './support/broadcast-state.ts';
import { ChannelDestinations } from './support/destinations.ts';
import { countDecodedFrames, probePackets } from './support/ffprobe.ts';
import { freePort } from './support/free-port.ts';
import { expectLipSync } from './support/lip-sync.ts';
import { LivePublisher } from './support/live-publisher.ts';
import { newStreamKey } from './support/publish-file.ts';
import { type RunningServer, startServer } from './support/running-server.ts';
import { expectSentFrames } from './support/sent-frames.ts';

const SECONDS = 6;
const FPS = 30;
/** Encoder arguments of what only Enhanced RTMP carries; HEVC with pictures out of order. */
const ENCODERS = {
  vp9: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '300k'],
  hevc: ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none:bframes=2'],
  av1: ['-c:v', 'libsvtav1', '-preset', '12', '-b:v', '300k'],
};

type Codec = keyof typeof ENCODERS;

let folder = '';
let sender: RunningServer;
/** Takes RTMP, and announces what it takes. */
let receiver: RunningServer;
let address = '';

beforeAll(async () => {
  // SVT-AV1 says much on standard error, but for this.
  process.env.SVT_LOG = '1';
  folder = await mkdtemp(join(tmpdir(), 'headwater-codecs-'));
  const port = await freePort();
  address = `rtmp://127.0.0.1:${port}/live`;
  [sender, receiver] = await Promise.all([
    startServer({ HEADWATER_RESTREAM_ALLOW: '127.0.0.0/8' }),
    startServer({ HEADWATER_INGEST_RTMP_ENABLED: 'true', HEADWATER_INGEST_RTMP_PORT: String(port) }),
  ]);
});

afterAll(async () => {
  const codes = [await sender?.stop(), await receiver?.stop()];
  await rm(folder, { recursive: true, force: true });
  expect(codes).toEqual([0, 0]);
});

/** What each server recorded, and how long the broadcast was, in ms, when the second one was known to take it. */
interface Passed {
  readonly sent: string;
  readonly received: string;
  readonly liveAt: number;
}

/** Sends a broadcast of that codec through both servers. */
async function restream([codec, media]: readonly [Codec, Uint8Array]): Promise<Passed> {
  const [sending, receiving] = await Promise.all(
    [sender, receiver].map(async (server) => {
      await server.api('POST', '/api/channels', { name: codec });
      return await newStreamKey(server, codec);
    }),
  );
  const destinations = new ChannelDestinations(sender, codec);
  const streamKey = `${codec}?key=${receiving}`;
  const { id } = await destinations.add({ name: 'receiver', url: address, streamKey });
  const publisher = new LivePublisher(sender, sending ?? '', media, codec);
  await publisher.connect();
  await destinations.until(id, ({ state }) => state === 'live');
  const liveAt = (await broadcastOf(sender, codec))?.elapsed ?? Number.NaN;
  await publisher.ended;
  await destinations.until(id, ({ state }) => state === 'idle');
  await untilState(receiver, codec, 'offline');
  const [sent = ''] = await downloadRecordings(sender, codec, folder);
  const [received = '', ...more] = await downloadRecordings(receiver, codec, folder);
  expect(more).toEqual([]);
  return { sent, received, liveAt };
}

function mediaOf(codec: Codec): Uint8Array {
  const encoder = [...ENCODERS[codec], '-g', String(FPS), '-pix_fmt', 'yuv420p'];
  return makeBeeps({ seconds: SECONDS, video: { size: '320:180', encoder } });
}

async function codecsOf(file: string): Promise<string[]> {
  const entries = ['-v', 'error', '-show_entries', 'stream=codec_name', '-of', 'csv=p=0', file];
  const { stdout } = await promisify(execFile)('ffprobe', entries);
  return stdout.trim().split(/\s+/);
}

it('VP9, HEVC and AV1 with Opus arrive as they are where a server announces them, every frame and in sync', async () => {
  const codecs = ['vp9', 'hevc', 'av1'] as const;
  // All of it before any is published: encoding holds up whoever publishes meanwhile.
  const media = codecs.map((codec) => [codec, mediaOf(codec)] as const);
  const found = await Promise.all(media.map(restream));
  for (const [index, { sent, received, liveAt }] of found.entries()) {
    expect(await codecsOf(received)).toEqual([codecs[index], 'opus']);
    const { begin, frames, toTheEnd } = await expectSentFrames(received, sent);
    expect(begin * 1000).toBeLessThan(liveAt);
    expect(toTheEnd).toBe(true);
    expect(await countDecodedFrames(received)).toBe(frames);
    const packets = (await probePackets(received, 'audio')).map(({ size }) => size);
    const all = (await probePackets(sent, 'audio')).map(({ size }) => size);
    expect(packets).toEqual(all.slice(-packets.length));
    expectLipSync(received, 2);
  }
});
