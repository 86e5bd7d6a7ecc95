import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeBeeps } from '../../src/transcode/beep-source.ts';
import { ChannelDestinations } from './support/destinations.ts';
import { countDecodedFrames, probePackets } from './support/ffprobe.ts';
import { freePort } from './support/free-port.ts';
import { expectLipSync } from './support/lip-sync.ts';
import { LivePublisher } from './support/live-publisher.ts';
import { newStreamKey } from './support/publish-file.ts';
import { OtherRtmpServer } from './support/rtmp-servers.ts';
import { type RunningServer, startServer } from './support/running-server.ts';
import { TestAuthority } from './support/test-authority.ts';

const CANARY = 'canary-2d7f90e1b4';
const FPS = 30;

const H264 = [
  ...['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '30', '-bf', '0', '-pix_fmt', 'yuv420p'],
  ...['-b:v', '1500k', '-minrate', '1500k', '-maxrate', '1500k', '-bufsize', '1500k', '-nal-hrd', 'cbr'],
];
const VP9 = ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-g', '30', '-b:v', '500k'];

const authority = new TestAuthority('Headwater test');
const stranger = new TestAuthority('somebody else');
const others: OtherRtmpServer[] = [];
let server: RunningServer;
let destinations: ChannelDestinations;
let key: string;
let publisher: LivePublisher | undefined;

beforeAll(async () => {
  server = await startServer({
    HEADWATER_RESTREAM_ALLOW: '127.0.0.0/8,localhost',
    HEADWATER_RESTREAM_AUTHORITIES: authority.file,
    HEADWATER_LOG_LEVEL: 'debug',
  });
  destinations = new ChannelDestinations(server);
  key = await newStreamKey(server);
});

afterEach(async () => {
  publisher?.close();
  await destinations.remove();
  await Promise.all(others.splice(0).map((other) => other.stop()));
});

afterAll(async () => {
  authority.remove();
  stranger.remove();
  const log = server?.log() ?? '';
  expect(await server?.stop()).toBe(0);
  expect(log).not.toContain(CANARY);
});

async function other<T extends OtherRtmpServer>(starting: Promise<T>): Promise<T> {
  const started = await starting;
  others.push(started);
  return started;
}

async function publish(seconds: number, encoder = H264): Promise<LivePublisher> {
  const media = makeBeeps({ seconds, video: { size: '640:360', encoder } });
  publisher = new LivePublisher(server, key, media);
  await publisher.connect();
  return publisher;
}

/** The longest step from one packet to the next, in seconds; none goes back. */
async function longestStep(file: string, kind: 'video' | 'audio'): Promise<number> {
  const times = (await probePackets(file, kind)).map(({ dts }) => dts);
  const steps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  expect(Math.min(...steps)).toBeGreaterThanOrEqual(0);
  return Math.max(...steps);
}

/** What was recorded of a stretch without trouble: every frame of it, in sync. */
async function expectWhole(file: string, seconds: number): Promise<void> {
  const frames = await probePackets(file, 'video');
  expect(frames[0]?.keyframe).toBe(true);
  expect(frames.length).toBe(await countDecodedFrames(file));
  // It may begin a group late, where connecting took longer than a group.
  expect(frames.length % FPS).toBe(0);
  expect(frames.length).toBeGreaterThanOrEqual((seconds - 2) * FPS);
  expect(await longestStep(file, 'video')).toBeLessThan(0.04);
  expect(await longestStep(file, 'audio')).toBeLessThan(0.03);
  expectLipSync(file, 5);
}

/** What platforms ask for: one frame rate all the time, a keyframe every few seconds, sound without holes. */
async function expectSteady(file: string): Promise<void> {
  const pictures = await probePackets(file, 'video');
  expect(await longestStep(file, 'video')).toBeLessThan(0.1);
  expect(await longestStep(file, 'audio')).toBeLessThan(0.15);
  const keyframes = pictures.filter(({ keyframe }) => keyframe).map(({ dts }) => dts);
  const steps = keyframes.slice(1).map((time, index) => time - (keyframes[index] ?? 0));
  expect(Math.max(...steps)).toBeLessThan(2);
  const seconds = (pictures.at(-1)?.dts ?? 0) - (pictures[0]?.dts ?? 0);
  expect(Math.abs(pictures.length / seconds / FPS - 1)).toBeLessThan(0.05);
}

const only = async (one: OtherRtmpServer): Promise<string> => {
  const files = await one.recordings();
  expect(files.length).toBe(1);
  return files[0] ?? '';
};

describe('a broadcast arrives with every frame and in sync', () => {
  it('at nginx-rtmp, at node-media-server, at ffmpeg -listen 1 and over TLS, at once', async () => {
    const certificate = authority.issue('localhost');
    const [nginx, node, listening, tls] = await Promise.all([
      other(OtherRtmpServer.nginx()),
      other(OtherRtmpServer.nodeMediaServer()),
      other(OtherRtmpServer.ffmpeg()),
      other(OtherRtmpServer.nginx({ certificate })),
    ]);
    const ids: string[] = [];
    for (const [name, url] of [
      ['nginx', nginx.url],
      ['node', node.url],
      ['tls', tls.tlsUrl],
      ['key', listening.url],
    ] as const)
      ids.push((await destinations.add({ name, url, streamKey: name === 'key' ? name : CANARY })).id);
    const { ended } = await publish(10);
    for (const id of ids) {
      const live = await destinations.until(id, ({ state }) => state === 'live');
      expect(live.liveSince).toBeGreaterThan(0);
    }
    await ended;
    for (const id of ids) await destinations.until(id, ({ state }) => state === 'idle');
    await Promise.all([listening.ended(), node.settled()]);
    for (const one of [nginx, node, listening, tls]) await expectWhole(await only(one), 10);
    for (const id of ids) expect(destinations.seen.get(id)).toEqual(['idle', 'connecting', 'live', 'idle']);
  });

  it('made into H.264 of VP9, at nginx-rtmp', async () => {
    const nginx = await other(OtherRtmpServer.nginx());
    const { id } = await destinations.add({ name: 'nginx', url: nginx.url, streamKey: CANARY });
    const { ended } = await publish(12, VP9);
    await destinations.until(id, ({ state }) => state === 'live');
    await ended;
    await destinations.until(id, ({ state }) => state === 'idle');
    const file = await only(nginx);
    expect((await probePackets(file, 'video')).length).toBeGreaterThan(8 * FPS);
    expectLipSync(file, 5);
  });
});

describe('over TLS', () => {
  it('a server is reached where the certificate is of an authority that the setting names', async () => {
    const nginx = await other(OtherRtmpServer.nginx({ certificate: authority.issue('localhost') }));
    const { id } = await destinations.add({ name: 'tls', url: nginx.tlsUrl, streamKey: CANARY });
    expect(await destinations.test(id)).toMatchObject({ reached: true });
  });

  it('a certificate of another authority, or of another host, is refused and nothing is sent', async () => {
    const certificates = [stranger.issue('localhost'), authority.issue('other.example')];
    const servers = await Promise.all(
      certificates.map((certificate) => other(OtherRtmpServer.nginx({ certificate }))),
    );
    const ids: string[] = [];
    for (const { tlsUrl } of servers) {
      const { id } = await destinations.add({ name: 'tls', url: tlsUrl, streamKey: CANARY });
      expect(await destinations.test(id)).toMatchObject({ reached: false, code: 'certificate-refused' });
      ids.push(id);
    }
    const { ended } = await publish(4);
    for (const id of ids) {
      const status = await destinations.until(id, ({ state }) => state === 'failed');
      expect(status).toMatchObject({ code: 'certificate-refused', sentBytes: 0 });
      expect(status.message).toContain('restream.authorities');
    }
    await ended;
    for (const one of servers) expect(await one.recordings()).toEqual([]);
  });
});

describe('three destinations at once', () => {
  it('one that stands still, one that is killed and one that refuses cost the fourth not a frame', async () => {
    const [good, frozen, killed, refusing] = [
      await other(OtherRtmpServer.nginx()),
      await other(OtherRtmpServer.nginx()),
      await other(OtherRtmpServer.nginx()),
      await other(OtherRtmpServer.nodeMediaServer({ secret: 'secret' })),
    ];
    const add = async (name: string, { url }: OtherRtmpServer) =>
      (await destinations.add({ name, url, streamKey: CANARY })).id;
    const ids = {
      good: await add('good', good),
      frozen: await add('frozen', frozen),
      killed: await add('killed', killed),
      refusing: await add('refusing', refusing),
    };
    const { ended } = await publish(45);
    const isLive = ({ state }: { state: string }) => state === 'live';
    for (const id of [ids.good, ids.frozen, ids.killed]) await destinations.until(id, isLive);
    frozen.freeze();
    await killed.kill();
    const lost = await destinations.until(ids.killed, ({ state }) => state === 'retrying');
    expect(lost.message).toMatch(/\.$/);
    await killed.startAgain();
    await destinations.until(ids.killed, isLive);
    const refused = await destinations.until(ids.refusing, ({ state }) => state === 'failed');
    expect(refused).toMatchObject({ code: 'publish-refused', liveSince: null });
    expect(destinations.seen.get(ids.refusing)).not.toContain('live');
    const stalled = await destinations.until(ids.frozen, ({ state }) => state === 'retrying');
    expect(stalled.code).toMatch(/stalled|no-answer/);
    expect((await destinations.status(ids.good)).acknowledgedBytes).toBeGreaterThan(0);
    await expectNoCanary();
    await ended;
    await destinations.until(ids.good, ({ state }) => state === 'idle');
    await expectWhole(await only(good), 45);
    expect((await killed.recordings()).length).toBe(2);
  });

  async function expectNoCanary(): Promise<void> {
    const answers = await Promise.all(
      ['/api/channels/main/destinations', '/api/channels', '/api/channels/main/broadcast', '/metrics'].map(
        async (path) => await (await server.api('GET', path)).text(),
      ),
    );
    const commands = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        } catch {
          return '';
        }
      });
    for (const text of [...answers, ...commands, server.log()]) expect(text).not.toContain(CANARY);
  }
});

