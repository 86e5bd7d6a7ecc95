import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import { DvrWindow, readDvrPlaylist } from './dvr-window.ts';

const MEDIA = '#EXTM3U\n#EXT-X-PLAYLIST-TYPE:EVENT\n#EXTINF:2.5,\na.m4s\n#EXTINF:2,\nb.m4s\n';
const INDEX = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n../../vod/1/video.m3u8\n';

let clock: ManualClock;
let files: Record<string, string>;
let asked: string[];
let window: DvrWindow;
beforeEach(() => {
  clock = new ManualClock();
  files = { 'https://tv.example/live/main/dvr.m3u8': MEDIA };
  asked = [];
  window = new DvrWindow({
    url: 'https://tv.example/live/main/dvr.m3u8',
    clock,
    fetch: async (input) => {
      asked.push(String(input));
      const text = files[String(input).replace(/[?&]optional$/, '')];
      const response = new Response(text ?? '', { status: text === undefined ? 404 : 200 });
      Object.defineProperty(response, 'url', { value: String(input) });
      return response;
    },
    onChange: () => {},
  });
});
const settle = () => new Promise((done) => setImmediate(done));
const look = async () => {
  window.look();
  await settle();
};

describe('how far back can be gone', () => {
  it('is not asked before somebody looks, and grows while the broadcast is on', async () => {
    expect([window.length, asked]).toEqual([undefined, []]);
    await look();
    expect(window.length).toBe(4500);
    clock.advance(10_000);
    expect(window.length).toBe(14_500);
    await look();
    expect(asked).toHaveLength(1);
    clock.advance(20_000);
    await look();
    expect([window.length, asked.length]).toEqual([4500, 2]);
  });

  it('stays as it is when the broadcast is over', async () => {
    files['https://tv.example/live/main/dvr.m3u8'] = `${MEDIA}#EXT-X-ENDLIST\n`;
    await look();
    clock.advance(10_000);
    expect(window.length).toBe(4500);
  });

  it('is what a live window holds where nothing is kept, asked again soon as that fills at first', async () => {
    files['https://tv.example/live/main/dvr.m3u8'] = MEDIA.replace('#EXT-X-PLAYLIST-TYPE:EVENT\n', '');
    await look();
    clock.advance(4000);
    expect([window.length, window.look()]).toEqual([4500, false]);
    clock.advance(2000);
    expect(window.look()).toBe(true);
    expect(window.look()).toBe(true);
    await settle();
    expect([window.length, asked.length]).toEqual([4500, 2]);
  });

  it('is looked for as somebody who is not counted', async () => {
    await look();
    files = { 'https://tv.example/live/main/dvr.m3u8': INDEX, 'https://tv.example/vod/1/video.m3u8': MEDIA };
    window.reset();
    await look();
    expect(asked.every((url) => url.endsWith('?optional'))).toBe(true);
    expect(asked).toHaveLength(3);
  });

  it('is found behind a multivariant playlist', async () => {
    files = { 'https://tv.example/live/main/dvr.m3u8': INDEX, 'https://tv.example/vod/1/video.m3u8': MEDIA };
    await look();
    expect(window.length).toBe(4500);
  });

  it('is nowhere where the server keeps nothing, which is not asked again at once', async () => {
    files = {};
    await look();
    expect(window.look()).toBe(false);
    expect([window.length, asked.length]).toEqual([undefined, 1]);
    window.reset();
    files = { 'https://tv.example/live/main/dvr.m3u8': MEDIA };
    await look();
    expect(window.length).toBe(4500);
  });
});

describe('readDvrPlaylist', () => {
  it.each(['', '#EXTM3U', 'no playlist', '#EXTM3U\n#EXTINF:abc,\nx'])('finds nothing in %j', (text) => {
    expect(readDvrPlaylist(text)).toBeUndefined();
  });
});
