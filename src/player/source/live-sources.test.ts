import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import { LiveSources, type TransportChoice } from './live-sources.ts';
import type { PlaySource, SourceEvents, SourceStats, Transport } from './play-source.ts';
import type { WebSocketSource } from './websocket-source.ts';

/** A source whose owner is the test. */
class FakeSource implements PlaySource {
  readonly transport: Transport;
  readonly events: SourceEvents;
  readonly delay = undefined;
  readonly stats = {} as SourceStats;
  targetLatency: PlaySource['targetLatency'];
  patient = false;
  readonly did: string[] = [];

  constructor(transport: Transport, events: SourceEvents) {
    this.transport = transport;
    this.events = events;
  }
  start = () => this.#note('start');
  take = () => this.#note('take');
  release = () => this.#note('release');
  catchUp = () => this.#note('catch up');
  seekToLive = () => this.#note('seek');
  hurry = () => this.#note('hurry');
  close = () => this.#note('close');

  #note(what: string): void {
    this.did.push(what);
  }
}

let clock: ManualClock;
let told: string[];
let webSocket: FakeSource | undefined;
let hls: FakeSource[];
const newestHls = () => hls.at(-1) as FakeSource;

function open(choice: TransportChoice, has: readonly Transport[] = ['websocket', 'hls']): LiveSources {
  const tell = (word: string) => () => told.push(word);
  return new LiveSources({
    clock,
    choice,
    openWebSocket: (events) => {
      if (!has.includes('websocket')) return undefined;
      webSocket = new FakeSource('websocket', events);
      return webSocket as unknown as WebSocketSource;
    },
    openHls: (events) => {
      if (!has.includes('hls')) return undefined;
      hls.push(new FakeSource('hls', events));
      return newestHls();
    },
    events: {
      told: () => {},
      reached: tell('reached'),
      lost: tell('lost'),
      ready: () => {},
      mediaChanged: () => {},
      attached: () => {},
      leaving: tell('leaving'),
      failed: ({ code }) => told.push(code),
      changed: () => {},
    },
  });
}

beforeEach(() => {
  clock = new ManualClock();
  told = [];
  webSocket = undefined;
  hls = [];
});

describe('the live ways of a channel', () => {
  it('begin with the WebSocket, and open no other while it works', () => {
    const sources = open('auto');
    expect(sources.start()).toBe(true);
    webSocket?.events.reached();
    clock.advance(60_000);
    expect([webSocket?.did, hls, sources.current?.transport]).toEqual([['take', 'start'], [], 'websocket']);
  });

  it('change to HLS when that is ready, and back when the WebSocket has lasted', () => {
    const sources = open('auto');
    sources.start();
    clock.advance(4000);
    expect([newestHls().did, sources.current?.transport]).toEqual([['start'], 'websocket']);
    newestHls().events.ready();
    sources.pictured = true;
    expect([sources.current?.transport, webSocket?.did.at(-1), newestHls().did]).toEqual([
      'hls',
      'release',
      ['start', 'take'],
    ]);
    expect(webSocket?.patient).toBe(true);
    webSocket?.events.reached();
    webSocket?.events.ready();
    clock.advance(2000);
    expect([sources.current?.transport, newestHls().did.slice(-2)]).toEqual([
      'websocket',
      ['release', 'close'],
    ]);
    expect([webSocket?.patient, sources.switches]).toEqual([false, 2]);
    expect(told.filter((word) => word === 'leaving')).toHaveLength(2);
  });

  it('are lost only when none is left', () => {
    const sources = open('auto');
    sources.start();
    webSocket?.events.reached();
    webSocket?.events.lost();
    webSocket?.events.lost();
    newestHls().events.reached();
    told = [];
    webSocket?.events.lost();
    expect(told).toEqual([]);
    newestHls().events.lost();
    expect(told).toEqual(['lost']);
    sources.close();
    expect(clock.pending).toBe(0);
  });

  it('do not speak of a WebSocket’s troubles while HLS plays, but of a channel that is none', () => {
    const sources = open('auto');
    sources.start();
    clock.advance(4000);
    newestHls().events.ready();
    told = [];
    webSocket?.events.failed({ code: 'protocol', message: '' });
    webSocket?.events.failed({ code: 'not-found', message: '' });
    expect(told).toEqual(['not-found']);
    sources.close();
  });

  it('keep to one where the page says so, or the browser has no other', () => {
    open('websocket').start();
    clock.advance(60_000);
    expect(hls).toEqual([]);
    expect(open('hls').start()).toBe(true);
    expect(newestHls().did).toEqual(['take', 'start']);
    expect(open('auto', ['hls']).start()).toBe(true);
    expect(open('websocket', ['hls']).start()).toBe(false);
    expect(open('auto', []).start()).toBe(false);
  });
});