describe('a publisher that is lost', () => {
  it('is stood in for: the platform sees one stream without a hole, and the rest of the broadcast', async () => {
    const nginx = await other(OtherRtmpServer.nginx());
    const { id } = await destinations.add({ name: 'nginx', url: nginx.url, streamKey: CANARY });
    const live = await publish(24);
    await destinations.until(id, ({ state }) => state === 'live');
    live.cut();
    await destinations.until(id, ({ holding }) => holding);
    await new Promise((settle) => setTimeout(settle, 4000));
    expect(await destinations.status(id)).toMatchObject({ state: 'live', holding: true });
    await live.connect();
    await destinations.until(id, ({ holding }) => !holding);
    await live.ended;
    await destinations.until(id, ({ state }) => state === 'idle');
    const file = await only(nginx);
    expect(destinations.seen.get(id)).toEqual(['idle', 'connecting', 'live', 'idle']);
    await expectSteady(file);
    expect(await countDecodedFrames(file)).toBe((await probePackets(file, 'video')).length);
    const [first, last] = ends((await probePackets(file, 'audio')).map(({ pts }) => pts));
    expect(last - first).toBeGreaterThan(19);
    expectLipSync(file, 5);
    const silence = execFileSync('ffmpeg', ['-v', 'error', '-i', file, '-f', 'null', '-'], {
      encoding: 'utf8',
    });
    expect(silence).toBe('');
  });

  const ends = (values: readonly number[]): [number, number] => [values[0] ?? 0, values.at(-1) ?? 0];
});

