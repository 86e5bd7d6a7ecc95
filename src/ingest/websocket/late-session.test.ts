import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  publish,
  recordOf,
  start,
  startAfterKillOf,
  stored,
  whole,
} from '../../../test/contract/killed-servers.ts';
import { openFilesIn } from '../../../test/contract/open-files-in.ts';
import { refusalOf, type TestPublisher } from '../../../test/contract/test-publisher.ts';
import type { TestServer } from '../../../test/contract/test-server.ts';
import { eventually } from '../../../test/contract/test-socket.ts';

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
    await eventually(() => recordOf(server, publisher.session).closedAt === closedAt + 5000);
    await eventually(() => openFilesIn(server.journals).length === 0);
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
