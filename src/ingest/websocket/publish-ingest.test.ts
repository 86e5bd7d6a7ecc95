import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFixture, readPieces } from '../../../test/contract/fixtures.ts';
import { openFilesIn } from '../../../test/contract/open-files-in.ts';
import { refusalOf, TestPublisher } from '../../../test/contract/test-publisher.ts';
import { STREAM_KEY, TestServer } from '../../../test/contract/test-server.ts';
import { eventually, TestSocket } from '../../../test/contract/test-socket.ts';
import { childBoxes } from '../../media/mp4/box.ts';
import { PRFT_CAPTURED, readProducerReferenceTime } from '../../media/mp4/boxes/producer-reference-time.ts';
import { ByteReader } from '../../media/mp4/byte-reader.ts';
import { Mp4Demuxer } from '../../media/mp4/mp4-demuxer.ts';
import { bytes, milliseconds } from '../../media/time.ts';
import { CollectingSink } from '../../media/webm/collecting-sink.ts';
import { PUBLISH_PROTOCOL } from '../../wire/publish.ts';

const FIXTURE = 'webm-h264-opus.webm';
const whole = readFixture(FIXTURE);
const pieces = readPieces(FIXTURE);
const half = pieces.slice(0, 30);
const halfLength = half.reduce((sum, { byteLength }) => sum + byteLength, 0);

/** However far the clock is turned while something else is waited for. */
const PATIENT = { noMediaTimeout: milliseconds(Number.MAX_SAFE_INTEGER) };

async function recordingOf(server: TestServer, id: unknown): Promise<Buffer> {
  await Promise.all(server.recordings.map(({ closed }) => closed));
  return readFileSync(server.recordingPath(String(id)));
}

/** Every sample of a recording, whatever chunks they came in: how a stream is sliced decides where sound is cut. */
function samplesOf(recording: Buffer): string[][] {
  const sink = new CollectingSink();
  new Mp4Demuxer(sink).push(new Uint8Array(recording));
  return [0, 1].map((track) =>
    sink.samples(track).map(({ dts, pts, duration, keyframe, data }) => {
      return `${dts} ${pts} ${duration} ${keyframe} ${createHash('sha256').update(data).digest('hex')}`;
    }),
  );
}

/** The sessions that the server holds bytes of. */
const journalsOf = (server: TestServer): string[] =>
  readdirSync(server.journals).filter((name) => !name.includes('.json'));

async function publishUncut(): Promise<Buffer> {
  await using server = await TestServer.start();
  const publisher = await TestPublisher.start(server);
  publisher.send(...pieces);
  return recordingOf(server, await publisher.end(whole.length));
}

