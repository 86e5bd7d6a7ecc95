import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  noted,
  publish,
  recordOf,
  samplesOf,
  start,
  startAfterKillOf,
  uncut,
  whole,
} from '../../../test/contract/killed-servers.ts';
import { refusalOf, type TestPublisher } from '../../../test/contract/test-publisher.ts';
import type { TestServer, TestServerOptions } from '../../../test/contract/test-server.ts';
import { eventually } from '../../../test/contract/test-socket.ts';
import { ManualClock } from '../../channel/manual-clock.ts';
import { SyncBatch } from '../../disk/sync-batch.ts';
import { Mp4Demuxer } from '../../media/mp4/mp4-demuxer.ts';
import { CollectingSink } from '../../media/webm/collecting-sink.ts';
import { CLOSE } from '../../wire/close-codes.ts';

/** Frames of video that the recording of a server has by now. */
async function frames(server: TestServer): Promise<number> {
  const sink = new CollectingSink();
  new Mp4Demuxer(sink).push(new Uint8Array(readFileSync(server.recordingPath('r1'))));
  return sink.samples(0).length;
}

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
