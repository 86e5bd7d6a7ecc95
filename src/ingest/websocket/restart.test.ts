import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFixture } from '../../../test/contract/fixtures.ts';
import {
  closeAll,
  noted,
  publish,
  recordOf,
  samplesOf,
  start,
  startAfterKillOf,
  stored,
  uncut,
  whole,
} from '../../../test/contract/killed-servers.ts';
import { TestPublisher } from '../../../test/contract/test-publisher.ts';
import { eventually } from '../../../test/contract/test-socket.ts';
import { ManualClock } from '../../channel/manual-clock.ts';
import { CollectingSink } from '../../media/webm/collecting-sink.ts';
import { WebmDemuxer } from '../../media/webm/webm-demuxer.ts';
import { CLOSE } from '../../wire/close-codes.ts';

const FIXTURES = ['webm-h264-opus.webm', 'webm-av1-opus.webm', 'webm-vp8-opus.webm', 'mp4-avc1-opus.mp4'];

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
          await closeAll();
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
    await eventually(() => typeof recordOf(server, second.session).captureDistance === 'number');
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
