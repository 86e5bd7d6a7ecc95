import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { readFixture } from '../../../test/contract/fixtures.ts';
import { openFilesIn } from '../../../test/contract/open-files-in.ts';
import {
  refusalOf,
  TestPublisher,
  type TestPublisherOptions,
} from '../../../test/contract/test-publisher.ts';
import { TestServer, type TestServerOptions } from '../../../test/contract/test-server.ts';
import { eventually } from '../../../test/contract/test-socket.ts';
import { ManualClock } from '../../channel/manual-clock.ts';
import { SyncBatch } from '../../disk/sync-batch.ts';
import { Mp4Demuxer } from '../../media/mp4/mp4-demuxer.ts';
import { milliseconds } from '../../media/time.ts';
import { CollectingSink } from '../../media/webm/collecting-sink.ts';
import { WebmDemuxer } from '../../media/webm/webm-demuxer.ts';
import { CLOSE } from '../../wire/close-codes.ts';

const FIXTURES = ['webm-h264-opus.webm', 'webm-av1-opus.webm', 'webm-vp8-opus.webm', 'mp4-avc1-opus.mp4'];
const whole = readFixture('webm-h264-opus.webm');
/** However long the disk takes. */
const PATIENT = { noMediaTimeout: milliseconds(Number.MAX_SAFE_INTEGER) };

const running: TestServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server[Symbol.asyncDispose]();
});

async function start(options?: TestServerOptions): Promise<TestServer> {
  const server = await TestServer.start({ publishLimits: PATIENT, ...options });
  running.push(server);
  return server;
}

/** Another server in the place of this one, which was killed: it gets a copy of what is on disk at this moment. */
const startAfterKillOf = (server: TestServer, options?: TestServerOptions): Promise<TestServer> =>
  start({ ...options, folder: server.leftByKill() });

async function publish(
  server: TestServer,
  bytes: Buffer,
  options?: TestPublisherOptions,
): Promise<TestPublisher> {
  const publisher = await TestPublisher.start(server, options);
  for (let at = publisher.offset; at < bytes.length; at += 4000)
    publisher.send(bytes.subarray(at, at + 4000));
  await publisher.settled();
  return publisher;
}

/** Until all that came is on disk and acknowledged, and how far it was made is noted. */
async function noted(server: TestServer, publisher: TestPublisher, length: number): Promise<void> {
  await stored(server, publisher, length);
  while (recordOf(server, publisher.session).checkpoint === null) {
    server.clock.advance(1000);
    await publisher.settled();
  }
}

/** Until that much is on disk, and acknowledged. The disk answers in its own time, which is none of the server's. */
async function stored(server: TestServer, publisher: TestPublisher, length: number): Promise<void> {
  while (publisher.socket.texts.findLast(({ type }) => type === 'ack')?.offset !== length) {
    server.clock.advance(100);
    await publisher.settled();
  }
}

/** What is kept of a session; nothing before that is written first. */
function recordOf(server: TestServer, session: string) {
  const path = join(server.journals, `${session}.json`);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { checkpoint: null };
}

/** Every sample of a recording, whatever chunks they came in. */
async function samplesOf(server: TestServer, id: unknown): Promise<string[][]> {
  await eventually(() => server.catalog.told.includes(`completed ${id}`));
  const sink = new CollectingSink();
  new Mp4Demuxer(sink).push(new Uint8Array(readFileSync(server.recordingPath(String(id)))));
  return [0, 1].map((track) =>
    sink.samples(track).map(({ dts, pts, duration, keyframe, data }) => {
      return `${dts} ${pts} ${duration} ${keyframe} ${createHash('sha256').update(data).digest('hex')}`;
    }),
  );
}

async function uncut(bytes: Buffer): Promise<string[][]> {
  const server = await start();
  return samplesOf(server, await (await publish(server, bytes)).end(bytes.length));
}

