import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import { MESSAGE } from '../../media/rtmp/message.ts';
import type { Push } from './push.ts';
import { RtmpEgress } from './rtmp-egress.ts';
import { TestBroadcast, TestRenditions } from './test-broadcast.ts';
import { TestRtmpServer } from './test-rtmp-server.ts';

const PASSWORD = 'canary-5e0c=';

let clock: ManualClock;
let server: TestRtmpServer;
let stream: TestBroadcast;
let egress: RtmpEgress;
let lines: string[];

beforeEach(async () => {
  clock = new ManualClock();
  server = await TestRtmpServer.start();
  stream = new TestBroadcast();
  lines = [];
  const keep = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`);
  egress = new RtmpEgress({
    ...{ clock, renditions: new TestRenditions(), allow: ['127.0.0.1'], authorities: [] },
    log: { info: keep, warn: keep, error: keep },
  });
  egress.changed.add(server.notice);
});

afterEach(async () => {
  const closed = egress.close();
  stream.end();
  clock.advance(10_000);
  await closed;
  await server.close();
  for (const line of lines) expect(line).not.toContain(PASSWORD);
});

const settings = (streamKey: string) => ({
  ...{ id: 'd', url: server.url, streamKey, mode: 'copy' as const, maxDuration: undefined },
});
const failed = (one: Push) => server.until(() => one.status.state === 'failed');

describe.each([true, false])('a server that asks who publishes (opaque: %s)', (opaque) => {
  beforeEach(() => {
    server.behaviour = { authentication: { user: 'ada', password: PASSWORD, opaque } };
  });

  it('is told, and published to', async () => {
    egress.push(stream.broadcast, settings(`room pubUser=ada pubPasswd=${PASSWORD}`));
    await server.until(() => server.connections.at(-1)?.started === true);
    expect(server.connections).toHaveLength(3);
    expect(server.last.commands.at(-1)).toMatchObject({ name: 'publish', arguments: [null, 'room', 'live'] });
  });

  it('is tested without publishing', async () => {
    const report = await egress.probe(settings(`room pubUser=ada pubPasswd=${PASSWORD}`));
    expect(report).toMatchObject({ reached: true });
    expect(server.last.commands.map(({ name }) => name)).toEqual(['connect']);
  });

  it('takes ffmpeg, too, which answers by code of its own', async () => {
    const { port } = new URL(server.url);
    const source = ['-f', 'lavfi', '-i', 'color=s=64x48:r=10:d=1', '-c:v', 'libx264'];
    const url = `rtmp://ada:${PASSWORD}@127.0.0.1:${port}/live/room`;
    const ffmpeg = spawn('ffmpeg', ['-v', 'error', ...source, '-f', 'flv', url], { stdio: 'ignore' });
    await once(ffmpeg, 'exit');
    const pictures = server.last.media.filter(({ type }) => type === MESSAGE.video);
    expect(pictures.length).toBeGreaterThan(5);
  });

  it.each([
    ['another password', 'room pubUser=ada pubPasswd=wrong', 'refuses the user name or the password', 3],
    ['another user', 'room pubUser=bob pubPasswd=wrong', 'refuses the user name or the password', 2],
    ['no user', 'room', 'Write them behind the stream key: name pubUser=… pubPasswd=….', 1],
  ])('is not asked again with %s', async (_, streamKey, words, connections) => {
    const one = egress.push(stream.broadcast, settings(streamKey));
    await failed(one);
    expect(one.status).toMatchObject({ code: 'connect-refused', words: expect.stringContaining(words) });
    expect(server.connections).toHaveLength(connections);
  });
});
