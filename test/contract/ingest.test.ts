import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ContainerTags } from '../../src/media/flv/synthetic-flv.ts';
import { probePackets } from '../e2e/support/ffprobe.ts';
import { fixturePath, PLAYABLE_FIXTURES, readFixture, readPieces } from './fixtures.ts';
import { TestPublisher } from './test-publisher.ts';
import { TestRtmpPublisher } from './test-rtmp-publisher.ts';
import { STREAM_KEY, TestServer } from './test-server.ts';
import { eventually, TestSocket } from './test-socket.ts';

/** One publisher, as the contract sees it, whatever it speaks. */
interface IngestDriver {
  send(...pieces: readonly Uint8Array[]): void;
  /** Everything sent so far has reached the demuxer. */
  settled(): Promise<void>;
  /** Says that the stream is complete. */
  finish(): void;
  /** The same, until the broadcast is over. */
  end(): Promise<void>;
  /** The connection breaks. */
  cut(): void;
  readonly closed: Promise<unknown>;
}

/** One that is told by its close code why it is let go. */
interface SocketDriver extends IngestDriver {
  readonly closed: Promise<{ code: number; reason: string }>;
}

interface Ingest<Driver extends IngestDriver = IngestDriver> {
  readonly name: string;
  connect(server: TestServer, channel: string): Promise<Driver>;
}

const overProtocol: Ingest<SocketDriver> = {
  name: 'WebSocket, publish protocol',
  async connect(server, channel) {
    const publisher = await TestPublisher.start(server, { channel });
    let length = 0;
    return {
      send: (...pieces) => {
        for (const piece of pieces) length += piece.byteLength;
        publisher.send(...pieces);
      },
      settled: () => publisher.settled(),
      finish: () => publisher.socket.say({ type: 'end', length }),
      end: async () => void (await publisher.end(length)),
      cut: () => publisher.socket.cut(),
      closed: publisher.socket.closed,
    };
  },
};

const plain: Ingest<SocketDriver> = {
  name: 'WebSocket, plain bytes',
  async connect(server, channel) {
    const socket = await TestSocket.open(server.publishUrl(channel, STREAM_KEY));
    return {
      send: (...pieces) => {
        for (const piece of pieces) socket.socket.send(piece);
      },
      settled: () =>
        new Promise((settle) => {
          socket.socket.once('pong', () => settle());
          socket.socket.ping();
        }),
      finish: () => socket.socket.close(1000),
      end: async () => {
        socket.socket.close(1000);
        await socket.closed;
        await eventually(() => server.channel(channel).state === 'offline');
      },
      cut: () => socket.cut(),
      closed: socket.closed,
    };
  },
};

const rtmp: Ingest = {
  name: 'RTMP',
  async connect(server, channel) {
    const streamName = `${channel}?key=${STREAM_KEY}`;
    const publisher = await TestRtmpPublisher.start(server, streamName);
    publisher.setChunkSize(4096);
    const tags = new ContainerTags();
    return {
      send: (...pieces) => {
        for (const piece of pieces) publisher.send(...tags.push(piece));
      },
      settled: () => publisher.settled(),
      finish: () => publisher.finish(streamName),
      end: async () => {
        publisher.send(...tags.end());
        publisher.finish(streamName);
        await publisher.closed;
        await eventually(() => server.channel(channel).state === 'offline');
      },
      cut: () => publisher.cut(),
      closed: publisher.closed,
    };
  },
};

const mediaOf = async (path: string) =>
  (await Promise.all([probePackets(path, 'video'), probePackets(path, 'audio')])).map(
    (packets) => packets.length,
  );

const recorded = async (server: TestServer) => {
  await Promise.all(server.recordings.map(({ closed }) => closed));
  return server.recordings.map(({ id }) => server.recordingPath(String(id)));
};