describe('a server that is killed', () => {
  it.each(FIXTURES)(
    'any number of times, at any moment, makes the recording of %s that it would have made',
    async (name) => {
      const bytes = readFixture(name);
      const expected = await uncut(bytes);
      expect(expected[0]?.length).toBeGreaterThan(200);
      const kill = fc.record({ at: fc.integer({ min: 0, max: bytes.length - 1 }), notes: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(fc.array(kill, { minLength: 1, maxLength: 4 }), async (kills) => {
          const session = randomUUID();
          let server = await start();
          for (const { at, notes } of kills.sort((a, b) => a.at - b.at)) {
            const publisher = await publish(server, bytes.subarray(0, at), { session });
            for (let second = 0; notes && second < 7; second += 1) {
              server.clock.advance(1000);
              // The disk answers in its own time: how far it came is noted of what is stored.
              await publisher.settled();
            }
            server = await startAfterKillOf(server);
          }
          const last = await publish(server, bytes, { session });
          const id = await last.end(bytes.length);
          expect(await samplesOf(server, id)).toEqual(expected);
          expect(server.recordings).toHaveLength(1);
          for (const one of running.splice(0)) await one[Symbol.asyncDispose]();
        }),
        { numRuns: 8 },
      );
    },
  );

  it('holds all that it acknowledged', async () => {
    const server = await start();
    const publisher = await publish(server, whole.subarray(0, 200_000));
    await noted(server, publisher, 200_000);
    const next = await startAfterKillOf(server);
    const back = await TestPublisher.start(next, { session: publisher.session });
    expect(back.offset).toBe(200_000);
  });

  it('keeps the broadcast open for the grace: it is the same one, and its viewers wait', async () => {
    const server = await start();
    const publisher = await publish(server, whole.subarray(0, 200_000));
    await noted(server, publisher, 200_000);
    const before = server.channel('main').broadcast;
    const next = await startAfterKillOf(server, { grace: 30_000 });
    const after = next.channel('main').broadcast;
    expect(after?.info).toEqual(before?.info);
    expect(after?.state).toBe('interrupted');
    expect(after?.position).toBe(before?.position);
    next.clock.advance(29_000);
    expect(after?.state).toBe('interrupted');
    next.clock.advance(1000);
    await eventually(() => next.catalog.told.includes(`completed ${publisher.session && 'r1'}`));
    expect(after?.state).toBe('ended');
  });

  it('goes on with the newest of two publishers, in the same recording', async () => {
    const server = await start();
    const first = await publish(server, whole.subarray(0, 200_000));
    await noted(server, first, 200_000);
    const second = await publish(server, whole.subarray(0, 150_000), { takeover: true });
    await stored(server, second, 150_000);
    const next = await startAfterKillOf(server);
    const back = await publish(next, whole, { session: second.session });
    expect(back.offset).toBeGreaterThan(0);
    expect(next.channel('main').broadcast?.info.id).toBe(server.channel('main').broadcast?.info.id);
    const id = await back.end(whole.length);
    const [video] = await samplesOf(next, id);
    const alone = (await uncut(whole))[0]?.length ?? 0;
    expect(video?.length).toBeGreaterThan(alone * 1.4);
    expect(next.recordings).toHaveLength(1);
  });

  /** Frames and packets of a stream. */
  function mediaIn(bytes: Buffer): number[] {
    const sink = new CollectingSink();
    new WebmDemuxer(sink).push(new Uint8Array(bytes));
    return [sink.samples(0).length, sink.samples(1).length];
  }

  it.each([
    ['in the same process', false],
    ['before the second one was noted', true],
  ])('has all of two publishers, of which one took over, %s', async (_, isKilled) => {
    let server = await start();
    const first = await publish(server, whole.subarray(0, 200_000));
    await stored(server, first, 200_000);
    const second = await publish(server, whole.subarray(0, 150_000), { takeover: true });
    await stored(server, second, 150_000);
    if (isKilled) server = await startAfterKillOf(server);
    const back = await publish(server, whole, { session: second.session });
    const made = await samplesOf(server, await back.end(whole.length));
    const sent = [mediaIn(whole.subarray(0, 200_000)), mediaIn(whole)];
    expect(made.map(({ length }) => length)).toEqual(
      [0, 1].map((track) => (sent[0]?.[track] ?? 0) + (sent[1]?.[track] ?? 0)),
    );
  });

  it('goes on with the newest publisher also where the clock was set back meanwhile', async () => {
    const server = await start();
    const first = await publish(server, whole.subarray(0, 200_000));
    await noted(server, first, 200_000);
    server.clock.jump(-60 * 60_000);
    const second = await publish(server, whole.subarray(0, 150_000), { takeover: true });
    await stored(server, second, 150_000);
    const next = await startAfterKillOf(server);
    const back = await publish(next, whole, { session: second.session });
    expect(back.offset).toBe(150_000);
    expect(await back.end(whole.length)).toBe('r1');
  });

  it('goes on with the newest broadcast of a channel, where the end of an older one could not be noted', async () => {
    const server = await start();
    const first = await publish(server, whole);
    await noted(server, first, whole.length);
    const record = readFileSync(join(server.journals, `${first.session}.json`));
    await first.end(whole.length);
    const second = await publish(server, whole.subarray(0, 200_000));
    await noted(server, second, 200_000);
    const folder = server.leftByKill();
    writeFileSync(join(folder, 'journal', `${first.session}.json`), record);
    writeFileSync(join(folder, 'journal', first.session), whole);
    const next = await start({ folder });
    expect(next.channel('main').broadcast?.info.id).toBe('b2');
    expect(recordOf(next, first.session)).toMatchObject({ status: 'unfinished', remake: true });
    const back = await publish(next, whole, { session: second.session });
    const expected = await uncut(whole);
    expect(await samplesOf(next, await back.end(whole.length))).toEqual(expected);
  });

  it('has the recording made anew in the end where it was damaged before', async () => {
    const server = await start();
    const publisher = await publish(server, whole.subarray(0, 200_000));
    server.recordings[0]?.damage('the disk was too slow');
    await noted(server, publisher, 200_000);
    const next = await startAfterKillOf(server);
    const back = await publish(next, whole, { session: publisher.session });
    await back.end(whole.length);
    await eventually(() => next.archive.remade.length === 1);
  });

  it('has the recording made anew where its broadcast is over before all of it was read again', async () => {
    const long = Buffer.concat([whole, whole, whole, whole, whole]);
    const server = await start();
    const publisher = await publish(server, long);
    await stored(server, publisher, long.length);
    const clock = new ManualClock();
    let isOn = false;
    const starting = startAfterKillOf(server, { clock, maxDuration: 1 }).finally(() => {
      isOn = true;
    });
    await eventually(() => {
      clock.advance(1);
      return isOn;
    });
    const next = await starting;
    await eventually(() => next.archive.remade.length === 1);
  });

  it('answers the end of a session that ended before, as often as it is asked', async () => {
    const server = await start();
    const publisher = await publish(server, whole);
    const id = await publisher.end(whole.length);
    for (let times = 0; times < 2; times += 1) {
      const next = await startAfterKillOf(server);
      const back = await TestPublisher.start(next, { session: publisher.session });
      expect(back.offset).toBe(whole.length);
      expect(await back.end(whole.length)).toBe(id);
    }
  });

  it('refuses another length for a session that ended before, by name', async () => {
    const server = await start();
    const publisher = await publish(server, whole);
    await publisher.end(whole.length);
    const next = await startAfterKillOf(server);
    const back = await TestPublisher.start(next, { session: publisher.session });
    back.socket.say({ type: 'end', length: 1 });
    expect(await back.socket.closed).toEqual({ code: CLOSE.badOffset, reason: 'bad-length' });
  });

  it('goes on as well after it was stopped with care', async () => {
    const expected = await uncut(whole);
    const server = await start();
    const publisher = await publish(server, whole.subarray(0, 123_456));
    await server.stop();
    const next = await startAfterKillOf(server);
    const back = await publish(next, whole, { session: publisher.session });
    expect(back.offset).toBe(123_456);
    expect(await samplesOf(next, await back.end(whole.length))).toEqual(expected);
  });
});

describe('a journal', () => {
  it('that is cut at any byte loses what is missing, and nothing else', async () => {
    const expected = await uncut(whole);
    const server = await start();
    const publisher = await publish(server, whole.subarray(0, 200_000));
    await noted(server, publisher, 200_000);
    const { offset } = recordOf(server, publisher.session).checkpoint;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: offset, max: 200_000 }), async (length) => {
        const folder = server.leftByKill();
        truncateSync(join(folder, 'journal', publisher.session), length);
        const next = await start({ folder });
        const back = await publish(next, whole, { session: publisher.session });
        expect(back.offset).toBe(length);
        expect(await samplesOf(next, await back.end(whole.length))).toEqual(expected);
      }),
      { numRuns: 10 },
    );
  });

  it('that is shorter than what was made of it leaves the recording as it is, and the channel free', async () => {
    const expected = await uncut(whole);
    const server = await start();
    const publisher = await publish(server, whole.subarray(0, 200_000));
    await noted(server, publisher, 200_000);
    const folder = server.leftByKill();
    truncateSync(join(folder, 'journal', publisher.session), 1000);
    const next = await start({ folder });
    expect(next.errors).toHaveLength(1);
    expect(next.channel('main').publication).toBeUndefined();
    const refusal = await refusalOf(next, { session: publisher.session, from: 200_000 });
    expect(refusal).toMatchObject({ code: 4416, reason: 'session-expired' });
    expect(await samplesOf(next, await (await publish(next, whole)).end(whole.length))).toEqual(expected);
  });

  it('with a flipped byte in its tail costs at most what that byte was of', async () => {
    const server = await start();
    const publisher = await publish(server, whole.subarray(0, 200_000));
    await noted(server, publisher, 200_000);
    const { offset } = recordOf(server, publisher.session).checkpoint;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: offset, max: 199_999 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const folder = server.leftByKill();
          const path = join(folder, 'journal', publisher.session);
          const journal = readFileSync(path);
          journal[at] = (journal[at] ?? 0) ^ flip;
          writeFileSync(path, journal);
          const next = await start({ folder });
          // Either nothing was noticed, or the session is over with a name for it, and the broadcast waits for another one.
          const second = await publish(next, whole, { takeover: true });
          const id = await second.end(whole.length);
          const [video] = await samplesOf(next, id);
          expect(video?.length).toBeGreaterThan((await frames(server)) - 60);
        },
      ),
      { numRuns: 10 },
    );
  });

  it('whose record is torn, empty or of another kind is left alone, and named in the log', async () => {
    const expected = await uncut(whole);
    const server = await start();
    const publisher = await publish(server, whole.subarray(0, 200_000));
    await noted(server, publisher, 200_000);
    for (const text of ['', '{"version":1', '{"version":2}', 'null']) {
      const folder = server.leftByKill();
      writeFileSync(join(folder, 'journal', `${publisher.session}.json`), text);
      const next = await start({ folder });
      expect(next.errors).toHaveLength(1);
      expect(await refusalOf(next, { session: publisher.session })).toMatchObject({ reason: 'session-over' });
      expect(statSync(join(next.journals, publisher.session)).size).toBe(200_000);
      expect(await samplesOf(next, await (await publish(next, whole)).end(whole.length))).toEqual(expected);
    }
  });
});