describe('a session', () => {
  it('that is cut anywhere, any number of times, makes the recording that it would have made', async () => {
    const expected = samplesOf(await publishUncut());
    expect(expected[0]?.length).toBeGreaterThan(200);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: whole.length - 1 }), { minLength: 1, maxLength: 6 }),
        async (cuts) => {
          await using server = await TestServer.start();
          const session = randomUUID();
          let id: unknown;
          for (const cut of [...cuts.sort((a, b) => a - b), whole.length]) {
            const publisher = await TestPublisher.start(server, { session });
            publisher.send(whole.subarray(publisher.offset, Math.max(cut, publisher.offset)));
            if (cut < whole.length) publisher.socket.cut();
            else id = await publisher.end(whole.length);
            await publisher.socket.closed;
          }
          expect(samplesOf(await recordingOf(server, id))).toEqual(expected);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('is told the offset that the server holds when it comes back', async () => {
    await using server = await TestServer.start();
    const first = await TestPublisher.start(server);
    expect(first.offset).toBe(0);
    first.send(...half);
    await first.settled();
    first.socket.cut();
    await eventually(() => server.channel('main').state === 'interrupted');
    const second = await TestPublisher.start(server, { session: first.session.toUpperCase() });
    expect(second.offset).toBe(halfLength);
    expect(server.channel('main').state).toBe('live');
  });

  it('is acknowledged as its journal grows, up to all of it', async () => {
    await using server = await TestServer.start({ publishLimits: PATIENT });
    const publisher = await TestPublisher.start(server);
    publisher.send(...half);
    await publisher.settled();
    expect(publisher.socket.types).not.toContain('ack');
    const journal = join(server.journals, publisher.session);
    await eventually(() => {
      server.clock.advance(10);
      return existsSync(journal) && readFileSync(journal).equals(whole.subarray(0, halfLength));
    });
    const acks = () =>
      publisher.socket.texts.filter(({ type }) => type === 'ack').map(({ offset }) => offset);
    await eventually(() => {
      server.clock.advance(10);
      return acks().at(-1) === halfLength;
    });
    expect(acks()).toEqual([...new Set(acks())].sort((a, b) => Number(a) - Number(b)));
  });

  it('goes on over a new connection while the old one hangs, and only there', async () => {
    await using server = await TestServer.start();
    const old = await TestPublisher.start(server);
    old.send(...half);
    await old.settled();
    const fresh = await TestPublisher.start(server, { session: old.session });
    expect(fresh.offset).toBe(halfLength);
    old.send(Buffer.alloc(5000, 0xff));
    expect(await old.socket.closed).toEqual({ code: 4410, reason: 'session-resumed' });
    fresh.send(whole.subarray(halfLength));
    const recording = await recordingOf(server, await fresh.end(whole.length));
    expect(recording.equals(await publishUncut())).toBe(true);
  });

  it('may be cut before its tracks are known', async () => {
    await using server = await TestServer.start();
    const first = await TestPublisher.start(server);
    first.send(whole.subarray(0, 20));
    await first.settled();
    first.socket.cut();
    await eventually(() => server.channel('main').publication === undefined);
    const second = await TestPublisher.start(server, { session: first.session });
    expect(second.offset).toBe(20);
    second.send(whole.subarray(20));
    expect(await second.end(whole.length)).toBe('r1');
  });

  it('that was cut before its tracks are known expires too', async () => {
    await using server = await TestServer.start({ grace: 30_000 });
    const publisher = await TestPublisher.start(server);
    publisher.socket.cut();
    await eventually(() => server.channel('main').publication === undefined);
    server.clock.advance(30_000);
    await eventually(() => readdirSync(server.journals).length === 0);
    const refusal = await refusalOf(server, { session: publisher.session });
    expect(refusal).toMatchObject({ code: 4416, reason: 'session-expired' });
  });

  it('that was away for longer than the grace is refused by name', async () => {
    await using server = await TestServer.start({ grace: 30_000 });
    const publisher = await TestPublisher.start(server);
    publisher.send(...half);
    await publisher.settled();
    publisher.socket.cut();
    await eventually(() => server.channel('main').state === 'interrupted');
    server.clock.advance(30_000);
    const refused = { code: 4416, reason: 'session-expired' };
    await eventually(() => server.catalog.told.includes('completed r1'));
    expect(await refusalOf(server, { session: publisher.session })).toMatchObject({
      ...refused,
      error: { type: 'error', code: 'session-expired' },
    });
    expect(server.channel('main').publication).toBeUndefined();
  });

  it('that the server holds less of than its publisher still has is refused, and the channel stays free', async () => {
    await using server = await TestServer.start();
    const forgotten = { code: 4416, reason: 'session-over' };
    expect(await refusalOf(server, { from: 1 })).toMatchObject(forgotten);
    expect(server.channel('main').publication).toBeUndefined();
    const first = await TestPublisher.start(server, { from: 0 });
    first.send(...half);
    await first.settled();
    first.socket.cut();
    expect(await refusalOf(server, { session: first.session, from: halfLength + 1 })).toMatchObject(
      forgotten,
    );
    const second = await TestPublisher.start(server, { session: first.session, from: halfLength });
    expect(second.offset).toBe(halfLength);
  });

  it('is ended when its broadcast is as long as its channel allows, and is told of it before', async () => {
    await using server = await TestServer.start();
    const channel = server.channel('main');
    channel.configure({ reconnectGrace: milliseconds(30_000), maxDuration: milliseconds(5000) });
    const publisher = await TestPublisher.start(server);
    publisher.send(...half);
    await publisher.settled();
    server.clock.advance(2000);
    expect(await publisher.socket.message('status')).toMatchObject({ remaining: 3000 });
    server.clock.advance(3000);
    expect(await publisher.socket.closed).toEqual({ code: 4413, reason: 'max-duration' });
    expect(publisher.socket.texts.find(({ type }) => type === 'error')).toMatchObject({
      code: 'max-duration',
      recording: 'r1',
    });
    await eventually(() => server.catalog.told.includes('completed r1'));
    expect(await refusalOf(server, { session: publisher.session })).toMatchObject({ code: 4413 });
  });

  it.each([
    ['Anna', 'Anna'],
    ['../../x', 'x'],
    ['a\u0000', 'a'],
    ['ä'.repeat(300), 'ä'.repeat(80)],
    ['．．／', 'noname'],
  ])('that asks for recordings named %j gets %j', async (namePrefix, made) => {
    await using server = await TestServer.start();
    const publisher = await TestPublisher.start(server, { namePrefix });
    publisher.send(...half);
    await publisher.settled();
    expect(server.channel('main').broadcast?.info.namePrefix).toBe(made);
  });

  it('belongs to its channel', async () => {
    await using server = await TestServer.start();
    const publisher = await TestPublisher.start(server);
    const refusal = await refusalOf(server, { channel: 'other', session: publisher.session });
    expect(refusal).toMatchObject({ code: 4416, reason: 'session-elsewhere' });
    expect(server.channel('other').publication).toBeUndefined();
  });

  it('sends out its last frame when it stays away', async () => {
    await using server = await TestServer.start();
    const publisher = await TestPublisher.start(server);
    publisher.send(...half);
    await publisher.settled();
    const channel = server.channel('main');
    const totalBytes = () => channel.broadcast?.buffer.totalBytes ?? 0;
    const before = totalBytes();
    publisher.socket.cut();
    await eventually(() => channel.state === 'interrupted');
    server.clock.advance(1000);
    expect(totalBytes()).toBeGreaterThan(before);
  });

  it('leaves no journal and no timer behind once its recording is complete', async () => {
    const server = await TestServer.start();
    const publisher = await TestPublisher.start(server);
    publisher.send(...pieces);
    await publisher.end(whole.length);
    await publisher.socket.closed;
    expect(journalsOf(server)).toEqual([]);
    expect(server.catalog.told).toEqual(['created r1', 'completed r1']);
    await server[Symbol.asyncDispose]();
    expect(server.clock.pending).toBe(0);
  });
});

