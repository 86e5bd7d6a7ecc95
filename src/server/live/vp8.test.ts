import { once } from 'node:events';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { readFixture } from '../../../test/contract/fixtures.ts';
import { DEFAULT_DEMUXER_LIMITS } from '../../media/demuxer.ts';
import { Mp4Demuxer } from '../../media/mp4/mp4-demuxer.ts';
import type { Track } from '../../media/track.ts';
import type { RecordingResource } from '../../wire/api.ts';
import { startTestServer, type TestServer } from '../test-server.ts';

const FRAMES = 236;
const PATIENCE = { timeout: 60_000, interval: 50 };

let server: TestServer;
afterEach(() => server.close());

const open = async (path: string, options: object = {}) => {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}${path}`, options);
  await once(socket, 'open');
  return socket;
};

const publish = async () => {
  const headers = { authorization: `Bearer ${await server.streamKey('main')}` };
  const socket = await open('/live/main/publish', { headers });
  socket.send(readFixture('webm-vp8-opus.webm'));
  return socket;
};

/** What a player over WebSocket is given: its tracks, and how many pictures. */
async function watch() {
  const seen = { codecs: [] as string[], pictures: 0, over: false };
  let kinds: readonly Track['kind'][] = [];
  const demuxer = new Mp4Demuxer(
    {
      tracks: (tracks) => {
        kinds = tracks.map(({ kind }) => kind);
        seen.codecs = tracks.map(({ codec }) => codec);
      },
      sample: (track) => {
        if (kinds[track] === 'video') seen.pictures += 1;
      },
    },
    DEFAULT_DEMUXER_LIMITS,
  );
  const socket = await open('/live/main/ws');
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) demuxer.push(data);
    else seen.over ||= String(data).includes('"ended"');
  });
  return { seen, socket };
}

const json = async <T>(path: string): Promise<T> => (await (await server.request('GET', path)).json()) as T;
const text = async (path: string) => (await server.request('GET', path, { anonymous: true })).text();

describe('a broadcast in VP8', () => {
  test('is shown as H.264, every picture of it, and recorded as it came', async () => {
    server = await startTestServer();
    const viewer = await watch();
    const publisher = await publish();
    // The encoder has the last picture when it knows that nothing follows.
    await vi.waitFor(() => expect(viewer.seen.pictures).toBeGreaterThanOrEqual(FRAMES - 2), PATIENCE);
    expect(viewer.seen.codecs).toEqual(['avc', 'opus']);
    expect(await text('/live/main/index.m3u8')).toMatch(/CODECS="avc1\.[0-9a-f]{6},opus"/);
    expect(await text('/live/main/manifest.mpd')).toContain('codecs="avc1.');
    publisher.close();
    await vi.waitFor(() => expect(viewer.seen).toMatchObject({ over: true, pictures: FRAMES }), PATIENCE);
    viewer.socket.close();
    const [recording] = (await json<{ items: RecordingResource[] }>('/api/recordings')).items;
    expect(recording?.mime).toBe('video/mp4; codecs="vp08.00.21.08,opus"');
  });

  test('cannot begin where nothing makes H.264, and says so', async () => {
    server = await startTestServer({ HEADWATER_TRANSCODE_ENABLED: 'false' });
    const publisher = await publish();
    const [code, reason] = (await once(publisher, 'close')) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([4415, 'codec-unsupported']);
    expect(await json('/api/channels/main')).toMatchObject({ state: 'offline' });
  });
});
