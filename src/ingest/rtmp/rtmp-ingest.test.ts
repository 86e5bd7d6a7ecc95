import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { readFixture } from '../../../test/contract/fixtures.ts';
import { TestRtmpPublisher } from '../../../test/contract/test-rtmp-publisher.ts';
import { STREAM_KEY, TestServer, type TestServerOptions } from '../../../test/contract/test-server.ts';
import { eventually } from '../../../test/contract/test-socket.ts';
import { writeAudioConfiguration, writeAudioFrame } from '../../media/flv/audio-tag.ts';
import { FLV_TAG } from '../../media/flv/flv-tag.ts';
import { FlvWalker } from '../../media/flv/flv-walker.ts';
import { type SyntheticTag, tagsOf, writeFlv } from '../../media/flv/synthetic-flv.ts';
import { Mp4Demuxer } from '../../media/mp4/mp4-demuxer.ts';
import { ChunkStreamWriter } from '../../media/rtmp/chunk-stream-writer.ts';
import { HANDSHAKE_SIZE } from '../../media/rtmp/handshake.ts';
import { USER_CONTROL, writeUserControl } from '../../media/rtmp/message.ts';
import { bytes, milliseconds } from '../../media/time.ts';
import { CollectingSink } from '../../media/webm/collecting-sink.ts';

const FFMPEG_FIXTURES = join(import.meta.dirname, '../../../test/fixtures/ffmpeg');
const tags = tagsOf(readFixture('webm-h264-opus.webm'));
const half = tags.slice(0, tags.length / 2);

const running: TestServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server[Symbol.asyncDispose]();
});

async function start(options?: TestServerOptions): Promise<TestServer> {
  const server = await TestServer.start(options);
  running.push(server);
  return server;
}

const later = (list: readonly SyntheticTag[], by: number) =>
  list.map((tag) => ({ ...tag, timestamp: (tag.timestamp + by) % 2 ** 32 }));

/** A session's bytes, not what is noted of it. */
const isSession = (file: string) => /^[0-9a-f-]{36}$/.test(file);

/**
 * Until the disk has what is looked for. What is gathered goes out by the clock, which must not come to a timeout: it moves
 * on only when something waits for it, however long the disk takes.
 */
async function stored(
  server: TestServer,
  publisher: TestRtmpPublisher,
  isThere: () => boolean,
): Promise<void> {
  for (let times = 0; times < 7 && !isThere(); times++) {
    server.clock.advance(300);
    const { pending } = server.clock;
    await publisher.settled();
    await eventually(() => isThere() || server.clock.pending !== pending);
  }
  await eventually(isThere);
}

/** Every sample of a recording, in its order: its times and what it is. */
async function samplesOf(server: TestServer, recording = 0): Promise<string[][]> {
  await eventually(() => server.recordings.length > recording);
  await server.recordings[recording]?.closed;
  const sink = new CollectingSink();
  const path = server.recordingPath(String(server.recordings[recording]?.id));
  new Mp4Demuxer(sink).push(new Uint8Array(readFileSync(path)));
  return [0, 1].map((track) =>
    sink.samples(track).map(({ dts, pts, keyframe, data }) => {
      return `${dts} ${pts} ${keyframe} ${createHash('sha256').update(data).digest('hex')}`;
    }),
  );
}

async function publishAll(
  list: readonly SyntheticTag[],
  { chunkSize = 4096, ...options }: TestServerOptions & { chunkSize?: number } = {},
): Promise<string[][]> {
  const server = await start(options);
  const publisher = await TestRtmpPublisher.start(server);
  publisher.setChunkSize(chunkSize);
  publisher.send(...list);
  publisher.finish();
  await publisher.closed;
  return samplesOf(server);
}

/** Publishes what is given, and waits until it was read. */
async function publish(
  server: TestServer,
  list: readonly SyntheticTag[],
  streamName?: string,
): Promise<TestRtmpPublisher> {
  const publisher = await TestRtmpPublisher.start(server, streamName);
  publisher.setChunkSize(4096);
  publisher.send(...list);
  await publisher.settled();
  return publisher;
}