describe('the end', () => {
  it('with another length than what came is refused, and can be said again', async () => {
    await using server = await TestServer.start();
    const first = await TestPublisher.start(server);
    first.send(...pieces);
    first.socket.say({ type: 'end', length: whole.length + 1 });
    expect(await first.socket.closed).toEqual({ code: 4416, reason: 'bad-length' });
    const second = await TestPublisher.start(server, { session: first.session });
    expect(second.offset).toBe(whole.length);
    expect(await second.end(whole.length)).toBe('r1');
  });

  it('is answered again to a publisher that missed the answer', async () => {
    await using server = await TestServer.start();
    const first = await TestPublisher.start(server);
    first.send(...pieces);
    await first.end(whole.length);
    const second = await TestPublisher.start(server, { session: first.session });
    expect(second.offset).toBe(whole.length);
    expect(await second.end(whole.length)).toBe('r1');
    expect(await second.socket.closed).toEqual({ code: 1000, reason: 'ended' });
    expect(server.catalog.told).toEqual(['created r1', 'completed r1']);
  });

  it('acknowledges everything before it confirms', async () => {
    await using server = await TestServer.start();
    const publisher = await TestPublisher.start(server);
    publisher.send(...pieces);
    await publisher.end(whole.length);
    expect(publisher.socket.texts.slice(-2)).toEqual([
      { type: 'ack', offset: whole.length },
      { type: 'ended', recording: 'r1' },
    ]);
  });

  it('says that there is no recording where none is made', async () => {
    await using server = await TestServer.start({ record: false });
    const publisher = await TestPublisher.start(server);
    publisher.send(...pieces);
    expect(await publisher.end(whole.length)).toBeNull();
    expect(journalsOf(server)).toEqual([]);
  });

  it('in the middle of an element ends the broadcast and says what was missing', async () => {
    await using server = await TestServer.start();
    const publisher = await TestPublisher.start(server);
    publisher.send(whole.subarray(0, 200_000));
    publisher.socket.say({ type: 'end', length: 200_000 });
    expect(await publisher.socket.closed).toEqual({ code: 4415, reason: 'container-truncated' });
    expect(server.channel('main').state).toBe('offline');
    await recordingOf(server, 'r1');
    expect(server.catalog.told.at(-1)).toBe('completed r1');
  });

  it('lets nothing follow', async () => {
    await using server = await TestServer.start();
    const publisher = await TestPublisher.start(server);
    publisher.send(...pieces);
    publisher.socket.say({ type: 'end', length: whole.length });
    publisher.send(Buffer.alloc(10));
    expect(await publisher.socket.closed).toEqual({ code: 4400, reason: 'bad-message' });
    await recordingOf(server, 'r1');
    expect(server.catalog.told.at(-1)).toBe('completed r1');
  });
});

