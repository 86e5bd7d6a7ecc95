import { describe, expect, it } from 'vitest';
import { PlayUrlError, playUrl } from './play-url.ts';

describe('playUrl', () => {
  it.each([
    ['/live/main', 'https://tv.example/watch/main', 'wss://tv.example/live/main/ws'],
    ['../live/main/', 'http://tv.example:8080/sub/watch/main', 'ws://tv.example:8080/sub/live/main/ws'],
    ['https://other.example/live/a', 'https://tv.example/', 'wss://other.example/live/a/ws'],
    ['wss://other.example/live/a?token=1', 'https://tv.example/', 'wss://other.example/live/a/ws?token=1'],
  ])('finds the play socket of %s', (src, base, url) => {
    expect(playUrl(src, base)).toBe(url);
  });

  it.each(['ftp://tv.example/live/main', 'javascript:alert(1)', 'http://['])('refuses %s', (src) => {
    expect(() => playUrl(src, 'https://tv.example/')).toThrow(PlayUrlError);
  });
});