describe('a publisher', () => {
  it('may use the stream key alone, or with its channel', async () => {
    const server = await start();
    const first = await publish(server, half, STREAM_KEY);
    expect(server.channel('main').state).toBe('live');
    await publish(server, half, `other?key=${STREAM_KEY}`);
    expect(server.channel('other').state).toBe('live');
    expect(server.rtmp.connected).toBe(2);
    first.finish();
    await first.closed;
    expect(server.channel('main').state).toBe('offline');
    expect(first.statuses.map(({ code }) => code)).toEqual([
      'NetStream.Publish.Start',
      'NetStream.Unpublish.Success',
    ]);
  });

  it('is journaled as FLV, byte for byte as it came', async () => {
    const server = await start();
    const publisher = await publish(server, tags);
    await stored(server, publisher, () => {
      const [name] = readdirSync(server.journals).filter(isSession);
      if (name === undefined) return false;
      return readFileSync(join(server.journals, name)).equals(writeFlv(tags).subarray(0, -4));
    });
    publisher.cut();
  });

  it.each(['vp9', 'hevc', 'av1'])(
    'with %s and Opus as FFmpeg 8 sends them is recorded whole',
    async (codec) => {
      const file = readFileSync(join(FFMPEG_FIXTURES, `flv-${codec}-opus.flv`));
      const list: SyntheticTag[] = [];
      new FlvWalker((tag) => void list.push(tag), bytes(file.length)).push(file);
      const [video = [], audio = []] = await publishAll(list);
      expect([video.length, audio.length]).toEqual([30, 51]);
    },
  );

  it('makes the same recording with chunks of any size, a slow disk, and a clock that comes over its end', async () => {
    const expected = await publishAll(tags);
    expect(expected.map(({ length }) => length)).toEqual([
      expect.any(Number),
      tags.filter(({ type }) => type === FLV_TAG.audio).length - 1,
    ]);
    expect(expected[0]?.length).toBeGreaterThan(200);
    expect(await publishAll(tags, { chunkSize: 1 })).toEqual(expected);
    expect(await publishAll(tags, { chunkSize: 1_000_000 })).toEqual(expected);
    expect(await publishAll(tags, { publishLimits: { journalQueue: bytes(1000) } })).toEqual(expected);
    const media = tags.slice(1);
    const wrapping = await publishAll([...tags.slice(0, 1), ...later(media, 2 ** 32 - 3000)]);
    expect(wrapping).toEqual(expected);
  });

  it('may change its sound in mid-stream', async () => {
    const server = await start();
    const publisher = await publish(server, half);
    const at = half.at(-1)?.timestamp ?? 0;
    const channel = server.channel('main');
    const configuration = writeAudioConfiguration({
      ...{ kind: 'audio', codec: 'aac', codecString: '', timescale: 1000 as never },
      ...{ configuration: Uint8Array.of(0x12, 0x10), sampleRate: 44_100, channels: 2 },
    });
    publisher.send({ type: FLV_TAG.audio, timestamp: at, body: configuration });
    for (let packet = 0; packet < 20; packet++) {
      const body = writeAudioFrame('aac', Uint8Array.of(0x21, packet, 3));
      publisher.send({ type: FLV_TAG.audio, timestamp: at + packet * 23, body });
    }
    publisher.send(...later(half.slice(3), at + 460));
    await publisher.settled();
    expect(channel.broadcast?.epoch?.mime).toContain('mp4a.40.2');
    expect(channel.state).toBe('live');
  });

  it('that does not wait for answers loses nothing', async () => {
    const server = await start();
    const publisher = await TestRtmpPublisher.open(server);
    publisher.setChunkSize(4096);
    publisher.say('connect', 1, [{ app: 'live' }]);
    publisher.say('createStream', 2, [null]);
    publisher.say('publish', 3, [null, STREAM_KEY, 'live'], 1);
    publisher.send(...tags);
    publisher.finish();
    await publisher.closed;
    expect(await samplesOf(server)).toEqual(await publishAll(tags));
  });

  it('is held back, not refused, when it sends a backlog faster than it may', async () => {
    const noMediaTimeout = milliseconds(Number.MAX_SAFE_INTEGER);
    const server = await start({ publishLimits: { bitrate: 500_000, noMediaTimeout } });
    const publisher = await TestRtmpPublisher.start(server);
    publisher.setChunkSize(4096);
    publisher.send(...tags);
    publisher.finish();
    let isClosed = false;
    void publisher.closed.then(() => {
      isClosed = true;
    });
    await eventually(() => {
      server.clock.advance(100);
      return isClosed;
    });
    expect((await samplesOf(server))[0]?.length).toBeGreaterThan(200);
  });
});

