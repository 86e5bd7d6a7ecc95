import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { ManualClock } from '../../../channel/manual-clock.ts';
import type { RecordingList, RecordingResource } from '../../../wire/api.ts';
import type { PublisherMessage } from '../../../wire/publish.ts';
import { commandClock } from '../../system-clock.ts';
import { startTestServer, type TestServer } from '../../test-server.ts';
import { MediaFile } from './media-file.ts';
import { Pace } from './pace.ts';
import { Progress, type ProgressState } from './progress.ts';
import { type PublishFileOptions, publishFile } from './publish-file.ts';
import { parsePublishTarget } from './publish-target.ts';

const FIXTURES = join(import.meta.dirname, '../../../../test/fixtures/chromium');
const fixture = (name: string) => join(FIXTURES, name);

describe('the address to publish to', () => {
  test.each([
    ['http://h:8080/live/main', 'ws://h:8080/live/main/publish'],
    ['https://h/live/main/', 'wss://h/live/main/publish'],
    ['ws://h/live/main/publish', 'ws://h/live/main/publish'],
    ['http://h/watch/main', 'ws://h/live/main/publish'],
    ['http://h/studio/main', 'ws://h/live/main/publish'],
    ['https://h/sub/path/live/main', 'wss://h/sub/path/live/main/publish'],
  ])('%s is %s', (text, url) => {
    expect(parsePublishTarget(text)).toEqual({ url, channel: 'main', key: undefined });
  });

  test('gives its key to a header', () => {
    expect(parsePublishTarget('http://h/live/main?key=abc')).toEqual({
      url: 'ws://h/live/main/publish',
      channel: 'main',
      key: 'abc',
    });
  });

  test.each(['main', 'ftp://h/live/main', 'http://h/', 'http://h/live/Main', 'http://h/other/main'])(
    'is not %s',
    (text) => expect(() => parsePublishTarget(text)).toThrow(/expected an address/),
  );
});

describe('a file', () => {
  test('is told by its bytes', async () => {
    for (const [name, type] of [
      ['webm-vp9-opus.webm', 'video/webm'],
      ['mp4-avc1-opus.mp4', 'video/mp4'],
    ] as const) {
      const file = await MediaFile.open(fixture(name));
      expect(file.mimeType).toBe(type);
      await file.close();
    }
  });

  test('that is none, or no media, is refused in words', async () => {
    await expect(MediaFile.open('/nowhere.webm')).rejects.toMatchObject({ code: 'file-unreadable' });
    await expect(MediaFile.open(FIXTURES)).rejects.toMatchObject({ code: 'file-unreadable' });
    await expect(MediaFile.open(import.meta.filename)).rejects.toMatchObject({ code: 'container-unknown' });
  });

  test('is due by its own timestamps', async () => {
    const file = await MediaFile.open(fixture('webm-vp9-opus.webm'));
    const pace = new Pace();
    const times: number[] = [];
    for (let offset = 0; offset < file.size; ) {
      const bytes = await file.read(offset);
      times.push(pace.due(bytes));
      offset += bytes.byteLength;
    }
    await file.close();
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times.at(-1)).toBeGreaterThan(5000);
    expect(times.at(-1)).toBeLessThan(12_000);
  });
});

describe('publishing to a server', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(async () => {
    await server.close();
  });

  async function publish(
    name: string,
    change: Partial<PublishFileOptions> & { key?: string } = {},
  ): Promise<{ recording: string | null; stopped: boolean; states: ProgressState[] }> {
    const { key, ...rest } = change;
    const file = await MediaFile.open(fixture(name));
    const states: ProgressState[] = [];
    try {
      const outcome = await publishFile({
        address: {
          url: `${server.url.replace('http', 'ws')}/live/main/publish`,
          key: key ?? (await server.streamKey('main')),
        },
        file,
        title: 'From a file',
        realtime: false,
        loop: false,
        takeover: false,
        clock: commandClock,
        stop: new AbortController().signal,
        onProgress: (state) => states.push(state),
        ...rest,
      });
      return { ...outcome, states };
    } finally {
      await file.close();
    }
  }

  test.each(['webm-vp9-opus.webm', 'webm-h264-opus.webm', 'webm-av1-opus.webm', 'mp4-avc1-opus.mp4'])(
    'makes a recording of %s',
    async (name) => {
      const { recording, states } = await publish(name);
      const answer = await server.request('GET', `/api/recordings/${recording}`);
      const resource = (await answer.json()) as RecordingResource;
      expect(resource).toMatchObject({ channel: 'main', title: 'From a file', state: 'complete' });
      expect(resource.duration).toBeGreaterThan(5000);
      expect(states[0]?.state).toBe('connecting');
      expect(states.at(-1)).toMatchObject({ state: 'ending' });
    },
  );

  test('fails by the server’s own words and code', async () => {
    await expect(publish('webm-vp9-opus.webm', { key: 'wrong' })).rejects.toMatchObject({
      code: 'stream-key-wrong',
    });
  });

  test('goes round and round in one broadcast until it is stopped', async () => {
    const stop = new AbortController();
    const { stopped } = await publish('webm-vp9-opus.webm', {
      loop: true,
      stop: stop.signal,
      onProgress: ({ round }) => {
        if (round === 3) stop.abort();
      },
    });
    expect(stopped).toBe(true);
    let newest: RecordingResource | undefined;
    do {
      const list = await server.request('GET', '/api/recordings?limit=1');
      newest = ((await list.json()) as RecordingList).items[0];
    } while (newest?.state === 'recording');
    // Two whole rounds, whatever of the third one was sent.
    expect(newest?.duration).toBeGreaterThan(11_000);
  });
});

