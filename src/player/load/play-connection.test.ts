import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import { PLAY_PROTOCOL } from '../../wire/play.ts';
import { PlayConnection } from './play-connection.ts';
import type { PlaySocketEvents } from './play-socket.ts';

/** A socket whose other side is the test. */
class FakeSocket {
  readonly sent: { type: string; id: number }[] = [];
  readonly events: PlaySocketEvents;
  closed: number | undefined;

  constructor(events: PlaySocketEvents) {
    this.events = events;
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(code = 1000): void {
    this.closed = code;
  }
  say(message: object): void {
    this.events.text(JSON.stringify(message));
  }
  /** Answers the last ping. */
  pong(time: number): void {
    this.say({ type: 'pong', id: this.sent.at(-1)?.id, time });
  }
}

const TRACKS = { type: 'tracks', epoch: 4, mime: 'video/mp4', tracks: [{ kind: 'audio', codec: 'opus' }] };
const bytes = (...values: number[]) => new Uint8Array(values);

let clock: ManualClock;
let sockets: FakeSocket[];
let told: unknown[];
let refuse: Error | undefined;
let connection: PlayConnection;
let open: () => PlayConnection;
const socket = () => sockets.at(-1) as FakeSocket;

beforeEach(() => {
  clock = new ManualClock();
  sockets = [];
  told = [];
  refuse = undefined;
  open = () =>
    new PlayConnection({
      url: 'ws://host/live/main/ws',
      clock,
      random: () => 1,
      openSocket: (url, protocol, events) => {
        expect([url, protocol]).toEqual(['ws://host/live/main/ws', PLAY_PROTOCOL]);
        if (refuse) throw refuse;
        sockets.push(new FakeSocket(events));
        return socket();
      },
      events: {
        open: () => told.push('open'),
        news: (message) => told.push(message.type),
        epoch: ({ epoch, init }) => told.push(`epoch ${epoch}: ${init}`),
        media: (media) => told.push(`media ${media}`),
        lost: (loss) => told.push(loss.cause),
      },
    });
  connection = open();
  connection.start();
});

describe('a play connection', () => {
  it('tells news, init segments and media in their order', () => {
    socket().events.open();
    socket().say({ type: 'live', broadcast: 'b', startedAt: 0, title: null });
    socket().say(TRACKS);
    socket().events.binary(bytes(1));
    socket().events.binary(bytes(2));
    socket().say({ type: 'discontinuity' });
    socket().say({ ...TRACKS, epoch: 5 });
    socket().events.binary(bytes(3));
    expect(told).toEqual(['open', 'live', 'epoch 4: 1', 'media 2', 'discontinuity', 'epoch 5: 3']);
  });

  it('comes back at once when it is cut, and tells the new init segment', () => {
    socket().events.open();
    socket().say(TRACKS);
    socket().events.binary(bytes(1));
    clock.advance(3000);
    socket().events.close(1006, '');
    clock.advance(100);
    expect(sockets.length).toBe(2);
    socket().events.open();
    socket().say(TRACKS);
    socket().events.binary(bytes(1));
    expect(told.slice(2)).toEqual(['closed', 'open', 'epoch 4: 1']);
  });

  it('never gives up, ever later, up to ten seconds', () => {
    const waits: number[] = [];
    for (let tries = 0; tries < 30; tries += 1) {
      const before = sockets.length;
      socket().events.close(1006, '');
      let waited = 0;
      while (sockets.length === before) {
        clock.advance(50);
        waited += 50;
      }
      waits.push(waited);
    }
    expect(waits.slice(0, 7)).toEqual([100, 500, 1000, 2000, 4000, 8000, 10_000]);
    expect(waits.slice(7).every((wait) => wait === 10_000)).toBe(true);
  });

  it('does not hammer a server that accepts and closes', () => {
    for (let tries = 0; tries < 4; tries += 1) {
      socket().events.open();
      socket().say({ type: 'offline' });
      socket().events.close(1011, '');
      clock.advance(10_000);
    }
    const count = sockets.length;
    socket().events.close(1011, '');
    clock.advance(3000);
    expect(sockets.length).toBe(count);
  });

  it('hurries a try that is waiting', () => {
    socket().events.close(1006, '');
    clock.advance(100);
    socket().events.close(1006, '');
    connection.hurry();
    expect(sockets.length).toBe(3);
    clock.advance(5000);
    expect(sockets.length).toBe(3);
  });

  it('does nothing before it is started, and starts once', () => {
    const other = open();
    other.hurry();
    expect(sockets.length).toBe(1);
    other.start();
    other.start();
    expect(sockets.length).toBe(2);
  });

  it('tries again when the browser refuses outright', () => {
    refuse = new Error('mixed content');
    socket().events.close(1006, '');
    clock.advance(100);
    expect(told).toEqual(['closed', 'closed']);
    refuse = undefined;
    clock.advance(500);
    expect(sockets.length).toBe(2);
  });

  it('gives up a try that does not come about in ten seconds', () => {
    clock.advance(10_000);
    expect(told).toEqual(['silent']);
    expect(socket().closed).toBeDefined();
  });

  it('notices a connection that fell silent', () => {
    socket().events.open();
    socket().pong(0);
    clock.advance(250 + 5000);
    expect(told).toEqual(['open', 'silent']);
    clock.advance(500);
    expect(sockets.length).toBe(2);
  });

  it('holds media for a sign of life while an answer is on its way behind it', () => {
    socket().events.open();
    socket().say(TRACKS);
    socket().events.binary(bytes(1));
    for (let seconds = 0; seconds < 20; seconds += 1) {
      clock.advance(1000);
      socket().events.binary(bytes(2));
    }
    expect(told).not.toContain('silent');
    clock.advance(5000);
    expect(told.at(-1)).toBe('silent');
  });

  it('learns the server clock, from its own pings only', () => {
    socket().events.open();
    socket().say({ type: 'pong', id: 77, time: 1 });
    expect(connection.serverClock.roundTrip).toBeUndefined();
    clock.advance(20);
    socket().pong(50_010);
    expect(connection.serverClock.at(clock.now())).toBe(50_020);
    clock.advance(250);
    expect(socket().sent.length).toBe(2);
  });

  it.each([
    ['text that is not JSON', (to: FakeSocket) => to.events.text('{')],
    ['a message that lacks what it needs', (to: FakeSocket) => to.say({ type: 'viewers' })],
    ['media before it is announced', (to: FakeSocket) => to.events.binary(bytes(1))],
  ])('closes on %s with 4400, and comes back', (_, misuse) => {
    socket().events.open();
    misuse(socket());
    expect(told).toEqual(['open', 'protocol']);
    expect(socket().closed).toBe(4400);
    clock.advance(500);
    expect(sockets.length).toBe(2);
  });

  it('leaves no timer behind when it is closed', () => {
    socket().events.open();
    connection.close();
    connection.close();
    expect(socket().closed).toBe(1000);
    expect(clock.pending).toBe(0);
    connection.hurry();
    expect(sockets.length).toBe(1);
  });
});