describe('a refusal', () => {
  it('is given for a wrong key, and for none, without a word of it', async () => {
    const server = await start();
    for (const name of ['main?key=wrong', 'wrong', '', 'main']) {
      const publisher = await TestRtmpPublisher.ask(server, name);
      await publisher.closed;
      expect(publisher.statuses).toEqual([
        {
          level: 'error',
          code: 'NetStream.Publish.BadName',
          description: 'The stream key is missing or wrong.',
        },
      ]);
    }
    expect(server.refused).toEqual(['unauthorized', 'unauthorized', 'unauthorized', 'unauthorized']);
    expect(server.channel('main').publication).toBeUndefined();
  });

  it('is given while another publisher is there, unless it asks to take over', async () => {
    const server = await start();
    const first = await publish(server, half);
    const second = await TestRtmpPublisher.ask(server);
    await second.closed;
    expect(second.statuses[0]).toMatchObject({ level: 'error', code: 'NetStream.Publish.BadName' });
    expect(second.statuses[0]?.description).toContain('live from another place');
    const third = await publish(server, half, `main?key=${STREAM_KEY}&takeover=1`);
    await first.closed;
    expect(first.statuses.at(-1)).toMatchObject({ level: 'error', code: 'NetStream.Failed' });
    expect(first.statuses.at(-1)?.description).toContain('took the channel over');
    third.finish();
    await third.closed;
    const [video] = await samplesOf(server);
    expect(server.recordings).toHaveLength(1);
    expect(video?.length).toBeGreaterThan(half.length / 2);
    expect(server.refused).toEqual(['channel-busy']);
  });

  it('is given to an encoder that was taken over and comes back by itself, as long as the other one is there', async () => {
    const server = await start();
    const name = `main?key=${STREAM_KEY}&takeover=1`;
    const first = await publish(server, half, name);
    const second = await publish(server, half, name);
    await first.closed;
    for (let tries = 0; tries < 3; tries += 1) {
      const again = await TestRtmpPublisher.ask(server, name);
      await again.closed;
      expect(again.statuses[0]).toMatchObject({ level: 'error', code: 'NetStream.Publish.BadName' });
    }
    expect(second.statuses).toHaveLength(1);
    second.socket.destroy();
    await eventually(() => server.channel('main').state === 'interrupted');
    const back = await publish(server, half, name);
    expect(back.statuses[0]?.code).toBe('NetStream.Publish.Start');
    expect(server.recordings).toHaveLength(1);
  });

  it('is given to who plays, politely', async () => {
    const server = await start();
    const player = await TestRtmpPublisher.open(server);
    player.say('connect', 1, [{ app: 'live' }]);
    player.say('createStream', 2, [null]);
    player.say('play', 3, [null, 'main'], 1);
    await player.closed;
    expect(player.statuses[0]).toMatchObject({
      level: 'error',
      description: expect.stringContaining('watch'),
    });
  });

  it('is given for media that cannot be carried, whose broadcast waits for another publisher', async () => {
    const server = await start();
    const publisher = await publish(server, half);
    publisher.send({ type: FLV_TAG.audio, timestamp: 9000, body: Uint8Array.of(0x2f, 0, 0) });
    await publisher.closed;
    expect(publisher.statuses.at(-1)?.description).toContain('use AAC');
    expect(server.channel('main').state).toBe('interrupted');
    await publish(server, half);
    expect(server.channel('main').state).toBe('live');
    expect(server.errors).toEqual([]);
  });
});