/** A server that plays by a script: one function for each connection. */
async function startScript(
  ...script: ((socket: WebSocket, heard: { text: PublisherMessage[]; bytes: Buffer[] }) => void)[]
): Promise<{ url: string; connections(): number; close(): void }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  let connections = 0;
  server.on('connection', (socket) => {
    const play = script[connections];
    connections += 1;
    const heard = { text: [] as PublisherMessage[], bytes: [] as Buffer[] };
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) heard.bytes.push(data);
      else heard.text.push(JSON.parse(data.toString()) as PublisherMessage);
      play?.(socket, heard);
    });
  });
  await new Promise((settle) => server.once('listening', settle));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return { url: `ws://127.0.0.1:${port}/`, connections: () => connections, close: () => server.close() };
}

describe('a connection that is lost', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'headwater-publish-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  test('is made again: the same session, from the byte that the server says', async () => {
    const path = join(folder, 'a.webm');
    const content = Buffer.concat([Buffer.from('1a45dfa3', 'hex'), Buffer.alloc(200_000, 7)]);
    await writeFile(path, content);
    const sessions: string[] = [];
    const received: Buffer[] = [];
    const script = await startScript(
      (socket, { text, bytes }) => {
        if (text[0]?.type === 'start' && bytes.length === 0) {
          sessions.push(text[0].session);
          socket.send(JSON.stringify({ type: 'ready', offset: 0 }));
        } else if (bytes.length === 1) {
          received.push(bytes[0]?.subarray(0, 1000) ?? Buffer.alloc(0));
          socket.terminate();
        }
      },
      (socket, { text, bytes }) => {
        const last = text.at(-1);
        if (last?.type === 'start' && bytes.length === 0) {
          sessions.push(last.session);
          socket.send(JSON.stringify({ type: 'ready', offset: 1000 }));
        }
        if (last?.type !== 'end') return;
        received.push(...bytes);
        expect(last.length).toBe(content.length);
        socket.send(JSON.stringify({ type: 'ended', recording: 'the-recording' }));
        socket.close(1000);
      },
    );
    const clock = new ManualClock();
    const file = await MediaFile.open(path);
    const { recording } = await publishFile({
      address: { url: script.url, key: undefined },
      file,
      title: undefined,
      realtime: false,
      loop: false,
      takeover: false,
      // The wait before the next attempt takes no time here.
      clock: {
        now: () => clock.now(),
        wall: () => clock.wall(),
        after: (_delay, call) => commandClock.after(clock.now(), call),
      },
      stop: new AbortController().signal,
      onProgress: () => {},
    });
    await file.close();
    script.close();
    expect(recording).toBe('the-recording');
    expect(script.connections()).toBe(2);
    expect(sessions[0]).toBe(sessions[1]);
    expect(Buffer.concat(received).equals(content)).toBe(true);
  });
});

describe('progress', () => {
  const state: ProgressState = {
    state: 'live',
    stored: 500_000,
    size: 1_000_000,
    viewers: 2,
    bitrate: 2_500_000,
    round: 1,
  };

  function show(isTTY: boolean): { clock: ManualClock; progress: Progress; text: () => string } {
    let text = '';
    const out = Object.assign(
      new Writable({
        write(piece: Buffer, _encoding, done) {
          text += piece.toString();
          done();
        },
      }),
      { isTTY },
    );
    const clock = new ManualClock();
    return { clock, progress: new Progress(out, clock), text: () => text };
  }

  test('is one line, written over, on a terminal', () => {
    const { clock, progress, text } = show(true);
    progress.show(state);
    progress.show({ ...state, stored: 510_000 });
    clock.advance(300);
    progress.show({ ...state, stored: 1_000_000 });
    progress.end();
    expect(text().split('\r\x1b[K').slice(1)).toEqual([
      `live  ${'█'.repeat(12)}${'░'.repeat(12)} 50 %  0.5 of 1.0 MB stored  2.50 Mbit/s  2 watching`,
      `live  ${'█'.repeat(24)} 100 %  1.0 of 1.0 MB stored  2.50 Mbit/s  2 watching\n`,
    ]);
  });

  test('is a plain line at each change and now and then elsewhere', () => {
    const { clock, progress, text } = show(false);
    progress.show({ ...state, state: 'connecting', bitrate: 0, viewers: 0 });
    progress.show(state);
    clock.advance(1000);
    progress.show(state);
    clock.advance(4000);
    progress.show(state);
    progress.end();
    expect(text()).toBe(
      'connecting  50 %  0.5 of 1.0 MB stored\n' +
        'live  50 %  0.5 of 1.0 MB stored  2.50 Mbit/s  2 watching\n'.repeat(2),
    );
  });
});
