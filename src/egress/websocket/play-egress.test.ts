import { describe, expect, it } from 'vitest';
import { readFixture, readPieces } from '../../../test/contract/fixtures.ts';
import { TestPublisher } from '../../../test/contract/test-publisher.ts';
import { TestServer, type TestServerOptions } from '../../../test/contract/test-server.ts';
import { eventually, type Received, TestSocket } from '../../../test/contract/test-socket.ts';
import type { Channel } from '../../channel/channel.ts';
import type { Publication } from '../../channel/publication.ts';
import { syntheticChunk, syntheticEpoch } from '../../channel/synthetic-chunks.ts';
import { bytes, milliseconds } from '../../media/time.ts';
import { PLAY_PROTOCOL } from '../../wire/play.ts';

const watch = (server: TestServer) => TestSocket.open(server.playUrl('main'), PLAY_PROTOCOL);

/** What came, in order: types of texts, and the sizes of binary messages. */
const labels = (received: readonly Received[]) =>
  received
    .map((message) => (Buffer.isBuffer(message) ? message.length : message.type))
    .filter((label) => label !== 'viewers');

function goLive(channel: Channel): Publication {
  const publication = channel.publish({ title: 'Sunday' });
  publication.epoch(syntheticEpoch(publication.nextEpoch));
  return publication;
}

