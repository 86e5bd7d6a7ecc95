import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeBeeps } from '../../src/transcode/beep-source.ts';
import { PLAY_PROTOCOL } from '../../src/wire/play.ts';
import { TestSocket } from '../contract/test-socket.ts';
import { KillableServer } from './chaos/killable-server.ts';
import { broadcastOf, downloadRecordings, untilNoted, untilState } from './support/broadcast-state.ts';
import { FfmpegPublisher } from './support/ffmpeg-publisher.ts';
import { countDecodedFrames, probePackets } from './support/ffprobe.ts';
import { freePort } from './support/free-port.ts';
import { expectLipSync } from './support/lip-sync.ts';
import { newStreamKey } from './support/publish-file.ts';
import { TestAuthority } from './support/test-authority.ts';

const FPS = 30;
const SECONDS = 10;
const H264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-g', '30', '-bf', '2', '-pix_fmt', 'yuv420p'];
/** The picture as it is, the sound as RTMP carries it: the same bytes every time. */
const COPY = ['-c:v', 'copy', '-c:a', 'aac', '-b:a', '128k', '-flags', '+bitexact'];

const authority = new TestAuthority('Headwater test');
const stranger = new TestAuthority('somebody else');
const publishers: FfmpegPublisher[] = [];
let folder = '';
let beeps = '';
let server: KillableServer;
let key = '';
let plain = '';
let tls = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-rtmp-'));
  beeps = join(folder, 'beeps.mkv');
  writeFileSync(beeps, makeBeeps({ seconds: SECONDS, video: { size: '640:360', encoder: H264 } }));
  const [port, tlsPort] = [await freePort(), await freePort()];
  const { certificate, key: certificateKey } = authority.issue('localhost');
  server = await KillableServer.start({
    HEADWATER_INGEST_RTMP_ENABLED: 'true',
    HEADWATER_INGEST_RTMP_PORT: String(port),
    HEADWATER_INGEST_RTMP_TLS_PORT: String(tlsPort),
    HEADWATER_INGEST_RTMP_CERTIFICATE: certificate,
    HEADWATER_INGEST_RTMP_CERTIFICATE_KEY: certificateKey,
    HEADWATER_LOG_LEVEL: 'debug',
  });
  key = await newStreamKey(server.now);
  plain = `rtmp://127.0.0.1:${port}/live`;
  tls = `rtmps://localhost:${tlsPort}/live`;
});

afterEach(async () => {
  for (const publisher of publishers.splice(0)) await publisher.kill();
});

afterAll(async () => {
  const log = server?.now.log() ?? '';
  expect(await server?.close()).toBe(0);
  for (const one of [authority, stranger]) one.remove();
  rmSync(folder, { recursive: true, force: true });
  expect(log).toContain('taking publishers in at rtmp://');
  expect(log).not.toContain(key);
});

function publish(url: string, input: readonly string[] = ['-i', beeps]): FfmpegPublisher {
  const publisher = new FfmpegPublisher(url, input, COPY);
  publishers.push(publisher);
  return publisher;
}

const until = (state: string, channel = 'main') => untilState(server.now, channel, state);

async function newChannel(name: string): Promise<string> {
  await server.now.api('POST', '/api/channels', { name });
  return newStreamKey(server.now, name);
}

const recordingsOf = (channel: string) => downloadRecordings(server.now, channel, folder);

/** What ffmpeg sends: the same, into a file. */
function referenceFile(): string {
  const file = join(folder, 'reference.flv');
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', beeps, ...COPY, '-f', 'flv', file]);
  return file;
}

/** Every packet's bytes, and its distance from the first one in ms. */
async function packetsOf(file: string, kind: 'video' | 'audio'): Promise<number[][]> {
  const packets = await probePackets(file, kind);
  const [first] = packets;
  return packets.map(({ size, dts }) => [size, Math.round((dts - (first?.dts ?? 0)) * 1000)]);
}

