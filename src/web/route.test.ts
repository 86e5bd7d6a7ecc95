import { describe, expect, it } from 'vitest';
import { matchRoute, paths } from './route.ts';

describe('matchRoute', () => {
  it('finds each page by its own address', () => {
    expect(matchRoute(paths.channels)).toEqual({ page: 'channels' });
    expect(matchRoute(paths.studio('main'))).toEqual({ page: 'studio', channel: 'main' });
    expect(matchRoute(paths.recordings())).toEqual({ page: 'recordings' });
    expect(matchRoute(paths.recording('3f2a-01'))).toEqual({ page: 'recording', id: '3f2a-01' });
  });

  it('does not mind a slash at the end', () => {
    expect(matchRoute('/recordings/')).toEqual({ page: 'recordings' });
    expect(matchRoute('/studio/main/')).toEqual({ page: 'studio', channel: 'main' });
  });

  it.each(['/studio', '/studio/Main', '/studio/a/b', '/studio/%2e%2e', '/recordings/a%20b', '/nowhere'])(
    'finds nothing at %s',
    (path) => {
      expect(matchRoute(path)).toEqual({ page: 'not-found' });
    },
  );
});