/** Frames of video that the recording of a server has by now. */
async function frames(server: TestServer): Promise<number> {
  const sink = new CollectingSink();
  new Mp4Demuxer(sink).push(new Uint8Array(readFileSync(server.recordingPath('r1'))));
  return sink.samples(0).length;
}

describe('a session whose broadcast is over', () => {
  async function expire(server: TestServer, publisher: TestPublisher): Promise<void> {
    publisher.socket.cut();
    await eventually(() => server.channel('main').state === 'interrupted');
    server.clock.advance(30_000);
    await eventually(() => recordOf(server, publisher.session).status === 'unfinished');
  }

  it('can be brought to its end, and its recording is made anew from all of it', async () => {
    const server = await start({ grace: 30_000 });
    const publisher = await publish(server, whole.subarray(0, 200_000));
    await expire(server, publisher);
    const back = await publish(server, whole, { session: publisher.session, late: true, from: 150_000 });
    expect(back.offset).toBe(200_000);
    expect(await back.end(whole.length)).toBe('r1');
    await eventually(() => server.archive.remade.length === 1);
    const path = join(server.journals, publisher.session);
    expect(server.archive.remade[0]?.streams).toMatchObject([
      { path, captureDistance: null, recording: 'r1' },
    ]);
    await eventually(() => !readdirSync(server.journals).includes(publisher.session));
    expect(server.channel('main').publication).toBeUndefined();
  });

  it('can be brought while another broadcast is on, over lost connections and killed servers', async () => {
    const server = await start({ grace: 30_000 });
    const publisher = await publish(server, whole.subarray(0, 200_000));
    await expire(server, publisher);
    await stored(server, await publish(server, whole.subarray(0, 100_000)), 100_000);
    const options = { session: publisher.session, late: true };
    const cut = await publish(server, whole.subarray(0, 250_000), options);
    cut.socket.cut();
    const next = await startAfterKillOf(server);
    const back = await publish(next, whole, options);
    expect(back.offset).toBeGreaterThanOrEqual(200_000);
    expect(await back.end(whole.length)).toBe('r1');
    await eventually(() => next.archive.remade.length === 1);
    expect(next.channel('main').state).toBe('interrupted');
  });

  it('is refused to who does not ask for that, and to other channels', async () => {
    const server = await start({ grace: 30_000 });
    const publisher = await publish(server, whole.subarray(0, 200_000));
    await expire(server, publisher);
    const { session } = publisher;
    expect(await refusalOf(server, { session })).toMatchObject({ reason: 'session-expired' });
    const elsewhere = await refusalOf(server, { session, late: true, channel: 'other' });
    expect(elsewhere).toMatchObject({ reason: 'session-elsewhere' });
    expect(await refusalOf(server, { session, late: true, key: 'wrong' })).toMatchObject({ code: 4401 });
  });

  it('has no file open while its publisher is away, and is kept from when that was there last', async () => {
    const server = await start({ grace: 30_000 });
    const publisher = await publish(server, whole.subarray(0, 200_000));
    await expire(server, publisher);
    const { closedAt } = recordOf(server, publisher.session);
    server.clock.advance(5000);
    const back = await publish(server, whole.subarray(0, 250_000), {
      session: publisher.session,
      late: true,
    });
    back.socket.cut();
    await eventually(() => openFilesIn(server.journals).length === 0);
    expect(recordOf(server, publisher.session).closedAt).toBe(closedAt + 5000);
    const again = await publish(server, whole, { session: publisher.session, late: true });
    expect(again.offset).toBe(250_000);
    expect(await again.end(whole.length)).toBe('r1');
  });

  it('with the wrong length is not ended', async () => {
    const server = await start({ grace: 30_000 });
    const publisher = await publish(server, whole.subarray(0, 200_000));
    await expire(server, publisher);
    const back = await publish(server, whole, { session: publisher.session, late: true });
    back.socket.say({ type: 'end', length: whole.length + 1 });
    expect(await back.socket.closed).toMatchObject({ reason: 'bad-length' });
    expect(recordOf(server, publisher.session).status).toBe('unfinished');
  });
});