describe('a second publisher', () => {
  it('is told since when the channel is taken', async () => {
    await using server = await TestServer.start();
    const since = server.clock.wall();
    const first = await TestPublisher.start(server);
    server.clock.advance(5000);
    expect(await refusalOf(server)).toMatchObject({
      code: 4409,
      reason: 'channel-busy',
      error: { code: 'channel-busy', since },
    });
    await first.settled();
  });

  it('takes nothing over with a codec that is not taken, where it says so', async () => {
    await using server = await TestServer.start({
      refusalOf: (codec) => (codec === 'vp8' ? 'Not that one.' : undefined),
    });
    const first = await TestPublisher.start(server);
    first.send(...half);
    await first.settled();
    const refusal = await refusalOf(server, { takeover: true, mimeType: 'video/webm;codecs=vp8,opus' });
    expect(refusal).toMatchObject({
      ...{ code: 4415, reason: 'codec-unsupported' },
      error: { code: 'codec-unsupported', message: 'Not that one.' },
    });
    first.send(...pieces.slice(half.length));
    expect(await first.end(whole.length)).toBe('r1');
  });

  it('may take over: the broadcast goes on, and the first may not come back', async () => {
    await using server = await TestServer.start();
    const first = await TestPublisher.start(server);
    first.send(...half);
    await first.settled();
    const second = await TestPublisher.start(server, { takeover: true });
    expect(await first.socket.closed).toEqual({ code: 4410, reason: 'taken-over' });
    second.send(...pieces);
    await second.settled();
    const channel = server.channel('main');
    expect(channel.broadcast?.info.id).toBe('b1');
    expect(channel.broadcast?.epoch?.index).toBe(1);
    const refusal = await refusalOf(server, { session: first.session });
    expect(refusal).toMatchObject({ code: 4410, reason: 'taken-over' });
    expect(await second.end(whole.length)).toBe('r1');
    // The first one may have more than it sent: both are kept for it.
    expect(journalsOf(server)).toHaveLength(2);
  });

  it('takes over any number of times, and only one journal is open', async () => {
    await using server = await TestServer.start();
    for (let count = 0; count < 5; count += 1) {
      const publisher = await TestPublisher.start(server, { takeover: true });
      publisher.send(...half);
      await publisher.settled();
    }
    // Each is opened and closed in its own time.
    await eventually(() => journalsOf(server).length === 5 && openFilesIn(server.journals).length === 1);
  });

  it('takes a channel whose publisher is lost without asking', async () => {
    await using server = await TestServer.start();
    const first = await TestPublisher.start(server);
    first.send(...half);
    await first.settled();
    first.socket.cut();
    await eventually(() => server.channel('main').state === 'interrupted');
    const second = await TestPublisher.start(server);
    second.send(...pieces);
    expect(await second.end(whole.length)).toBe('r1');
    expect(await refusalOf(server, { session: first.session })).toMatchObject({ reason: 'taken-over' });
  });
});

