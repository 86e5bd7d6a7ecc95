import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import { bytes, milliseconds } from '../../media/time.ts';
import type { HlsEngine, HlsEngineEvents } from '../hls/hls-engine.ts';
import { WallClock } from '../hls/wall-clock.ts';
import type { PlayNews } from '../load/play-connection.ts';
import { HlsSource } from './hls-source.ts';

/** An engine that does as the test says. */
class FakeEngine implements HlsEngine {
  readonly events: HlsEngineEvents;
  playingDate: HlsEngine['playingDate'];
  lateness: HlsEngine['lateness'];
  window = undefined;
  targetLatency: HlsEngine['targetLatency'];
  did: string[] = [];

  constructor(events: HlsEngineEvents) {
    this.events = events;
  }
  open(): void {
    this.did.push('open');
  }
  take(): void {
    this.did.push('take');
  }
  seekToLive(): void {
    this.did.push('seek');
  }
  close(): void {
    this.did.push('close');
  }
}

const index = (presentation: string) => () => new Response(`#EXTM3U\n${presentation}/video.m3u8\n`);
const refusal = (error: string) => () => new Response(JSON.stringify({ error }), { status: 404 });

let clock: ManualClock;
let engines: FakeEngine[];
let told: string[];
let answer: () => Response;
let broken: boolean;
let news: (news: PlayNews) => void;
let source: HlsSource;
const engine = () => engines.at(-1) as FakeEngine;
const settle = () => new Promise((done) => setImmediate(done));
const pass = async (time: number) => {
  clock.advance(time);
  await settle();
};

beforeEach(async () => {
  clock = new ManualClock(Date.UTC(2026, 0, 1));
  engines = [];
  told = [];
  broken = false;
  answer = index('p1');
  source = openSource('hls');
});

function openSource(transport: 'hls' | 'native-hls'): HlsSource {
  const tell = (word: string) => () => told.push(word);
  const fetchTime = async () => new Response(new Date(clock.wall()).toISOString());
  return new HlsSource({
    transport,
    media: new EventTarget() as HTMLVideoElement,
    url: 'https://tv.example/live/main/index.m3u8',
    clock,
    random: () => 1,
    fetch: async () => answer(),
    openEngine: async (_url, events) => {
      if (broken) throw new TypeError('Failed to fetch dynamically imported module');
      engines.push(new FakeEngine(events));
      return engine();
    },
    followNews: (onNews) => {
      news = onNews;
      return { close: tell('no more news') };
    },
    wallClock: new WallClock({ url: 'https://tv.example/live/time', clock, fetch: fetchTime }),
    events: {
      told: (message) => told.push(message.type),
      reached: () => {},
      lost: tell('lost'),
      ready: tell('ready'),
      mediaChanged: () => {},
      attached: tell('attached'),
      leaving: tell('leaving'),
      failed: ({ code }) => told.push(code),
      changed: () => {},
    },
  });
}
afterEach(() => {
  source.close();
  expect(clock.pending).toBe(0);
});

describe('HLS as a way to play', () => {
  it('gets ready without the video element, and takes it when it is told to', async () => {
    source.start();
    await settle();
    expect([told, engine().did]).toEqual([['live'], ['open']]);
    engine().events.ready();
    expect(told).toEqual(['live', 'ready']);
    source.take();
    expect([told, engine().did]).toEqual([
      ['live', 'ready', 'attached'],
      ['open', 'take'],
    ]);
  });

  it('waits for a broadcast, and begins when it is told of one', async () => {
    answer = refusal('not-live');
    source.start();
    await settle();
    expect([told, engines.length]).toEqual([['offline'], 0]);
    answer = index('p1');
    news({ type: 'live', broadcast: 'b', startedAt: 0, title: 'By the lake' });
    await settle();
    expect(engines).toHaveLength(1);
  });

  it('does not take an interrupted broadcast for one that goes on', async () => {
    source.start();
    news({ type: 'live', broadcast: 'b', startedAt: 0, title: null });
    news({ type: 'interrupted', grace: 30_000 });
    await settle();
    expect([told, engine().did]).toEqual([['live', 'interrupted'], ['open']]);
  });

  it('finds the playlist of a broadcast that has just ended, which is none to play', async () => {
    source.start();
    await settle();
    engine().events.complete();
    await settle();
    expect(told).toEqual(['live', 'ended']);
  });

  it('says that there is no such channel, and goes on asking', async () => {
    answer = refusal('channel-not-found');
    source.start();
    await settle();
    expect(told).toEqual(['not-found']);
    answer = index('p1');
    await pass(30_000);
    expect(engines).toHaveLength(1);
  });
});