describe('what is missing of a recording', () => {
  it('between two sessions is listed, as long as the wall clock says', async () => {
    const server = await start();
    const first = await publish(server, whole.subarray(0, 200_000));
    first.socket.cut();
    await eventually(() => server.channel('main').state === 'interrupted');
    const at = server.channel('main').broadcast?.position ?? 0;
    server.clock.advance(12_000);
    const second = await publish(server, whole);
    const id = String(await second.end(whole.length));
    const gaps = server.catalog.extents.get(id)?.gaps;
    expect(gaps).toHaveLength(1);
    expect(gaps?.[0]?.at).toBeGreaterThan(at - 200);
    expect(gaps?.[0]?.duration).toBeGreaterThan(11_000);
    expect(gaps?.[0]?.duration).toBeLessThanOrEqual(12_000);
  });

  it('is nothing where another session followed at once, and the server was away then', async () => {
    const server = await start();
    const opened = server.clock.wall();
    const first = await publish(server, whole.subarray(0, 200_000));
    first.socket.say({ type: 'clock', media: 0, wall: opened });
    await noted(server, first, 200_000);
    const position = server.channel('main').broadcast?.position ?? 0;
    const second = await publish(server, whole.subarray(0, 100), { takeover: true });
    second.socket.say({ type: 'clock', media: 0, wall: opened + position });
    const more = await publish(server, whole.subarray(0, 150_000), { session: second.session });
    await stored(server, more, 150_000);
    const next = await startAfterKillOf(server, { clock: new ManualClock(opened + 60_000) });
    const back = await publish(next, whole, { session: second.session });
    const id = String(await back.end(whole.length));
    expect(next.catalog.extents.get(id)?.gaps).toEqual([]);
  });

  it('is nothing after a cut or a kill that the publisher came back from', async () => {
    const server = await start();
    const publisher = await publish(server, whole.subarray(0, 200_000));
    await noted(server, publisher, 200_000);
    const next = await startAfterKillOf(server);
    next.clock.advance(20_000);
    const back = await publish(next, whole, { session: publisher.session });
    const id = String(await back.end(whole.length));
    expect(next.catalog.extents.get(id)?.gaps).toEqual([]);
  });
});

