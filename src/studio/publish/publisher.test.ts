import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import { milliseconds } from '../../media/time.ts';
import { CLOSE } from '../../wire/close-codes.ts';
import { PUBLISH_PROTOCOL, type PublisherMessage, type PublishServerMessage } from '../../wire/publish.ts';
import { MemoryBacklog } from './memory-backlog.ts';
import { PublishError } from './publish-error.ts';
import type { OpenSocket, PublishSocket, SocketEvents } from './publish-socket.ts';
import { Publisher, type PublisherOptions } from './publisher.ts';

const SESSION = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';

/** The server's end of one socket. */
class FakeSocket implements PublishSocket {
  bufferedAmount = 0;
  readonly url: string;
  readonly protocol: string;
  readonly said: PublisherMessage[] = [];
  readonly order: string[] = [];
  closedWith: number | undefined;
  readonly #server: FakeServer;
  readonly #events: SocketEvents;
  #open = false;
  #gone = false;

  constructor(server: FakeServer, url: string, protocol: string, events: SocketEvents) {
    this.#server = server;
    this.url = url;
    this.protocol = protocol;
    this.#events = events;
  }

  open(): void {
    if (this.#gone || this.#open) return;
    this.#open = true;
    this.#events.opened();
  }

  say(message: PublishServerMessage | string): void {
    if (this.#gone) return;
    this.#events.received(typeof message === 'string' ? message : JSON.stringify(message));
  }

  cut(code = 1006): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#events.closed(code);
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    if (!this.#open) throw new Error('Sent before the socket was open');
    if (this.#gone) return;
    if (typeof data === 'string') {
      const message = JSON.parse(data) as PublisherMessage;
      this.said.push(message);
      this.order.push(message.type);
      this.#server.heard(this, message);
    } else {
      this.order.push('bytes');
      this.#server.stored.push(...data);
    }
  }

  close(code = 1005): void {
    this.closedWith = code;
    this.#gone = true;
  }
}

/** An ingest that keeps one session over any number of sockets. */
class FakeServer {
  readonly sockets: FakeSocket[] = [];
  readonly stored: number[] = [];
  /** Answers by itself, at once. */
  automatic = true;
  endedLength: number | undefined;

  readonly openSocket: OpenSocket = (url, protocol, events) => {
    const socket = new FakeSocket(this, url, protocol, events);
    this.sockets.push(socket);
    return socket;
  };

  get socket(): FakeSocket {
    const last = this.sockets.at(-1);
    if (!last) throw new Error('No socket was opened');
    return last;
  }

  heard(socket: FakeSocket, message: PublisherMessage): void {
    if (!this.automatic) return;
    if (message.type === 'start') socket.say({ type: 'ready', offset: this.stored.length });
    if (message.type === 'end') {
      this.endedLength = message.length;
      socket.say({ type: 'ended', recording: 'rec-1' });
    }
  }

  ack(): void {
    this.socket.say({ type: 'ack', offset: this.stored.length });
  }
}

/** Lets the publisher's asynchronous reads from its backlog take place. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

function setUp(options: Partial<PublisherOptions> = {}) {
  const server = new FakeServer();
  const clock = new ManualClock();
  const publisher = new Publisher({
    url: 'wss://example.test/live/main/publish',
    session: SESSION,
    mimeType: 'video/webm;codecs=h264,opus',
    openSocket: server.openSocket,
    timing: clock,
    random: () => 0,
    ...options,
  });
  const states: string[] = [publisher.status.state];
  publisher.subscribe(({ state }) => {
    if (state !== states.at(-1)) states.push(state);
  });
  return { server, clock, publisher, states };
}

const piece = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values);

async function goLive(options: Partial<PublisherOptions> = {}) {
  const set = setUp(options);
  set.publisher.start();
  set.server.socket.open();
  set.publisher.write(piece(1, 2, 3));
  await settle();
  set.server.ack();
  return set;
}

describe('Publisher', () => {
  it('opens the session under the protocol, with title, key and take-over', () => {
    const { server, publisher } = setUp({ title: 'Finals', key: 'k', takeover: true });
    publisher.start();
    server.socket.open();
    expect(server.socket.protocol).toBe(PUBLISH_PROTOCOL);
    expect(server.socket.said[0]).toEqual({
      type: 'start',
      session: SESSION,
      mimeType: 'video/webm;codecs=h264,opus',
      name: 'Finals',
      key: 'k',
      takeover: true,
    });
  });

  it('sends nothing before the socket is open, and no media before the server is ready', async () => {
    const { server, publisher } = setUp();
    server.automatic = false;
    publisher.start();
    publisher.write(piece(1));
    await settle();
    expect(server.socket.order).toEqual([]);
    server.socket.open();
    publisher.write(piece(2));
    await settle();
    expect(server.socket.order).toEqual(['start']);
    server.socket.say({ type: 'ready', offset: 0 });
    await settle();
    expect(server.stored).toEqual([1, 2]);
  });

  it('is live only when media was acknowledged', async () => {
    const { server, publisher, states } = setUp();
    publisher.start();
    server.socket.open();
    publisher.write(piece(1, 2, 3));
    await settle();
    expect(publisher.status).toMatchObject({ state: 'connecting', acknowledged: 0, total: 3 });
    server.ack();
    expect(publisher.status).toMatchObject({ state: 'live', acknowledged: 3 });
    expect(states).toEqual(['ready', 'connecting', 'live']);
  });

  it('resumes the same session at the offset that the server names', async () => {
    const { server, clock, publisher, states } = await goLive();
    publisher.write(piece(4, 5));
    await settle();
    server.stored.length = 4;
    server.socket.cut();
    publisher.write(piece(6));
    expect(publisher.status).toMatchObject({ state: 'reconnecting', problem: 'The connection is lost.' });
    clock.advance(0);
    server.socket.open();
    await settle();
    expect(server.socket.said[0]).toMatchObject({ type: 'start', session: SESSION });
    expect(server.stored).toEqual([1, 2, 3, 4, 5, 6]);
    expect(publisher.status.state).toBe('reconnecting');
    server.ack();
    expect(states).toEqual(['ready', 'connecting', 'live', 'reconnecting', 'live']);
  });

  it('keeps what the server holds but has not stored: a server that died may ask for it again', async () => {
    const { server, clock, publisher } = await goLive();
    publisher.write(piece(4, 5));
    await settle();
    server.socket.cut();
    clock.advance(0);
    server.socket.open();
    await settle();
    expect(publisher.status.acknowledged).toBe(3);
    server.stored.length = 3;
    server.socket.cut();
    clock.advance(0);
    server.socket.open();
    await settle();
    expect(server.stored).toEqual([1, 2, 3, 4, 5]);
  });

  it('reconnects at once, then ever less often', async () => {
    const { server, clock } = await goLive();
    server.socket.cut();
    const waits: number[] = [];
    for (let attempt = 0; attempt < 7; attempt++) {
      const sockets = server.sockets.length;
      let waited = 0;
      while (server.sockets.length === sockets) {
        clock.advance(waited === 0 ? 0 : 100);
        waited += 100;
      }
      waits.push(waited - 100);
      server.socket.cut();
    }
    expect(waits).toEqual([0, 500, 1000, 2000, 4000, 8000, 8000]);
  });

  it('tries again at once when the browser says that it is worth it, and asks a connection whether it lives', async () => {
    const wakes = new Set<() => void>();
    const wake = () => {
      for (const call of wakes) call();
    };
    const onWake = (call: () => void) => {
      wakes.add(call);
      return () => wakes.delete(call);
    };
    const { server, clock, publisher } = await goLive({ signals: { onWake } });
    for (let attempt = 0; attempt < 6; attempt++) {
      server.socket.cut();
      clock.advance(attempt === 0 ? 0 : 8000);
    }
    server.socket.cut();
    const before = server.sockets.length;
    wake();
    expect(server.sockets).toHaveLength(before + 1);
    server.socket.open();
    await settle();
    // Nothing is heard after a laptop's sleep: not waited for as long as usual.
    wake();
    clock.advance(3000);
    expect(publisher.status.state).toBe('reconnecting');
    clock.advance(0);
    expect(server.sockets).toHaveLength(before + 2);
    server.socket.open();
    await settle();
    wake();
    clock.advance(1);
    publisher.write(piece(4));
    await settle();
    server.ack();
    clock.advance(2999);
    expect(publisher.status.state).toBe('live');
    publisher.close();
    expect(wakes.size).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('does not depend on timers, which a hidden tab has late, as long as something is recorded', async () => {
    let skew = 0;
    const clock = new ManualClock();
    const timing: PublisherOptions['timing'] = {
      now: () => milliseconds(clock.now() + skew),
      after: (delay, call) => clock.after(delay, call),
    };
    const { server, publisher } = setUp({ timing });
    publisher.start();
    server.socket.open();
    publisher.write(piece(1));
    await settle();
    server.ack();
    server.socket.cut();
    clock.advance(0);
    server.socket.cut();
    skew = 60_000;
    publisher.write(piece(2));
    expect(server.sockets).toHaveLength(3);
  });

  it('goes on trying for hours', async () => {
    const { server, clock, publisher } = await goLive();
    for (let hour = 0; hour < 3600; hour++) {
      server.socket.cut();
      clock.advance(8000);
    }
    expect(publisher.status.state).toBe('reconnecting');
    void publisher.finish();
    for (let minute = 0; minute < 100; minute++) {
      server.socket.cut();
      clock.advance(8000);
    }
    expect(publisher.status.state).toBe('ending');
    server.socket.open();
    await settle();
    expect(publisher.status.state).toBe('ended');
    expect(clock.pending).toBe(0);
  });

  it('says how far the upload of what a cut has left is', async () => {
    const { server, clock, publisher } = await goLive();
    server.socket.cut();
    publisher.write(new Uint8Array(2_000_000));
    clock.advance(0);
    server.socket.open();
    expect(publisher.status.catchUp).toEqual({ done: 0, size: 2_000_000, rate: 0 });
    await settle();
    clock.advance(1000);
    server.socket.say({ type: 'ack', offset: 3 + 64 * 1024 });
    expect(publisher.status.catchUp).toEqual({ done: 65_536, size: 2_000_000, rate: 524_288 });
    for (let turn = 0; turn < 10; turn++) await settle();
    server.ack();
    expect(publisher.status).toMatchObject({ state: 'live', catchUp: null });
  });

  it('says from where on it can still send, so that nothing is begun in the middle', async () => {
    const { server, clock } = await goLive();
    expect(server.sockets[0]?.said[0]).not.toHaveProperty('from');
    server.socket.cut();
    clock.advance(0);
    server.socket.open();
    expect(server.socket.said[0]).toMatchObject({ from: 3 });
  });

  it('ends a stream that was left behind where it breaks off, here or at the server', async () => {
    for (const [held, length] of [
      [2, 4],
      [4, 4],
      [6, 6],
    ]) {
      const backlog = new MemoryBacklog();
      backlog.append(piece(1, 2, 3, 4));
      const { server, publisher } = setUp({ leftBehind: true, backlog });
      server.stored.push(...[1, 2, 3, 4, 5, 6].slice(0, held));
      publisher.start();
      const finished = publisher.finish();
      server.socket.open();
      await settle();
      expect(server.endedLength).toBe(length);
      expect(await finished).toMatchObject({ state: 'ended', recordingId: 'rec-1' });
    }
  });

  it.each([
    [undefined, true],
    [new PublishError('unfinished'), true],
    [new PublishError('session-lost'), true],
    [new PublishError('taken-over'), true],
    [new PublishError('bad-media'), false],
  ])('closed with %s it keeps the rest to be sent another time: %s', async (error, kept) => {
    const closings: unknown[] = [];
    class KeepingBacklog extends MemoryBacklog {
      override async close(keep?: boolean): Promise<void> {
        closings.push(keep);
      }
    }
    const { publisher } = await goLive({ backlog: new KeepingBacklog() });
    publisher.write(piece(4));
    publisher.close(error);
    expect(closings).toEqual([kept]);
  });

  it('keeps nothing when all was delivered', async () => {
    const closings: unknown[] = [];
    class KeepingBacklog extends MemoryBacklog {
      override async close(keep?: boolean): Promise<void> {
        closings.push(keep);
      }
    }
    const { publisher } = await goLive({ backlog: new KeepingBacklog() });
    await publisher.finish();
    expect(closings).toEqual([false]);
  });

  it('tells how long the channel lets it go on, and what is left when that is over', async () => {
    const { server, publisher } = await goLive();
    const status = { viewers: 0, recording: 'recording', bitrate: 0, elapsed: 0 } as const;
    server.socket.say({ type: 'status', ...status, remaining: 4000 });
    expect(publisher.status.remaining).toBe(4000);
    server.socket.say({ type: 'error', code: 'max-duration', message: 'Over.', recording: 'rec-7' });
    server.socket.cut(CLOSE.tooLong);
    expect(publisher.status).toMatchObject({
      state: 'failed',
      error: { code: 'max-duration', reason: 'max-duration' },
      recordingId: 'rec-7',
      remaining: null,
    });
  });

  it('does not ask to take over again once it was let in', async () => {
    const { server, clock } = await goLive({ takeover: true });
    server.socket.cut();
    clock.advance(0);
    server.socket.open();
    expect(server.socket.said[0]).not.toHaveProperty('takeover');
  });

  it('delivers the last piece, then the length, and waits for the confirmation before it closes', async () => {
    const { server, publisher, states } = await goLive();
    server.automatic = false;
    publisher.write(piece(4));
    const finished = publisher.finish();
    await settle();
    expect(server.stored).toEqual([1, 2, 3, 4]);
    expect(server.socket.order.slice(-2)).toEqual(['bytes', 'end']);
    expect(server.socket.said.at(-1)).toEqual({ type: 'end', length: 4 });
    expect(server.socket.closedWith).toBeUndefined();
    server.socket.say({ type: 'ended', recording: 'rec-9' });
    expect(await finished).toMatchObject({ state: 'ended', recordingId: 'rec-9', acknowledged: 4 });
    expect(server.socket.closedWith).toBe(1000);
    expect(states).toEqual(['ready', 'connecting', 'live', 'ending', 'ended']);
  });

  it('comes back to deliver the end when the socket is cut meanwhile', async () => {
    const { server, clock, publisher } = await goLive();
    server.socket.cut();
    publisher.write(piece(4));
    const finished = publisher.finish();
    clock.advance(0);
    server.socket.open();
    await settle();
    expect(server.stored).toEqual([1, 2, 3, 4]);
    expect(await finished).toMatchObject({ state: 'ended' });
    expect(clock.pending).toBe(0);
  });

  it('gives up an end that nobody confirms', async () => {
    const { server, clock, publisher } = await goLive();
    server.automatic = false;
    void publisher.finish();
    for (let second = 0; second < 61; second++) {
      clock.advance(1000);
      server.socket.say({ type: 'pong', id: 0, time: 1 });
    }
    expect(publisher.status).toMatchObject({ state: 'failed', error: { code: 'unfinished' } });
    expect(clock.pending).toBe(0);
  });

  it('delivers what there is also when the stream broke off, and fails then', async () => {
    const { server, publisher } = await goLive();
    publisher.write(piece(4));
    const finished = publisher.finish(new PublishError('recorder-failed'));
    await settle();
    expect(server.stored).toEqual([1, 2, 3, 4]);
    expect(await finished).toMatchObject({
      state: 'failed',
      error: { code: 'recorder-failed' },
      recordingId: 'rec-1',
    });
  });

  it('says when the server took the session, or that it never did', async () => {
    const taken = setUp();
    taken.publisher.start();
    taken.server.socket.open();
    expect(await taken.publisher.accepted).toBe(true);
    const refused = setUp();
    refused.publisher.start();
    refused.server.socket.cut(CLOSE.channelNotFound);
    expect(await refused.publisher.accepted).toBe(false);
  });

  it('ends without a word when it never got through and there is nothing to deliver', async () => {
    const { clock, publisher } = setUp();
    publisher.start();
    expect(await publisher.finish()).toMatchObject({ state: 'ended', recordingId: null });
    expect(clock.pending).toBe(0);
  });

  it('refuses bytes after the end', async () => {
    const { server, publisher } = await goLive();
    server.automatic = false;
    void publisher.finish();
    expect(() => publisher.write(piece(9))).toThrow('after the end');
  });

  it('holds back while the socket is full', async () => {
    const { server, clock, publisher } = await goLive();
    server.socket.bufferedAmount = 256 * 1024;
    publisher.write(piece(4));
    await settle();
    expect(server.stored).toEqual([1, 2, 3]);
    server.socket.bufferedAmount = 0;
    clock.advance(20);
    await settle();
    expect(server.stored).toEqual([1, 2, 3, 4]);
  });

  it('fails by name when more waits than may be kept', async () => {
    const { server, clock, publisher } = await goLive({ backlog: new MemoryBacklog(4) });
    server.socket.cut();
    publisher.write(piece(4, 5, 6));
    publisher.write(piece(7, 8));
    expect(publisher.status).toMatchObject({ state: 'failed', error: { code: 'backlog-full' } });
    expect(clock.pending).toBe(0);
  });

  it.each([
    [CLOSE.unauthorized, 'unauthorized'],
    [CLOSE.channelNotFound, 'channel-not-found'],
    [CLOSE.takenOver, 'taken-over'],
    [CLOSE.badMedia, 'bad-media'],
    [CLOSE.badMessage, 'bad-message'],
    [CLOSE.badOffset, 'session-lost'],
    [CLOSE.bitrateExceeded, 'bitrate-exceeded'],
    [CLOSE.storageFailed, 'storage-failed'],
    [CLOSE.normal, 'closed-by-server'],
  ])('does not come back after close code %i', async (code, name) => {
    const { server, clock, publisher } = await goLive();
    server.socket.cut(code);
    expect((await publisher.closed).error).toMatchObject({ name: 'PublishError', code: name });
    expect(clock.pending).toBe(0);
  });

  it.each([CLOSE.goingAway, CLOSE.internal, CLOSE.timeout, 1006])(
    'comes back after close code %i',
    async (code) => {
      const { server, clock, publisher } = await goLive();
      server.socket.cut(code);
      expect(publisher.status.state).toBe('reconnecting');
      clock.advance(0);
      expect(server.sockets).toHaveLength(2);
    },
  );

  it('says since when another publisher holds the channel', async () => {
    const { server, publisher } = setUp();
    server.automatic = false;
    publisher.start();
    server.socket.open();
    server.socket.say({ type: 'error', code: 'channel-busy', message: 'Busy.', since: 1_700_000_000_000 });
    server.socket.cut(CLOSE.channelBusy);
    expect((await publisher.closed).error).toMatchObject({
      code: 'channel-busy',
      since: 1_700_000_000_000,
      detail: 'Busy.',
    });
  });

  it('gives up a server that was never there after 30 s', () => {
    const { server, clock, publisher } = setUp();
    publisher.start();
    for (let second = 0; second < 31; second++) {
      server.socket.cut();
      clock.advance(1000);
    }
    expect(publisher.status).toMatchObject({ state: 'failed', error: { code: 'unreachable' } });
    expect(clock.pending).toBe(0);
  });

  it('learns the reason of a refused handshake by asking', async () => {
    const { server, publisher } = setUp({ diagnose: async () => new PublishError('unauthorized') });
    publisher.start();
    server.socket.cut();
    expect((await publisher.closed).error?.code).toBe('unauthorized');
  });

  it('gives up a connection on which nothing is heard any more', async () => {
    const { server, clock, publisher } = await goLive();
    clock.advance(13_000);
    expect(server.sockets.length).toBeGreaterThan(1);
    expect(publisher.status.state).toBe('reconnecting');
  });

  it('gives up a socket that does not become ready', () => {
    const { server, clock, publisher } = setUp();
    publisher.start();
    clock.advance(10_000);
    expect(server.sockets[0]?.closedWith).toBe(1000);
    expect(server.sockets).toHaveLength(2);
  });

  it('fails when the server has forgotten what this publisher no longer keeps', async () => {
    const { server, clock, publisher } = await goLive();
    server.socket.cut();
    server.stored.length = 0;
    clock.advance(0);
    server.socket.open();
    expect(publisher.status.error?.code).toBe('session-lost');
  });

  it('does not believe an acknowledgement of what was never sent', async () => {
    const { server, publisher } = await goLive();
    server.socket.say({ type: 'ack', offset: 1000 });
    expect(publisher.status.error?.code).toBe('session-lost');
  });

  it.each(['', 'null', '[]', '{"type":"ready"}', '{"type":"ack","offset":-1}', '{"type":"__proto__"}'])(
    'survives the message %j',
    async (text) => {
      const { server, publisher } = await goLive();
      server.socket.say(text);
      expect(publisher.status.state).toBe('live');
    },
  );

  it('ties the container to the server clock by the quickest ping, and again after a reconnect', async () => {
    const { server, clock, publisher } = setUp();
    publisher.start();
    server.socket.open();
    publisher.setContainerStart(milliseconds(40));
    clock.advance(100);
    server.socket.say({ type: 'pong', id: 0, time: 5_000_000 });
    const clocks = () => server.socket.said.filter((message) => message.type === 'clock');
    expect(clocks()).toEqual([{ type: 'clock', media: 0, wall: 5_000_000 + 50 - 100 + 40 }]);
    clock.advance(150);
    clock.advance(400);
    server.socket.say({ type: 'pong', id: 1, time: 5_000_450 });
    expect(clocks()).toHaveLength(1);
    server.socket.cut();
    clock.advance(0);
    server.socket.open();
    expect(clocks()).toHaveLength(0);
    server.socket.say({ type: 'pong', id: 0, time: 5_000_600 });
    expect(clocks()).toHaveLength(1);
  });

  it('reports viewers, bitrate and recording as the server says them', async () => {
    const { server, publisher } = await goLive();
    server.socket.say({ type: 'status', viewers: 3, recording: 'recording', bitrate: 2.5e6, elapsed: 900 });
    expect(publisher.status).toMatchObject({
      viewers: 3,
      recording: 'recording',
      bitrate: 2.5e6,
      elapsed: 900,
    });
    server.socket.cut();
    expect(publisher.status.bitrate).toBe(0);
  });

  it('stops at once when closed, leaving no timer and no socket', async () => {
    const { server, clock, publisher } = await goLive();
    publisher.close();
    publisher.close(new PublishError('recorder-failed'));
    publisher.write(piece(7));
    expect(publisher.status).toMatchObject({ state: 'ended', error: null });
    expect(server.socket.closedWith).toBe(1000);
    expect(clock.pending).toBe(0);
  });

  it('delivers every byte once and in order, wherever its sockets are cut', async () => {
    const action = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ do: fc.constant('write' as const), size: fc.integer({ min: 0, max: 40 }) }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('wait' as const), size: fc.integer({ min: 0, max: 3000 }) }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('ack' as const), size: fc.constant(0) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('open' as const), size: fc.constant(0) }) },
      // Cut, with that many of the newest bytes lost on their way.
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constant('cut' as const), size: fc.integer({ min: 0, max: 60 }) }),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
        const { server, clock, publisher } = setUp();
        const written: number[] = [];
        let acknowledged = 0;
        publisher.start();
        for (const { do: what, size } of actions) {
          if (what === 'write') {
            const bytes = Array.from({ length: size }, (_, index) => ((written.length + index) * 31) & 255);
            written.push(...bytes);
            publisher.write(Uint8Array.from(bytes));
          } else if (what === 'wait') clock.advance(size);
          else if (what === 'open') server.socket.open();
          else if (what === 'ack') {
            if (server.socket.order.includes('start')) server.ack();
            acknowledged = publisher.status.acknowledged;
          } else {
            server.stored.length = Math.max(acknowledged, server.stored.length - size);
            server.socket.cut();
          }
          await settle();
          // The only end that the cuts may bring: nobody let it in for 30 s.
          if (publisher.status.state === 'failed') {
            expect(publisher.status.error?.code).toBe('unreachable');
            return;
          }
          acknowledged = Math.max(acknowledged, publisher.status.acknowledged);
          expect(server.stored).toEqual(written.slice(0, server.stored.length));
        }
        void publisher.finish();
        for (let turn = 0; turn < 5 && publisher.status.state === 'ending'; turn++) {
          server.socket.open();
          await settle();
          clock.advance(9000);
          await settle();
        }
        expect(publisher.status.state).toBe('ended');
        expect(server.stored).toEqual(written);
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 150 },
    );
  });
});
