import { describe, expect, it } from 'vitest';
import { channelOfPath } from './channel-of-path.ts';
import { embedSnippets } from './embed-snippets.ts';

describe('channelOfPath', () => {
  it('reads the channel from a watch or embed address', () => {
    expect(channelOfPath('/watch/main')).toBe('main');
    expect(channelOfPath('/embed/pitch-2/')).toBe('pitch-2');
  });

  it.each(['/watch/', '/watch', '/watch/Main', '/watch/a%2Fb', '/watch/main/extra', '/watch/<b>'])(
    'finds none in %s',
    (path) => {
      expect(channelOfPath(path)).toBeUndefined();
    },
  );
});

describe('embedSnippets', () => {
  it('names the channel under the address of this server', () => {
    const [link, frame, component] = embedSnippets('https://live.example.org', 'main');
    expect(link?.text).toBe('https://live.example.org/watch/main');
    expect(frame?.text).toContain('src="https://live.example.org/embed/main"');
    expect(component?.text).toContain('src="https://live.example.org/player/headwater-player.js"');
    expect(component?.text).toContain('<headwater-player src="https://live.example.org/live/main">');
  });
});
