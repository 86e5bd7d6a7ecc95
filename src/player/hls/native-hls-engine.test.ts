import { beforeEach, describe, expect, it } from 'vitest';
import { milliseconds } from '../../media/time.ts';
import { NativeHlsEngine } from './native-hls-engine.ts';

const URL = 'https://tv.example/live/main/index.m3u8';
const START = Date.UTC(2026, 0, 1);

/** A video element of a browser that plays HLS by itself: as much of it as is used. */
class FakeMedia extends EventTarget {
  src = '';
  currentTime = 0;
  error: { readonly code: number } | null = null;
  /** What can be played: none before anything is loaded. */
  range: readonly [number, number] | undefined;
  loads = 0;
  getStartDate?: () => Date;

  get seekable() {
    const { range } = this;
    return { length: range ? 1 : 0, start: () => range?.[0] ?? 0, end: () => range?.[1] ?? 0 };
  }
  removeAttribute(name: string): void {
    if (name === 'src') this.src = '';
  }
  load(): void {
    this.loads += 1;
  }
  fail(code: number): void {
    this.error = { code };
    this.dispatchEvent(new Event('error'));
  }
}

let media: FakeMedia;
let told: string[];
let engine: NativeHlsEngine;
beforeEach(() => {
  media = new FakeMedia();
  told = [];
  engine = new NativeHlsEngine({
    media: media as unknown as HTMLVideoElement,
    url: URL,
    events: {
      ready: () => told.push('ready'),
      received: () => told.push('received'),
      complete: () => told.push('complete'),
      failed: (failure) => told.push(failure),
    },
  });
});

describe('the browser’s own player of HLS', () => {
  it('is ready at once, and takes the video element when it is told to, not before', () => {
    engine.open();
    expect([told, media.src]).toEqual([['ready'], '']);
    engine.take();
    expect(media.src).toBe(URL);
  });

  it('tells that media came when it plays, which ends a row of failures, and not after its end', () => {
    engine.open();
    engine.take();
    media.dispatchEvent(new Event('playing'));
    expect(told).toEqual(['ready', 'received']);
    engine.close();
    media.dispatchEvent(new Event('playing'));
    expect(told).toEqual(['ready', 'received']);
  });

  it('begins so far before the end, as soon as that is known, and not before the beginning', () => {
    engine.take(milliseconds(30_000));
    media.range = [10, 100];
    media.dispatchEvent(new Event('loadedmetadata'));
    expect(media.currentTime).toBe(70);
    media.currentTime = 72;
    media.dispatchEvent(new Event('loadedmetadata'));
    expect(media.currentTime).toBe(72);
    engine.close();
    engine.take(milliseconds(300_000));
    media.dispatchEvent(new Event('loadedmetadata'));
    expect(media.currentTime).toBe(10);
  });

  it('leaves where to begin to the browser where it is live, and goes back there when it is told to', () => {
    engine.take();
    engine.seekToLive();
    media.range = [10, 100];
    media.dispatchEvent(new Event('loadedmetadata'));
    expect(media.currentTime).toBe(0);
    engine.seekToLive();
    expect(media.currentTime).toBe(99);
  });

  it('knows when what is shown arrived where the browser knows the date of its beginning', () => {
    engine.take();
    media.currentTime = 12.5;
    expect(engine.playingDate).toBeUndefined();
    media.getStartDate = () => new Date(Number.NaN);
    expect(engine.playingDate).toBeUndefined();
    media.getStartDate = () => new Date(START);
    expect(engine.playingDate).toEqual({ at: START + 12_500, from: 'arrival' });
  });

  it('knows what can be played, and nothing of it without the video element', () => {
    media.range = [10, 100];
    media.getStartDate = () => new Date(START);
    expect([engine.window, engine.playingDate]).toEqual([undefined, undefined]);
    engine.take();
    expect(engine.window).toEqual({ start: 10, end: 100, endDate: undefined });
    media.range = undefined;
    expect(engine.window).toBeUndefined();
  });

  it('tells of the end', () => {
    engine.take();
    media.dispatchEvent(new Event('ended'));
    expect(told).toEqual(['complete']);
  });

  it.each([
    [2, 'network'],
    [3, 'media'],
    [4, 'codec'],
    [1, 'media'],
  ])('says what an error of the element means, once, and lets go of it: %i', (code, failure) => {
    engine.take();
    media.fail(code);
    media.fail(code);
    expect([told, media.src, media.loads]).toEqual([[failure], '', 1]);
  });

  it('hears nothing any more when it is closed, which may be twice, or before it took anything', () => {
    engine.close();
    expect(media.loads).toBe(0);
    engine.take();
    engine.close();
    engine.close();
    media.dispatchEvent(new Event('ended'));
    media.fail(2);
    expect([told, media.src, media.loads]).toEqual([[], '', 1]);
  });
});