describe('what ffmpeg sends', () => {
  it('is seen and recorded whole, and in sync', async () => {
    const viewer = await TestSocket.open(
      `${server.now.url.replace('http', 'ws')}/live/main/ws`,
      PLAY_PROTOCOL,
    );
    const sent = publish(`${plain}/main?key=${key}`);
    expect(await sent.done).toBe('');
    await until('offline');
    await viewer.message('ended');
    viewer.cut();
    const watched = join(folder, 'watched.mp4');
    writeFileSync(watched, Buffer.concat(viewer.binaries));
    const [recorded = '', ...more] = await recordingsOf('main');
    expect(more).toEqual([]);
    const reference = referenceFile();
    const expected = await packetsOf(reference, 'video');
    expect(expected).toHaveLength(SECONDS * FPS);
    for (const file of [watched, recorded]) {
      const video = await packetsOf(file, 'video');
      expect(video.map(([size]) => size)).toEqual(expected.map(([size]) => size));
      for (const [index, [, time = 0]] of video.entries())
        expect(Math.abs(time - (expected[index]?.[1] ?? 0))).toBeLessThanOrEqual(2);
      const audio = (list: readonly (readonly number[])[]) => list.map(([size]) => size);
      expect(audio(await packetsOf(file, 'audio'))).toEqual(audio(await packetsOf(reference, 'audio')));
      expectLipSync(file, SECONDS - 1);
    }
    expect(await countDecodedFrames(recorded)).toBe(SECONDS * FPS);
  });

  it('comes over TLS to who trusts the certificate, and not at all where it is a stranger’s', async () => {
    const secret = await newChannel('secret');
    const verify = (file: string) => ['-tls_verify', '1', '-ca_file', file];
    const send = (file: string) => {
      const publisher = new FfmpegPublisher(`${tls}/${secret}`, ['-i', beeps], [...COPY, ...verify(file)]);
      publishers.push(publisher);
      return publisher.done;
    };
    expect(await send(stranger.file)).not.toBe('');
    expect(await broadcastOf(server.now, 'secret')).toBeUndefined();
    expect(await send(authority.file)).toBe('');
    const [recorded = ''] = await recordingsOf('secret');
    expect(await countDecodedFrames(recorded)).toBe(SECONDS * FPS);
  });

  it('goes on in the same recording when it comes back within the grace, or another one takes over', async () => {
    const address = `${plain}/stage?key=${await newChannel('stage')}`;
    const first = publish(address);
    await until('live', 'stage');
    expect(await publish(address).done).toContain('live from another place');
    await first.kill();
    await until('interrupted', 'stage');
    const second = publish(address);
    await until('live', 'stage');
    const third = publish(`${address}&takeover=1`);
    expect(await second.done).toContain('took the channel over');
    expect(await third.done).toBe('');
    await until('offline', 'stage');
    const recorded = await recordingsOf('stage');
    expect(recorded).toHaveLength(1);
    const [file = ''] = recorded;
    expect(await countDecodedFrames(file)).toBeGreaterThan(SECONDS * FPS);
    expectLipSync(file, SECONDS - 1);
  });

  it('is in one recording when the server is killed in mid-broadcast', async () => {
    const address = `${plain}/killed?key=${await newChannel('killed')}`;
    // For as long as it takes until the session is noted.
    const first = publish(address, ['-stream_loop', '-1', '-i', beeps]);
    await until('live', 'killed');
    await untilNoted(server.data);
    const elapsed = (await broadcastOf(server.now, 'killed'))?.elapsed ?? 0;
    await server.kill();
    expect(await first.done).not.toBe('');
    await server.restart();
    expect((await broadcastOf(server.now, 'killed'))?.state).toBe('interrupted');
    expect(await publish(address).done).toBe('');
    await until('offline', 'killed');
    const recorded = await recordingsOf('killed');
    expect(recorded).toHaveLength(1);
    const [file = ''] = recorded;
    const frames = await countDecodedFrames(file);
    expect(frames).toBe((await probePackets(file, 'video')).length);
    // What came in the last moments was not on the disk.
    expect(frames).toBeGreaterThan((elapsed / 1000 - 3 + SECONDS) * FPS);
    expectLipSync(file, SECONDS + 1);
  });
});