describe('a disk that fails to sync', () => {
  /** A server whose disk fails when it is told to, and time for that disk. */
  async function failing(options?: TestServerOptions) {
    const clock = new ManualClock();
    const disk = { clock, fails: false };
    const sync = new SyncBatch({
      clock,
      sync: async () => {
        if (disk.fails) throw Object.assign(new Error('EIO'), { code: 'EIO' });
      },
    });
    return { server: await start({ ...options, sync }), disk };
  }

  const acknowledged = (publisher: TestPublisher) =>
    Number(publisher.socket.texts.findLast(({ type }) => type === 'ack')?.offset ?? 0);

  /** How the publisher is let go of. */
  async function closed(publisher: TestPublisher, { clock }: { clock: ManualClock }) {
    let isClosed = false;
    void publisher.socket.closed.then(() => {
      isClosed = true;
    });
    await eventually(() => {
      clock.advance(500);
      return isClosed;
    });
    return publisher.socket.closed;
  }

  async function half(options?: TestServerOptions) {
    const { server, disk } = await failing(options);
    const publisher = await publish(server, whole.subarray(0, 100_000));
    while (acknowledged(publisher) < 100_000) {
      disk.clock.advance(500);
      server.clock.advance(100);
      await publisher.settled();
    }
    return { server, disk, publisher };
  }

  /** Until the server knows what is on its disk: the rest would be taken. */
  async function isTaken(server: TestServer, session: string): Promise<void> {
    for (;;) {
      const { error } = await refusalOf(server, { session, late: true, from: whole.length });
      if (/does not hold/.test(String(Object(error).message))) return;
    }
  }

  const FAILED = { code: CLOSE.storageFailed, reason: 'storage-failed' };

  it('is believed once: the publisher is told, the recording is damaged, and nothing is acknowledged after it', async () => {
    const { server, disk, publisher } = await half();
    disk.fails = true;
    publisher.send(whole.subarray(100_000, 150_000));
    expect(await closed(publisher, disk)).toEqual(FAILED);
    expect(acknowledged(publisher)).toBe(100_000);
    await eventually(() => server.catalog.told.some((line) => line.startsWith('damaged r1')));
  });

  it('is not believed after a kill either: the recording stays damaged, and another publisher may come', async () => {
    const { server, disk, publisher } = await half();
    disk.fails = true;
    publisher.send(whole.subarray(100_000, 120_000));
    await closed(publisher, disk);
    await eventually(() => recordOf(server, publisher.session).distrusted === true);
    const next = await startAfterKillOf(server);
    expect(next.recordings.map(({ state }) => state)).toEqual(['damaged']);
    expect((await refusalOf(next, { session: publisher.session })).error).toMatchObject({
      code: 'session-over',
    });
    const other = await publish(next, whole);
    await other.end(whole.length);
    expect(next.recordings.map(({ state }) => state)).toEqual(['damaged']);
  });

  it('at the end of a session is told in place of that all is stored, and the rest can be brought again', async () => {
    const { server, disk, publisher } = await half();
    const { session } = publisher;
    disk.fails = true;
    publisher.send(whole.subarray(100_000));
    publisher.socket.say({ type: 'end', length: whole.length });
    expect(await closed(publisher, disk)).toEqual(FAILED);
    expect(publisher.socket.texts.map(({ type }) => type)).not.toContain('ended');
    await eventually(() => recordOf(server, session).status === 'unfinished');
    await isTaken(server, session);
    const again = await publish(server, whole, { session, late: true });
    expect(again.offset).toBe(100_000);
    again.socket.say({ type: 'end', length: whole.length });
    expect(await closed(again, disk)).toEqual(FAILED);
    expect(recordOf(server, session).status).toBe('unfinished');
    disk.fails = false;
    await isTaken(server, session);
    const last = await publish(server, whole, { session, late: true });
    expect(last.offset).toBe(100_000);
    expect(await last.end(whole.length)).toBe('r1');
    await eventually(() => server.archive.remade.length === 1);
  });
});