describe('a viewer', () => {
  it('that comes before the broadcaster waits, and is told everything in order', async () => {
    await using server = await TestServer.start();
    const viewer = await watch(server);
    await viewer.message('offline');
    const publication = goLive(server.channel('main'));
    publication.chunk(syntheticChunk(0, { size: 200 }));
    publication.chunk(syntheticChunk(1, { size: 300 }));
    publication.markLost();
    publication.markResumed();
    publication.chunk(syntheticChunk(2, { size: 70_000 }));
    publication.end();
    await viewer.message('ended');
    expect(labels(viewer.received)).toEqual([
      ...['offline', 'live', 'tracks', 1, 200, 300],
      ...['interrupted', 'resumed', 70_000, 'ended'],
    ]);
    expect(viewer.texts.find(({ type }) => type === 'live')).toEqual({
      type: 'live',
      broadcast: 'b1',
      startedAt: server.clock.wall(),
      title: 'Sunday',
    });
    expect(viewer.texts.find(({ type }) => type === 'interrupted')).toMatchObject({ grace: 30_000 });
  });

  it('that comes late starts at the newest keyframe', async () => {
    await using server = await TestServer.start();
    const publication = goLive(server.channel('main'));
    for (let frame = 0; frame < 65; frame += 1)
      publication.chunk(syntheticChunk(frame, { size: 100 + frame }));
    const viewer = await watch(server);
    await viewer.until(() => viewer.binaries.length === 6, 'the newest group');
    expect(labels(viewer.received)).toEqual(['live', 'tracks', 1, 160, 161, 162, 163, 164]);
  });

  it('is told what the tracks are, once for each epoch, with a discontinuity between them', async () => {
    await using server = await TestServer.start();
    const viewer = await watch(server);
    await viewer.message('offline');
    const first = await TestPublisher.start(server);
    first.send(...readPieces('webm-h264-opus.webm'));
    await first.settled();
    const second = await TestPublisher.start(server, { takeover: true });
    second.send(...readPieces('webm-vp9-opus.webm'));
    await second.end(readFixture('webm-vp9-opus.webm').length);
    await viewer.message('ended');
    expect(viewer.types.filter((type) => type !== 'resumed' && type !== 'interrupted')).toEqual([
      ...['offline', 'live', 'tracks', 'discontinuity', 'tracks', 'ended'],
    ]);
    expect(viewer.texts.filter(({ type }) => type === 'tracks')).toEqual([
      {
        type: 'tracks',
        epoch: 0,
        mime: 'video/mp4; codecs="avc1.42c01f,opus"',
        tracks: [
          { kind: 'video', codec: 'avc1.42c01f', width: 640, height: 360 },
          { kind: 'audio', codec: 'opus', sampleRate: 48000, channels: 1 },
        ],
      },
      expect.objectContaining({ type: 'tracks', epoch: 1, mime: expect.stringContaining('vp09') }),
    ]);
  });

  it('starts the next broadcast without a discontinuity', async () => {
    await using server = await TestServer.start();
    const viewer = await watch(server);
    await viewer.message('offline');
    for (const _ of [1, 2]) {
      const publication = goLive(server.channel('main'));
      publication.chunk(syntheticChunk(0));
      publication.end();
    }
    await viewer.until(() => viewer.types.filter((type) => type === 'ended').length === 2, 'two ends');
    expect(labels(viewer.received)).toEqual([
      ...['offline', 'live', 'tracks', 1, 100, 'ended'],
      ...['live', 'tracks', 1, 100, 'ended'],
    ]);
  });

  it('is told how many are watching, at most once a second', async () => {
    await using server = await TestServer.start();
    const first = await watch(server);
    const others = await Promise.all([watch(server), watch(server)]);
    await eventually(() => server.channel('main').viewers === 3);
    server.clock.advance(1000);
    await first.until(() => first.texts.some(({ count }) => count === 3), 'three viewers');
    for (const other of others) other.cut();
    await eventually(() => server.channel('main').viewers === 1);
    server.clock.advance(1000);
    await first.until(() => first.texts.at(-1)?.count === 1, 'one viewer');
    expect(server.egress.connected).toBe(1);
  });

  it('learns the wall clock of the server', async () => {
    await using server = await TestServer.start();
    const viewer = await watch(server);
    viewer.say({ type: 'ping', id: 3 });
    expect(await viewer.message('pong')).toEqual({ type: 'pong', id: 3, time: server.clock.wall() });
  });

  const hostile: [string, (string | Buffer)[]][] = [
    ['bytes', [Buffer.alloc(10)]],
    ['text that is not JSON', ['hello']],
    ['a message that is not for viewers', ['{"type":"end","length":0}']],
    ['a long text', [JSON.stringify({ type: 'ping', id: 1, more: 'x'.repeat(5000) })]],
    ['very many texts', Array.from({ length: 60 }, (_, id) => JSON.stringify({ type: 'ping', id }))],
  ];

  it.each(hostile)('that sends %s is let go', async (_, messages) => {
    await using server = await TestServer.start();
    const viewer = await watch(server);
    for (const message of messages) viewer.socket.send(message);
    expect(await viewer.closed).toEqual({ code: 4400, reason: 'bad-message' });
    expect(server.channel('main').viewers).toBe(0);
  });

  it('is let go when its channel is closed, and when the server stops', async () => {
    await using server = await TestServer.start();
    const viewer = await watch(server);
    await viewer.message('offline');
    server.hub.remove('main');
    expect(await viewer.closed).toEqual({ code: 1000, reason: 'channel-closed' });
    const next = await watch(server);
    await next.message('offline');
    server.egress.close();
    expect(await next.closed).toEqual({ code: 1001, reason: 'going-away' });
  });

  it('that does not answer pings for 20 s is gone', async () => {
    await using server = await TestServer.start();
    const viewer = await watch(server);
    await viewer.message('offline');
    viewer.socket.pause();
    server.clock.advance(20_000);
    await eventually(() => server.egress.connected === 0);
    viewer.cut();
  });

  it('leaves no reader and no timer behind', async () => {
    const server = await TestServer.start({ record: false });
    const before = server.clock.pending;
    const viewer = await watch(server);
    await viewer.message('offline');
    viewer.socket.close();
    await eventually(() => server.egress.connected === 0);
    expect(server.channel('main').viewers).toBe(0);
    server.clock.advance(2000);
    expect(server.clock.pending).toBe(before);
    await server[Symbol.asyncDispose]();
  });
});