describe('the stream key', () => {
  it('may come in the first message', async () => {
    await using server = await TestServer.start();
    const socket = await TestSocket.open(server.publishUrl('main', ''), PUBLISH_PROTOCOL);
    socket.say({ type: 'start', session: randomUUID(), mimeType: 'video/webm', key: STREAM_KEY });
    expect(await socket.message('ready')).toEqual({ type: 'ready', offset: 0 });
  });

  it.each([['wrong'], [STREAM_KEY.slice(1)], ['']])('is refused when it is "%s"', async (key) => {
    await using server = await TestServer.start();
    expect(await refusalOf(server, { key })).toMatchObject({ code: 4401, reason: 'unauthorized' });
    expect(server.channel('main').publication).toBeUndefined();
  });

  it('is needed before the first byte of a plain publisher', async () => {
    await using server = await TestServer.start();
    const socket = await TestSocket.open(server.publishUrl('main', 'wrong'));
    expect(await socket.closed).toEqual({ code: 4401, reason: 'unauthorized' });
  });
});

describe('a publisher', () => {
  const start = { type: 'start', session: randomUUID(), mimeType: 'video/webm' };
  const hostile: [string, (string | Buffer)[]][] = [
    ['bytes before a start', [Buffer.from(whole.subarray(0, 100))]],
    ['an end before a start', [JSON.stringify({ type: 'end', length: 0 })]],
    ['text that is not JSON', ['{"type":"start"']],
    ['JSON that is no message', ['[]']],
    ['null', ['null']],
    ['an unknown type', ['{"type":"constructor"}']],
    ['a session that is no UUID', [JSON.stringify({ ...start, session: '../../etc/passwd' })]],
    ['a number of the wrong kind', [JSON.stringify(start), '{"type":"end","length":-1}']],
    ['two starts', [JSON.stringify(start), JSON.stringify(start)]],
    ['a long text', [JSON.stringify({ ...start, mimeType: 'x'.repeat(5000) })]],
    ['very many texts', Array.from({ length: 60 }, (_, id) => JSON.stringify({ type: 'ping', id }))],
  ];

  it.each(hostile)('that sends %s is refused', async (_, messages) => {
    await using server = await TestServer.start();
    const socket = await TestSocket.open(server.publishUrl('main'), PUBLISH_PROTOCOL);
    for (const message of messages) socket.socket.send(message);
    expect(await socket.closed).toEqual({ code: 4400, reason: 'bad-message' });
    expect(server.errors).toEqual([]);
  });

  it('that sends text without a subprotocol is refused', async () => {
    await using server = await TestServer.start();
    const socket = await TestSocket.open(server.publishUrl('main'));
    socket.say(start);
    expect(await socket.closed).toEqual({ code: 4400, reason: 'bad-message' });
  });

  it('learns the wall clock of the server', async () => {
    await using server = await TestServer.start();
    const publisher = await TestPublisher.start(server);
    server.clock.jump(123);
    publisher.socket.say({ type: 'ping', id: 7 });
    expect(await publisher.socket.message('pong')).toEqual({
      type: 'pong',
      id: 7,
      time: server.clock.wall(),
    });
  });

  it('is told about every two seconds how it goes', async () => {
    await using server = await TestServer.start();
    const publisher = await TestPublisher.start(server);
    publisher.send(...half);
    await publisher.settled();
    server.clock.advance(2000);
    expect(await publisher.socket.message('status')).toEqual({
      type: 'status',
      viewers: 0,
      recording: 'recording',
      bitrate: (halfLength * 8) / 2,
      // Of media: a clock that jumps does not show.
      elapsed: Math.round(server.channel('main').broadcast?.position ?? 0),
    });
  });

  it('that told its capture times has them in the stream', async () => {
    await using server = await TestServer.start();
    const publisher = await TestPublisher.start(server);
    const wall = server.clock.wall() - 250;
    publisher.socket.say({ type: 'clock', media: 0, wall });
    publisher.send(...half);
    await publisher.settled();
    const first = server.channel('main').broadcast?.buffer.group(0)?.items[0]?.chunk;
    expect(first?.wallClock).toBeGreaterThanOrEqual(wall);
    expect(first?.wallClock).toBeLessThan(wall + 100);
    const [prft] = childBoxes(new ByteReader(first?.bytes ?? new Uint8Array(), 'chunk'));
    const reference = prft && readProducerReferenceTime(prft);
    expect(reference?.wallClock).toBeCloseTo(first?.wallClock ?? 0, 0);
    expect(reference?.flags).toBe(PRFT_CAPTURED);
  });

  it('that does not answer pings for 20 s is lost', async () => {
    await using server = await TestServer.start({ publishLimits: { noMediaTimeout: milliseconds(60_000) } });
    const publisher = await TestPublisher.start(server);
    publisher.send(...half);
    await publisher.settled();
    publisher.socket.socket.pause();
    server.clock.advance(19_000);
    expect(server.channel('main').state).toBe('live');
    server.clock.advance(1000);
    await eventually(() => server.channel('main').state === 'interrupted');
    publisher.socket.cut();
  });

  it('that only goes on talking is let go after 15 s without media', async () => {
    await using server = await TestServer.start();
    const publisher = await TestPublisher.start(server);
    publisher.send(...half);
    for (let second = 0; second < 14; second += 1) {
      await publisher.settled();
      server.clock.advance(1000);
    }
    expect(server.channel('main').state).toBe('live');
    server.clock.advance(2000);
    expect(await publisher.socket.closed).toEqual({ code: 4408, reason: 'no-media' });
    expect(server.channel('main').state).toBe('interrupted');
  });

  it('with too many bits a second is refused', async () => {
    await using server = await TestServer.start({ publishLimits: { ...PATIENT, bitrate: 20_000 } });
    const publisher = await TestPublisher.start(server);
    publisher.send(...pieces);
    await eventually(() => {
      server.clock.advance(1);
      return publisher.socket.types.includes('error');
    });
    expect(await publisher.socket.closed).toEqual({ code: 4429, reason: 'bitrate-exceeded' });
    expect(server.channel('main').state).toBe('interrupted');
  });

  it('is held back, not refused, while the disk is behind', async () => {
    await using server = await TestServer.start({ publishLimits: { journalQueue: bytes(0) } });
    const publisher = await TestPublisher.start(server);
    publisher.send(...pieces);
    const recording = await recordingOf(server, await publisher.end(whole.length));
    expect(recording.equals(await publishUncut())).toBe(true);
  });

  it('is told when its stream cannot be stored', async () => {
    await using server = await TestServer.start();
    rmSync(server.journals, { recursive: true });
    const publisher = await TestPublisher.start(server);
    expect(await publisher.socket.closed).toEqual({ code: 4507, reason: 'storage-failed' });
    const refusal = await refusalOf(server, { session: publisher.session });
    expect(refusal).toMatchObject({ code: 4416, reason: 'session-over' });
  });

  it('is let go when its channel is closed', async () => {
    await using server = await TestServer.start();
    const publisher = await TestPublisher.start(server);
    publisher.send(...half);
    await publisher.settled();
    server.hub.remove('main');
    expect(await publisher.socket.closed).toEqual({ code: 1000, reason: 'channel-closed' });
  });

  it('is asked to come back when the server stops, which leaves its recording to the next one', async () => {
    const server = await TestServer.start();
    const publisher = await TestPublisher.start(server);
    publisher.send(...half);
    await publisher.settled();
    server.ingest.close();
    expect(await publisher.socket.closed).toEqual({ code: 1001, reason: 'going-away' });
    await server[Symbol.asyncDispose]();
    expect(server.catalog.told).toEqual(['created r1', 'progressed r1']);
  });
});