describe('a publisher that comes back', () => {
  async function half(): Promise<{ server: TestServer; publisher: TestPublisher }> {
    // Here that no media comes is a reason, too.
    const server = await start({ publishLimits: {} });
    const publisher = await publish(server, whole.subarray(0, 200_000));
    publisher.socket.cut();
    await eventually(() => server.channel('main').state === 'interrupted');
    return { server, publisher };
  }

  it('with the wrong key is refused, and its session waits for the right one', async () => {
    const { server, publisher } = await half();
    const { session } = publisher;
    expect(await refusalOf(server, { session, key: 'wrong' })).toMatchObject({ code: CLOSE.unauthorized });
    expect((await publish(server, whole, { session })).offset).toBe(200_000);
  });

  it.each([
    ['backwards, below nothing', -1],
    ['that is no number of bytes', 0.5],
    ['beyond what a number can say', 2 ** 53],
  ])('with an offset %s is refused by name', async (_, from) => {
    const { server, publisher } = await half();
    const refusal = await refusalOf(server, { session: publisher.session, from });
    expect(refusal).toMatchObject({ code: CLOSE.badMessage, reason: 'bad-message' });
    expect((await publish(server, whole, { session: publisher.session })).offset).toBe(200_000);
  });

  it.each([
    ['ahead of what the server has', 200_001],
    ['that is huge', Number.MAX_SAFE_INTEGER],
  ])('with an offset %s is refused by name, before a byte of it is taken', async (_, from) => {
    const { server, publisher } = await half();
    const refusal = await refusalOf(server, { session: publisher.session, from });
    expect(refusal).toMatchObject({ code: CLOSE.badOffset, reason: 'session-over' });
    expect(server.channel('main').state).toBe('interrupted');
  });

  /** How it is let go of, when it is: nothing comes of its bytes, or what comes is refused. */
  async function dismissal(server: TestServer, publisher: TestPublisher): Promise<string> {
    let reason: string | undefined;
    const closed = publisher.socket.closed.then((close) => {
      reason = close.reason;
    });
    while (reason === undefined) {
      server.clock.advance(1000);
      await Promise.race([publisher.settled().catch(() => {}), closed]);
      await new Promise((settle) => setImmediate(settle));
    }
    return reason;
  }

  it('and repeats what the server has already is let go by name: the recording keeps what was whole', async () => {
    const { server, publisher } = await half();
    const back = await TestPublisher.start(server, { session: publisher.session });
    back.send(whole.subarray(150_000));
    expect(await dismissal(server, back)).toMatch(/^container-|^element-|^codec-|^no-media$/);
    await eventually(() => server.channel('main').state === 'interrupted');
    server.clock.advance(30_000);
    await eventually(() => server.catalog.told.includes('completed r1'));
    expect((await samplesOf(server, 'r1'))[0]?.length).toBeGreaterThan(100);
  });

  it.each([
    ['an MP4 where it sent WebM', readFixture('mp4-avc1-opus.mp4')],
    ['zeros', Buffer.alloc(20_000)],
    ['text', Buffer.from('not a container at all. '.repeat(1000))],
  ])('with %s is let go by name, and its broadcast waits for another one', async (_, other) => {
    const { server, publisher } = await half();
    const back = await TestPublisher.start(server, { session: publisher.session });
    back.send(other);
    expect(await dismissal(server, back)).toMatch(/^container-|^element-|^codec-|^no-media$/);
    await eventually(() => server.channel('main').state === 'interrupted');
    const next = await publish(server, whole);
    expect(await next.end(whole.length)).toBe('r1');
  });

  it.each([[24 * 60 * 60_000], [-24 * 60 * 60_000]])(
    'over a wall clock that jumps by %d ms makes the recording that it would have made',
    async (jump) => {
      const expected = await uncut(whole);
      const { server, publisher } = await half();
      server.clock.jump(jump);
      const back = await publish(server, whole, { session: publisher.session });
      const id = await back.end(whole.length);
      expect(await samplesOf(server, id)).toEqual(expected);
      expect(server.catalog.extents.get(String(id))?.gaps).toEqual([]);
    },
  );
});