describe.each<Ingest>([overProtocol, plain, rtmp])('$name', ({ connect }) => {
  it.each(PLAYABLE_FIXTURES)('brings every frame of %s to the channel', async (fixture) => {
    await using server = await TestServer.start();
    const publisher = await connect(server, 'main');
    publisher.send(...readPieces(fixture));
    await publisher.end();
    const [path = ''] = await recorded(server);
    expect(await mediaOf(path)).toEqual(await mediaOf(fixturePath(fixture)));
  });

  it('takes the bytes in any slicing', async () => {
    const bytes = readFixture('webm-h264-opus.webm');
    const expected = await mediaOf(fixturePath('webm-h264-opus.webm'));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 30 }),
        async (cuts) => {
          await using server = await TestServer.start();
          const publisher = await connect(server, 'main');
          const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
          publisher.send(...at.slice(1).map((end, index) => bytes.subarray(at[index], end)));
          await publisher.end();
          const [path = ''] = await recorded(server);
          expect(await mediaOf(path)).toEqual(expected);
        },
      ),
      { numRuns: 5 },
    );
  });

  it('goes live with the tracks and is offline after the end', async () => {
    await using server = await TestServer.start();
    const channel = server.channel('main');
    const publisher = await connect(server, 'main');
    expect(channel.state).toBe('offline');
    publisher.send(...readPieces('webm-vp9-opus.webm'));
    await publisher.settled();
    expect(channel.state).toBe('live');
    expect(channel.broadcast?.epoch?.mime).toMatch(/^video\/mp4; codecs="vp09\.[0-9.]+,opus"$/);
    await publisher.end();
    expect(channel.state).toBe('offline');
  });

  it('holds the broadcast for the grace when its connection breaks, then ends it', async () => {
    await using server = await TestServer.start({ grace: 30_000 });
    const channel = server.channel('main');
    const publisher = await connect(server, 'main');
    publisher.send(...readPieces('webm-h264-opus.webm').slice(0, 20));
    await publisher.settled();
    publisher.cut();
    await eventually(() => channel.state === 'interrupted');
    server.clock.advance(29_999);
    expect(channel.state).toBe('interrupted');
    server.clock.advance(1);
    expect(channel.state).toBe('offline');
    await recorded(server);
    expect(server.catalog.told.at(-1)).toBe('completed r1');
  });

  it('records every whole frame of a stream that broke off', async () => {
    await using server = await TestServer.start();
    const publisher = await connect(server, 'main');
    publisher.send(readFixture('webm-vp9-opus.webm').subarray(0, 200_000));
    await publisher.settled();
    publisher.cut();
    await eventually(() => server.channel('main').state === 'interrupted');
    server.clock.advance(30_000);
    const [path = ''] = await recorded(server);
    const whole = await probePackets(fixturePath('webm-vp9-opus.webm'), 'video');
    const frames = await probePackets(path, 'video');
    expect(frames.length).toBeGreaterThan(100);
    expect(frames.map(({ size }) => size)).toEqual(whole.slice(0, frames.length).map(({ size }) => size));
  });

  it('refuses a second publisher while the first is there', async () => {
    await using server = await TestServer.start();
    const first = await connect(server, 'main');
    first.send(...readPieces('webm-h264-opus.webm').slice(0, 5));
    await first.settled();
    const second = await TestSocket.open(server.publishUrl('main'));
    expect(await second.closed).toEqual({ code: 4409, reason: 'channel-busy' });
    expect(server.channel('main').state).toBe('live');
  });
});

describe.each([overProtocol, plain])('$name, as a byte stream', ({ connect }) => {
  it('refuses what is no container by name, without harm to another channel', async () => {
    await using server = await TestServer.start();
    const other = await connect(server, 'other');
    other.send(...readPieces('webm-h264-opus.webm').slice(0, 20));
    await other.settled();
    const publisher = await connect(server, 'main');
    publisher.send(Buffer.from('<!doctype html><title>not a video</title>'));
    expect(await publisher.closed).toEqual({ code: 4415, reason: 'container-unknown' });
    expect(server.channel('main').state).toBe('offline');
    expect(server.channel('other').state).toBe('live');
  });

  it('survives any damage to a stream: a named refusal, or a broadcast that ends', async () => {
    const mutation = fc.record({ at: fc.nat(), length: fc.integer({ min: 1, max: 64 }), seed: fc.nat(255) });
    await using server = await TestServer.start();
    const other = await connect(server, 'other');
    other.send(...readPieces('webm-h264-opus.webm').slice(0, 20));
    await other.settled();
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...PLAYABLE_FIXTURES),
        fc.array(mutation, { minLength: 1, maxLength: 5 }),
        async (fixture, mutations) => {
          const bytes = Buffer.from(readFixture(fixture));
          for (const { at, length, seed } of mutations) {
            const start = at % bytes.length;
            bytes.fill(seed, start, Math.min(start + length, bytes.length));
          }
          run += 1;
          const publisher = await connect(server, `c${run}`);
          publisher.send(bytes);
          publisher.finish();
          const { code, reason } = await publisher.closed;
          expect([1000, 4415]).toContain(code);
          expect(reason).not.toBe('internal');
        },
      ),
      { numRuns: 40 },
    );
    expect(server.channel('other').state).toBe('live');
    expect(server.errors).toEqual([]);
  });

  it('lets bad media end the publisher, and the broadcast wait for another one', async () => {
    await using server = await TestServer.start();
    const pieces = readPieces('webm-h264-opus.webm');
    const publisher = await connect(server, 'main');
    publisher.send(...pieces.slice(0, 20), Buffer.alloc(1000, 0xff));
    expect(await publisher.closed).toMatchObject({ code: 4415 });
    expect(server.channel('main').state).toBe('interrupted');
    const next = await connect(server, 'main');
    next.send(...pieces);
    await next.end();
    const paths = await recorded(server);
    expect(paths).toHaveLength(1);
    const [path = ''] = paths;
    const [video = 0] = await mediaOf(path);
    const [whole = 0] = await mediaOf(fixturePath('webm-h264-opus.webm'));
    expect(video).toBeGreaterThan(whole + 50);
    expect(server.errors).toEqual([]);
  });

  it('lets a publisher go that sends no media for 15 s', async () => {
    await using server = await TestServer.start();
    const publisher = await connect(server, 'main');
    await publisher.settled();
    server.clock.advance(15_000);
    expect(await publisher.closed).toEqual({ code: 4408, reason: 'no-media' });
  });
});
