import { expect, it } from 'vitest';
import { DestinationError } from './destination-error.ts';
import { parsePublishTarget, splitStreamKey } from './publish-target.ts';

it('takes an address and a key apart', () => {
  expect(parsePublishTarget('rtmp://a.rtmp.youtube.com/live2', 'abcd-efgh')).toEqual({
    ...{ tls: false, host: 'a.rtmp.youtube.com', port: 1935, app: 'live2' },
    ...{ tcUrl: 'rtmp://a.rtmp.youtube.com/live2', streamName: 'abcd-efgh' },
  });
  expect(parsePublishTarget('rtmps://live-api-s.facebook.com:443/rtmp/', 'FB-1?s_bl=1&a=b')).toMatchObject({
    ...{ tls: true, port: 443, app: 'rtmp', streamName: 'FB-1?s_bl=1&a=b' },
  });
  expect(parsePublishTarget('rtmp://[2001:db8::1]:19350/a/b', 'k')).toMatchObject({
    ...{ host: '2001:db8::1', port: 19_350, app: 'a/b', tcUrl: 'rtmp://[2001:db8::1]:19350/a/b' },
  });
});

it('publishes the last part of the path where there is no key', () => {
  expect(parsePublishTarget('rtmp://host/live/room', '')).toMatchObject({ app: 'live', streamName: 'room' });
});

it('takes a key that stands in the address out of it, with what follows it', () => {
  const split = (address: string, key = '') => Object.values(splitStreamKey(address, key));
  expect(split('rtmp://a.example/live2/abcd-efgh')).toEqual(['rtmp://a.example/live2', 'abcd-efgh']);
  expect(split('rtmps://h:443/a/b/FB-1%2B?s=1&a=%2B')).toEqual(['rtmps://h:443/a/b', 'FB-1+?s=1&a=%2B']);
  expect(split('rtmp://host/live/room/', 'pubUser=ada pubPasswd=x')).toEqual([
    'rtmp://host/live',
    'room pubUser=ada pubPasswd=x',
  ]);
  for (const [address = '', key = ''] of [
    ['rtmp://host/live/room?x=1', 'k'],
    ['rtmp://host/live', ''],
    ['rtmp://host', ''],
    ['nonsense', ''],
  ]) {
    expect(split(address, key)).toEqual([address, key]);
  }
});

it('keeps what servers have put into the query of an application', () => {
  expect(parsePublishTarget('rtmp://host/app?vhost=a', 'k')).toMatchObject({ app: 'app?vhost=a' });
  expect(parsePublishTarget('rtmp://host/a%20b?sig=a%2Bb%26c', 'k')).toMatchObject({
    ...{ app: 'a b?sig=a%2Bb%26c', tcUrl: 'rtmp://host/a b?sig=a%2Bb%26c' },
  });
});

it('knows who publishes where that stands behind the key', () => {
  const credentials = { user: 'ada', password: 'p=w&d?' };
  expect(parsePublishTarget('rtmp://host/live', 'room pubUser=ada pubPasswd=p=w&d?')).toMatchObject({
    ...{ app: 'live', streamName: 'room', credentials },
  });
  expect(parsePublishTarget('rtmp://host/live/room', 'pubUser=ada pubPasswd=p=w&d?')).toMatchObject({
    ...{ app: 'live', streamName: 'room', credentials },
  });
  expect(parsePublishTarget('rtmp://host/live', 'room?pubUser=ada')).not.toHaveProperty('credentials');
});

it('refuses what is no RTMP address in words', () => {
  for (const [address, key] of [
    ['https://host/live', 'k'],
    ['rtmpt://host/live', 'k'],
    ['rtmp://user:secret@host/live', 'k'],
    ['rtmp://host/live#x', 'k'],
    ['rtmp://host', 'k'],
    ['rtmp:///live', 'k'],
    ['rtmp://host/live', ' '],
    ['rtmp://host:99999/live', 'k'],
    [`rtmp://host/${'a'.repeat(3000)}`, 'k'],
    ['nonsense', 'k'],
  ] as const) {
    expect(() => parsePublishTarget(address, key), address).toThrow(DestinationError);
  }
});
