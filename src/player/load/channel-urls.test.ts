import { describe, expect, it } from 'vitest';
import { channelUrls, PlayUrlError } from './channel-urls.ts';

describe('channelUrls', () => {
  it.each([
    ['/live/main', 'https://tv.example/watch/main', 'wss://tv.example/live/main/ws'],
    ['../live/main/', 'http://tv.example:8080/sub/watch/main', 'ws://tv.example:8080/sub/live/main/ws'],
    ['https://other.example/live/a', 'https://tv.example/', 'wss://other.example/live/a/ws'],
    ['wss://other.example/live/a?token=1', 'https://tv.example/', 'wss://other.example/live/a/ws?token=1'],
  ])('finds the play socket of %s', (src, base, url) => {
    expect(channelUrls(src, base).socket).toBe(url);
  });

  it('finds what is fetched beside it, with the same query', () => {
    expect(channelUrls('/live/a/?t=1', 'https://tv.example/')).toEqual({
      socket: 'wss://tv.example/live/a/ws?t=1',
      hls: 'https://tv.example/live/a/index.m3u8?t=1',
      dvr: 'https://tv.example/live/a/dvr.m3u8?t=1',
      events: 'https://tv.example/live/a/events?t=1',
      time: 'https://tv.example/live/time?t=1',
    });
  });

  it.each(['ftp://tv.example/live/main', 'javascript:alert(1)', 'http://['])('refuses %s', (src) => {
    expect(() => channelUrls(src, 'https://tv.example/')).toThrow(PlayUrlError);
  });
});
