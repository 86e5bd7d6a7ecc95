import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import { milliseconds } from '../../media/time.ts';
import type { HlsEngine, HlsEngineEvents, HlsWindow } from '../hls/hls-engine.ts';
import { WallClock } from '../hls/wall-clock.ts';
import { RewindSource } from './rewind-source.ts';

/** An engine whose playlist is a minute long. */
class FakeEngine implements HlsEngine {
  readonly events: HlsEngineEvents;
  readonly playingDate = undefined;
  readonly lateness = undefined;
  readonly targetLatency = undefined;
  readonly window: HlsWindow = { start: 0, end: 60, endDate: undefined };
  taken: number | undefined;
  closed = false;

  constructor(events: HlsEngineEvents) {
    this.events = events;
  }
  open(): void {}
  take(behind?: number): void {
    this.taken = behind;
  }
  seekToLive(): void {}
  close(): void {
    this.closed = true;
  }
}

let media: HTMLVideoElement;
let engine: FakeEngine;
let told: string[];
let source: RewindSource;
const settle = () => new Promise((done) => setImmediate(done));
const show = () => media.dispatchEvent(new Event('loadeddata'));

beforeEach(async () => {
  const clock = new ManualClock();
  media = Object.assign(new EventTarget(), { currentTime: 500 }) as HTMLVideoElement;
  told = [];
  const tell = (word: string) => () => told.push(word);
  source = new RewindSource({
    transport: 'hls',
    media,
    url: 'https://tv.example/live/main/dvr.m3u8',
    behind: milliseconds(10_000),
    clock,
    openEngine: async (_url, events) => {
      engine = new FakeEngine(events);
      return engine;
    },
    wallClock: new WallClock({
      url: 'https://tv.example/live/time',
      clock,
      fetch: () => new Promise(() => {}),
    }),
    events: {
      leaving: tell('leaving'),
      attached: tell('attached'),
      changed: () => {},
      ended: tell('ended'),
    },
  });
  source.start();
  await settle();
});

describe('a viewer who goes back', () => {
  it('begins where they wanted to, and is told that place until there is a picture of it', () => {
    expect(source.behind).toBe(10_000);
    engine.events.ready();
    expect([engine.taken, told]).toEqual([10_000, ['leaving', 'attached']]);
    expect(source.behind).toBe(10_000);
    media.currentTime = 50;
    show();
    expect([source.behind, source.length]).toEqual([10_000, 60_000]);
    media.currentTime = 52;
    expect(source.behind).toBe(8000);
  });

  it('goes further while nothing is loaded yet: no key press is lost', () => {
    source.seek(milliseconds(20_000));
    expect(source.behind).toBe(20_000);
    engine.events.ready();
    expect(engine.taken).toBe(20_000);
  });

  it('goes further while the first picture is waited for', () => {
    engine.events.ready();
    source.seek(milliseconds(20_000));
    source.seek(milliseconds(30_000));
    expect([source.behind, media.currentTime]).toEqual([30_000, 500]);
    media.currentTime = 50;
    show();
    expect([source.behind, media.currentTime]).toEqual([30_000, 30]);
    // Another picture of the same source is no reason to seek.
    media.currentTime = 33;
    show();
    expect(media.currentTime).toBe(33);
  });

  it('moves at once from then on, not beyond what is kept', () => {
    engine.events.ready();
    show();
    source.seek(milliseconds(25_000));
    expect(media.currentTime).toBe(35);
    source.seek(milliseconds(90_000));
    expect(media.currentTime).toBe(0);
    // The end of what is kept has nothing to begin with.
    source.seek(milliseconds(0));
    expect(media.currentTime).toBe(58);
  });

  it('is live again at the end of a broadcast that is over, and where nothing can be loaded', () => {
    engine.events.complete();
    media.dispatchEvent(new Event('ended'));
    expect(told).toEqual(['ended']);
    engine.events.failed('network');
    expect(told).toEqual(['ended', 'ended']);
    source.close();
    source.close();
    expect(engine.closed).toBe(true);
  });
});
