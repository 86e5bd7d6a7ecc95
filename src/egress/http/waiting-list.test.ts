import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import { milliseconds } from '../../media/time.ts';
import { WaitingList, WaitingPlaces } from './waiting-list.ts';

class FakeClient extends EventEmitter {
  destroyed = false;
  readonly req: { readonly socket: object };

  constructor(socket = {}) {
    super();
    this.req = { socket };
  }
}

const SECOND = milliseconds(1000);

describe('a request that waits', () => {
  const clock = new ManualClock();

  it('goes on when what it waits for has come, and not before', async () => {
    const list = new WaitingList(clock, new WaitingPlaces(10));
    let parts = 0;
    const waits = [1, 2].map((part) => list.wait(() => parts >= part, SECOND, new FakeClient()));
    let second = false;
    void waits[1]?.then(() => {
      second = true;
    });
    list.wake();
    parts = 1;
    list.wake();
    expect(await waits[0]).toBe(true);
    expect(second).toBe(false);
    parts = 2;
    list.wake();
    expect(await waits[1]).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('takes no place where there is nothing to wait for', async () => {
    const list = new WaitingList(clock, new WaitingPlaces(0));
    expect(await list.wait(() => true, SECOND, new FakeClient())).toBe(true);
  });

  it('is refused after its time', async () => {
    const places = new WaitingPlaces(10);
    const list = new WaitingList(clock, places);
    const wait = list.wait(() => false, SECOND, new FakeClient());
    clock.advance(900);
    expect(places.taken).toBe(1);
    clock.advance(200);
    await expect(wait).rejects.toMatchObject({ code: 'not-in-time', status: 503 });
    expect([places.taken, clock.pending]).toEqual([0, 0]);
  });

  it('is released when its client goes away, or has gone', async () => {
    const places = new WaitingPlaces(10);
    const list = new WaitingList(clock, places);
    const client = new FakeClient();
    const wait = list.wait(() => false, SECOND, client);
    client.emit('close');
    expect(await wait).toBe(false);
    expect([places.taken, client.listenerCount('close'), clock.pending]).toEqual([0, 0, 0]);
    client.destroyed = true;
    expect(await list.wait(() => false, SECOND, client)).toBe(false);
  });

  it('is refused at once where too many wait already, and 10,000 cost one timer', async () => {
    const places = new WaitingPlaces(10_000);
    const list = new WaitingList(clock, places);
    let ready = false;
    const waits = Array.from({ length: 10_000 }, () => list.wait(() => ready, SECOND, new FakeClient()));
    await expect(list.wait(() => ready, SECOND, new FakeClient())).rejects.toMatchObject({
      code: 'too-many-waiting',
      status: 503,
      headers: { 'retry-after': '1' },
    });
    expect([places.taken, clock.pending]).toEqual([10_000, 1]);
    ready = true;
    list.wake();
    expect((await Promise.all(waits)).every(Boolean)).toBe(true);
    expect([places.taken, clock.pending]).toEqual([0, 0]);
  });

  it('is one of four of its connection, and takes no place of others', async () => {
    const places = new WaitingPlaces(100);
    const list = new WaitingList(clock, places);
    const socket = {};
    const pipelined = Array.from({ length: 20 }, () => new FakeClient(socket));
    const waits = Promise.allSettled(pipelined.map((client) => list.wait(() => false, SECOND, client)));
    expect(places.taken).toBe(4);
    const other = new FakeClient();
    const otherWaits = list.wait(() => false, SECOND, other);
    expect(places.taken).toBe(5);
    for (const client of [...pipelined, other]) client.emit('close');
    const refused = (await waits).filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(16);
    expect(refused[0]).toMatchObject({ reason: { code: 'too-many-waiting', status: 503 } });
    expect(await otherWaits).toBe(false);
    const again = new FakeClient(socket);
    const waitsAgain = list.wait(() => false, SECOND, again);
    again.emit('close');
    expect([await waitsAgain, places.taken]).toEqual([false, 0]);
  });

  it('is one of ten thousand: no more may wait, and all are released as they go', async () => {
    const most = 10_000;
    const places = new WaitingPlaces(most);
    const lists = Array.from({ length: 4 }, () => new WaitingList(clock, places));
    const clients = Array.from({ length: most }, () => new FakeClient());
    const waits = clients.map((client, index) => lists[index % 4]?.wait(() => false, SECOND, client));
    const refused = lists[0]?.wait(() => false, SECOND, new FakeClient());
    await expect(refused).rejects.toMatchObject({ code: 'too-many-waiting', status: 503 });
    expect(places.taken).toBe(most);
    for (const client of clients) client.emit('close');
    expect(new Set(await Promise.all(waits))).toEqual(new Set([false]));
    expect(clients.every((client) => client.listenerCount('close') === 0)).toBe(true);
    expect([places.taken, clock.pending]).toEqual([0, 0]);
  });
});