describe('a destination', () => {
  it('is switched off and on, and limited in time, while the channel is live', async () => {
    const nginx = await other(OtherRtmpServer.nginx());
    const { id } = await destinations.add({
      name: 'nginx',
      url: nginx.url,
      streamKey: CANARY,
      enabled: false,
    });
    const { ended } = await publish(30);
    expect((await destinations.status(id)).state).toBe('idle');
    await destinations.change(id, { enabled: true });
    await destinations.until(id, ({ state }) => state === 'live');
    await destinations.change(id, { enabled: false });
    expect((await destinations.status(id)).state).toBe('idle');
    await destinations.change(id, { enabled: true, maxDuration: 3000 });
    const live = await destinations.until(id, ({ state }) => state === 'live');
    expect(live.remaining).toBeGreaterThan(0);
    const over = await destinations.until(id, ({ state }) => state === 'idle');
    expect(over.code).toBe('time-limit');
    publisher?.close();
    void ended;
    expect((await nginx.recordings()).length).toBe(2);
  });
});

describe('a server that is killed', () => {
  it('sends the broadcast on when it is back and its publisher as well', async () => {
    const nginx = await other(OtherRtmpServer.nginx());
    const data = await mkdtemp(join(tmpdir(), 'headwater-restream-'));
    const environment = {
      ...{ HEADWATER_DATA: data, HEADWATER_PORT: String(await freePort()) },
      ...{ HEADWATER_RESTREAM_ALLOW: '127.0.0.0/8', HEADWATER_ADMIN_TOKEN: 'a-token-for-this-test' },
    };
    const first = await startServer(environment);
    const firstDestinations = new ChannelDestinations(first);
    const { id } = await firstDestinations.add({ name: 'nginx', url: nginx.url, streamKey: CANARY });
    const media = makeBeeps({ seconds: 20, video: { size: '640:360', encoder: H264 } });
    publisher = new LivePublisher(first, await newStreamKey(first), media);
    await publisher.connect();
    await firstDestinations.until(id, ({ state }) => state === 'live');
    first.process.kill('SIGKILL');
    await once(first.process, 'exit');
    publisher.cut();
    const second = await startServer(environment);
    await publisher.connect();
    const secondDestinations = new ChannelDestinations(second);
    await secondDestinations.until(id, ({ state }) => state === 'live');
    await publisher.ended;
    await secondDestinations.until(id, ({ state }) => state === 'idle');
    expect((await nginx.recordings()).length).toBe(2);
    expect(first.log() + second.log()).not.toContain(CANARY);
    expect(await second.stop()).toBe(0);
  });
});
