import { describe, expect, it } from 'vitest';
import { readFixture } from '../../../test/contract/fixtures.ts';
import { publish, samplesOf, start, uncut, whole } from '../../../test/contract/killed-servers.ts';
import { refusalOf, TestPublisher } from '../../../test/contract/test-publisher.ts';
import type { TestServer } from '../../../test/contract/test-server.ts';
import { eventually } from '../../../test/contract/test-socket.ts';
import { CLOSE } from '../../wire/close-codes.ts';

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