describe('the end of a playlist', () => {
  beforeEach(async () => {
    source.start();
    source.take();
    await settle();
    engine().events.ready();
    told = [];
  });

  it('is the end of the broadcast where nothing follows, and the next one starts by itself', async () => {
    engine().events.complete();
    await settle();
    expect([told, engines.length]).toEqual([['ended'], 1]);
    answer = refusal('not-live');
    await pass(3000);
    expect(told).toEqual(['ended']);
    answer = index('p2');
    await pass(3000);
    expect(told).toEqual(['ended', 'live', 'leaving']);
    expect(engines).toHaveLength(2);
  });

  it('is followed by another presentation of the same broadcast without a word', async () => {
    answer = index('p2');
    engine().events.complete();
    await settle();
    engine().events.ready();
    expect(told).toEqual(['leaving', 'attached', 'ready']);
  });
});

describe('failures', () => {
  beforeEach(async () => {
    source.start();
    source.take();
    await settle();
    engine().events.ready();
    told = [];
  });

  it('of the network are tried again, with the last picture held', async () => {
    engine().events.failed('network');
    expect(told).toEqual(['leaving', 'lost']);
    await pass(500);
    engine().events.ready();
    expect(told).toEqual(['leaving', 'lost', 'live', 'attached', 'ready']);
    expect(source.stats.reconnects).toBe(1);
  });

  it('of the media are started over, and of the codec said in words', async () => {
    engine().events.failed('media');
    await pass(500);
    expect([source.stats.rebuilds, engines.length]).toEqual([1, 2]);
    engine().events.received(bytes(1000));
    engine().events.failed('codec');
    expect(told).toContain('unsupported-codec');
  });

  it('of the codec are believed of a browser’s own player only when they come again and again', async () => {
    source.close();
    source = openSource('native-hls');
    source.start();
    source.take();
    await settle();
    told = [];
    // It says so also of a playlist that is too short yet.
    for (let refusals = 1; refusals <= 3; refusals += 1) {
      engine().events.failed('codec');
      expect(told).not.toContain('unsupported-codec');
      const { length } = engines;
      for (let second = 0; second < 60 && engines.length === length; second += 1) await pass(1000);
    }
    engine().events.failed('codec');
    expect(told).toContain('unsupported-codec');
  });

  it('to load the library are tried again', async () => {
    broken = true;
    engine().events.failed('network');
    await pass(500);
    expect(engines).toHaveLength(1);
    broken = false;
    await pass(1000);
    expect(engines).toHaveLength(2);
  });

  it('of an engine that was given up are no matter', async () => {
    const old = engine();
    source.release();
    told = [];
    old.events.ready();
    old.events.failed('network');
    expect(told).toEqual([]);
  });
});

describe('the delay', () => {
  it('is the server’s time less that of the picture, and of its aim', async () => {
    source.start();
    await settle();
    expect(source.delay).toBeUndefined();
    engine().playingDate = { at: milliseconds(clock.wall() - 1500), from: 'capture' };
    engine().lateness = milliseconds(300);
    expect(source.delay).toEqual({ delay: 1500, from: 'capture' });
    expect(source.stats).toMatchObject({ targetDelay: 1200, bitrate: 0 });
  });
});
