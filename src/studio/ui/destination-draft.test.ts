import { expect, it } from 'vitest';
import { changeOf, createOf, draftOf, withProvider } from './destination-draft.ts';

it('begins with a platform, and takes another one’s address and name with it', () => {
  const draft = draftOf('new');
  expect(draft).toMatchObject({
    provider: 'youtube',
    url: 'rtmps://a.rtmps.youtube.com/live2',
    name: 'YouTube',
  });
  const twitch = withProvider(draft, 'twitch');
  expect(twitch).toMatchObject({ name: 'Twitch', url: expect.stringContaining('live-video.net') });
  expect(withProvider(twitch, 'custom')).toMatchObject({ name: 'Custom', url: '' });
});

it('keeps a name and an address that were typed', () => {
  const draft = { ...draftOf('new'), name: 'Choir', url: 'rtmp://own.example/live' };
  expect(withProvider(draft, 'custom')).toMatchObject({ name: 'Choir', url: 'rtmp://own.example/live' });
});

it('says minutes as milliseconds, nothing as null, and no key where none was typed', () => {
  const draft = { ...draftOf('new'), longest: '1.5', streamKey: ' abc ' };
  expect(createOf(draft)).toMatchObject({ maxDuration: 90_000, playbackUrl: null, streamKey: 'abc' });
  expect(changeOf({ ...draft, streamKey: '', longest: '' })).not.toHaveProperty('streamKey');
  expect(changeOf({ ...draft, longest: '' })).toMatchObject({ maxDuration: null, streamKey: 'abc' });
});