describe('a connection', () => {
  it('that does not publish within ten seconds is closed', async () => {
    const server = await start();
    const silent = connect(server.rtmpPort, '127.0.0.1');
    const publisher = await TestRtmpPublisher.open(server);
    publisher.say('connect', 1, [{ app: 'live' }]);
    await publisher.answer(1);
    const closed = new Promise((settle) => silent.once('close', settle));
    server.clock.advance(10_000);
    await Promise.all([closed, publisher.closed]);
    expect(server.refused).toEqual(['no-media', 'no-media']);
  });

  it('that sends no media is closed, and its broadcast waits', async () => {
    const server = await start();
    const publisher = await publish(server, half);
    // What is not media is no sign of life.
    for (let second = 0; second < 15; second++) {
      server.clock.advance(1000);
      await publisher.settled();
    }
    server.clock.advance(1000);
    await publisher.closed;
    expect(publisher.statuses.at(-1)?.description).toContain('No media came');
    expect(server.channel('main').state).toBe('interrupted');
  });

  /** Connections from an address of this machine that say nothing. */
  const connectFrom = (server: TestServer, localAddress: string, count: number) =>
    Array.from({ length: count }, () => connect({ port: server.rtmpPort, host: '127.0.0.1', localAddress }));
  const connected = async (sockets: Socket[]) =>
    await Promise.all(sockets.map((socket) => new Promise((settle) => socket.once('connect', settle))));
  const isRefused = async (server: TestServer, localAddress: string) => {
    const [surplus] = connectFrom(server, localAddress, 1);
    await new Promise((settle) => surplus?.on('error', () => {}).once('close', settle));
  };

  it('beyond fifty from one address that have shown no key is closed at once, and keeps nobody else out', async () => {
    const server = await start();
    const sockets = connectFrom(server, '127.0.0.9', 50);
    await connected(sockets);
    await isRefused(server, '127.0.0.9');
    await publish(server, half);
    expect(server.rtmp.connected).toBe(1);
    for (const socket of sockets) socket.destroy();
  });

  it('from a network of IPv6 is counted with the others of it: an address more costs nobody there anything', async () => {
    const server = await start();
    const accept = (remoteAddress: string) => {
      const silent = new Duplex({ read: () => {}, write: () => {} });
      const socket = Object.assign(silent, { setNoDelay: () => silent, remoteAddress });
      server.rtmp.accept(socket as unknown as Socket);
      return silent;
    };
    const sockets = Array.from({ length: 50 }, (_, index) => accept(`2001:db8:1:2::${index.toString(16)}`));
    expect(accept('2001:db8:1:2:ffff::1').destroyed).toBe(true);
    sockets.push(accept('2001:db8:1:3::1'));
    expect(sockets.filter(({ destroyed }) => destroyed)).toEqual([]);
    for (const socket of sockets) socket.destroy();
  });

  it('beyond two hundred that have shown no key is closed at once', async () => {
    const server = await start();
    const publisher = await publish(server, half);
    const sockets = [2, 3, 4, 5].flatMap((last) => connectFrom(server, `127.0.0.${last}`, 50));
    await connected(sockets);
    await isRefused(server, '127.0.0.6');
    publisher.send(...later(half.slice(3), 5000));
    await publisher.settled();
    for (const socket of sockets) socket.destroy();
    await eventually(() => server.rtmp.connected === 1);
  });

  it('whose other side asks and never reads is cut', async () => {
    const server = await start();
    const deaf = new Duplex({ read: () => {}, write: () => {} });
    server.rtmp.accept(
      Object.assign(deaf, { setNoDelay: () => deaf, remoteAddress: '::1' }) as unknown as Socket,
    );
    deaf.emit('data', Buffer.alloc(1 + 2 * HANDSHAKE_SIZE, 3));
    const ping = writeUserControl({ event: USER_CONTROL.pingRequest, value: 1 });
    const writer = new ChunkStreamWriter();
    let pings = 0;
    for (; !deaf.destroyed && pings < 20_000; pings++)
      deaf.emit('data', Buffer.concat(writer.write(2, ping)));
    expect(pings).toBeGreaterThan(1000);
    expect(pings).toBeLessThan(20_000);
  });

  it('that is cut in mid-broadcast leaves it waiting for the grace, for any other publisher', async () => {
    const server = await start({ grace: 30_000 });
    const first = await publish(server, half);
    first.cut();
    await eventually(() => server.channel('main').state === 'interrupted');
    server.clock.advance(20_000);
    const second = await publish(server, half);
    expect(server.channel('main').state).toBe('live');
    second.cut();
    await eventually(() => server.channel('main').state === 'interrupted');
    server.clock.advance(30_000);
    expect(server.channel('main').state).toBe('offline');
    const [video] = await samplesOf(server);
    const frames = half.filter(({ type }) => type === FLV_TAG.video).length - 1;
    expect(video).toHaveLength(2 * frames);
    expect(server.recordings).toHaveLength(1);
  });

  it('that is cut at any byte, or damaged, harms nobody else', async () => {
    const server = await start();
    const other = await publish(server, half, `other?key=${STREAM_KEY}`);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(60_000),
        fc.array(fc.record({ at: fc.nat(60_000), value: fc.nat(255) }), { maxLength: 3 }),
        async (length, changes) => {
          run += 1;
          const publisher = await TestRtmpPublisher.start(server, `c${run}?key=${STREAM_KEY}`);
          const stream = Buffer.from(writeFlv(tags)).subarray(0, length);
          for (const { at, value } of changes) if (at < stream.length) stream[at] = value;
          publisher.socket.end(stream);
          await publisher.closed;
        },
      ),
      { numRuns: 20, seed: 23 },
    );
    other.send(...later(half.slice(3), 5000));
    await other.settled();
    expect(server.channel('other').state).toBe('live');
    expect(server.errors).toEqual([]);
  });
});