describe('a viewer that stops reading', () => {
  const limits: TestServerOptions = {
    viewerLimits: {
      socketBuffer: bytes(256 * 1024),
      maxLag: bytes(512 * 1024),
      stallTimeout: milliseconds(20_000),
    },
    record: false,
  };
  const CHUNK = 50_000;

  /** Fills the kernel's buffers and the server's: frames of a group each, until the reader lags. */
  async function stall(server: TestServer) {
    const viewer = await watch(server);
    await viewer.message('offline');
    viewer.socket.pause();
    const publication = goLive(server.channel('main'));
    let frame = 0;
    const send = async (count: number) => {
      for (let sent = 0; sent < count; sent += 1) {
        publication.chunk(syntheticChunk(frame, { size: CHUNK, group: frame % 10 === 0 }));
        frame += 1;
        if (frame % 50 === 0) await new Promise((settle) => setImmediate(settle));
      }
    };
    return { viewer, publication, send };
  }

  it('costs no more than its bound, and skips to the newest keyframe when it reads on', async () => {
    await using server = await TestServer.start(limits);
    const { viewer, publication, send } = await stall(server);
    await send(600);
    viewer.socket.resume();
    await viewer.message('skipped');
    publication.end();
    await viewer.message('ended');
    expect(server.hub.skipped.chunks).toBeGreaterThan(100);
    const skipped = viewer.texts.filter(({ type }) => type === 'skipped');
    const missed = skipped.reduce((sum, { chunks }) => sum + Number(chunks), 0);
    expect(viewer.binaries.length - 1 + missed).toBe(600);
    const after = viewer.received.indexOf(skipped[0] ?? { type: '' });
    expect(
      viewer.received
        .slice(0, after)
        .every((message) => !Buffer.isBuffer(message) || message.length <= CHUNK),
    ).toBe(true);
  });

  it('does not make the server keep more for it than the bound', async () => {
    await using server = await TestServer.start(limits);
    const { viewer, send } = await stall(server);
    await send(600);
    const buffered = server.viewerConnections.map(({ writableLength }) => writableLength);
    expect(Math.max(...buffered)).toBeGreaterThan(0);
    expect(Math.max(...buffered)).toBeLessThan(256 * 1024 + 2 * CHUNK);
    viewer.cut();
  });

  it('is closed after 20 s in which it took nothing', async () => {
    await using server = await TestServer.start(limits);
    const { viewer, send } = await stall(server);
    await send(600);
    server.clock.advance(19_000);
    expect(server.egress.connected).toBe(1);
    server.clock.advance(2000);
    expect(server.egress.connected).toBe(0);
    viewer.socket.resume();
    expect(await viewer.closed).toEqual({ code: 4408, reason: 'timeout' });
  });

  it('does not hold up another one', async () => {
    await using server = await TestServer.start(limits);
    const { viewer, publication, send } = await stall(server);
    const other = await watch(server);
    await send(20);
    for (let round = 0; round < 58; round += 1) {
      await send(10);
      await other.until(() => other.binaries.length > 0, 'media');
    }
    publication.end();
    await other.message('ended');
    expect(other.types).not.toContain('interrupted');
    expect(other.binaries.length).toBeGreaterThan(viewer.binaries.length);
    viewer.cut();
  });
});

describe('merged writes', () => {
  it('gather the chunks of a window into one message, the same for every viewer', async () => {
    await using server = await TestServer.start({ mergeWindow: 200 });
    const viewers = await Promise.all([watch(server), watch(server)]);
    const publication = goLive(server.channel('main'));
    for (let frame = 0; frame < 6; frame += 1) publication.chunk(syntheticChunk(frame, { size: 100 }));
    server.clock.advance(200);
    for (let frame = 6; frame < 9; frame += 1) publication.chunk(syntheticChunk(frame, { size: 100 }));
    publication.markLost();
    server.clock.advance(200);
    for (const viewer of viewers) {
      await viewer.message('interrupted');
      expect(labels(viewer.received)).toEqual(['offline', 'live', 'tracks', 1, 600, 300, 'interrupted']);
    }
  });

  it('send a late viewer the newest group at once', async () => {
    await using server = await TestServer.start({ mergeWindow: 200 });
    const publication = goLive(server.channel('main'));
    for (let frame = 0; frame < 6; frame += 1) publication.chunk(syntheticChunk(frame, { size: 100 }));
    const viewer = await watch(server);
    await viewer.until(() => viewer.binaries.length === 2, 'the group');
    expect(labels(viewer.received)).toEqual(['live', 'tracks', 1, 600]);
  });
});