describe('a server', () => {
  it('that stops tells publishers so, and the next one goes on with their recording', async () => {
    const server = await start();
    const publisher = await publish(server, half);
    server.rtmp.close();
    await publisher.closed;
    expect(publisher.statuses.at(-1)?.description).toContain('Come back');
    await server.stop();
    const next = await start({ folder: server.leftByKill() });
    expect(next.channel('main').state).toBe('interrupted');
    (await publish(next, half)).finish();
    await eventually(() => next.channel('main').state === 'offline');
    const [video] = await samplesOf(next);
    expect(video).toHaveLength(2 * (half.filter(({ type }) => type === FLV_TAG.video).length - 1));
    expect(next.recordings).toHaveLength(1);
  });

  it.each([false, true])(
    'that is killed has lost nothing that was on disk (checkpoints: %s)',
    async (noted) => {
      const noMediaTimeout = milliseconds(Number.MAX_SAFE_INTEGER);
      const server = await start({ grace: 30_000, publishLimits: { noMediaTimeout } });
      const publisher = await publish(server, half);
      await eventually(() => readdirSync(server.journals).some(isSession));
      const [name = ''] = readdirSync(server.journals).filter(isSession);
      const path = join(server.journals, name);
      const isNoted = () =>
        existsSync(`${path}.json`) && JSON.parse(readFileSync(`${path}.json`, 'utf8')).checkpoint !== null;
      const expected = writeFlv(half).length - 4;
      const isStored = () => existsSync(`${path}.json`) && readFileSync(path).length === expected;
      await stored(server, publisher, isStored);
      // Only of what is on disk is anything noted, and that takes as long as it takes.
      while (isNoted() !== noted) {
        server.clock.advance(1000);
        await publisher.settled();
      }
      const next = await start({ folder: server.leftByKill(), grace: 30_000 });
      expect(next.channel('main').broadcast?.info.id).toBe(server.channel('main').broadcast?.info.id);
      expect(next.channel('main').state).toBe('interrupted');
      const back = await publish(next, half);
      expect(next.channel('main').state).toBe('live');
      back.finish();
      await back.closed;
      const [video] = await samplesOf(next);
      expect(video).toHaveLength(2 * (half.filter(({ type }) => type === FLV_TAG.video).length - 1));
      expect(next.recordings).toHaveLength(1);
    },
  );
});
