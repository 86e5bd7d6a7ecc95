import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readFixture } from '../../../test/contract/fixtures.ts';
import { TestRtmpPublisher } from '../../../test/contract/test-rtmp-publisher.ts';
import { TestAuthority } from '../../../test/e2e/support/test-authority.ts';
import { ManualClock } from '../../channel/manual-clock.ts';
import { tagsOf } from '../../media/flv/synthetic-flv.ts';
import { loadConfig } from '../config/load-config.ts';
import { StartError } from '../start-error.ts';
import { startTestServer, type TestServer } from '../test-server.ts';
import { checkRtmpSettings, RtmpServers } from './rtmp-servers.ts';

const ENABLED = { HEADWATER_INGEST_RTMP_ENABLED: 'true', HEADWATER_INGEST_RTMP_PORT: '0' };
const tags = tagsOf(readFixture('webm-h264-opus.webm'));

const authority = new TestAuthority('Headwater test');
const folder = mkdtempSync(join(tmpdir(), 'headwater-rtmp-'));
let server: TestServer;
let key: string;

beforeAll(async () => {
  server = await startTestServer(ENABLED);
  key = await server.streamKey('main');
});

afterAll(async () => {
  await server.close();
  authority.remove();
  rmSync(folder, { recursive: true });
});

const portOf = (address: string | undefined) => Number(new URL(address ?? '').port);
const ask = (streamName: string) =>
  TestRtmpPublisher.ask({ rtmpPort: portOf(server.rtmp.plain) }, streamName);

/** What a publisher is told; it does not stay. */
async function outcome(streamName: string): Promise<string> {
  const publisher = await ask(streamName);
  const [status] = publisher.statuses;
  publisher.cut();
  await publisher.closed;
  // A channel is held for a publisher that has sent nothing until its end was seen.
  while (!(await server.request('GET', '/metrics').then(noPublisher)));
  return status?.level === 'error' ? String(status.description) : String(status?.code);
}

const noPublisher = async (answer: Response) =>
  (await answer.text()).includes('\nheadwater_rtmp_publishers 0\n');

const WRONG = 'The stream key is missing or wrong: use that of the channel, or {channel}?key={stream key}.';

describe('a publisher', () => {
  test('is let in by its stream key, alone or with its channel', async () => {
    expect(await outcome(key)).toBe('NetStream.Publish.Start');
    expect(await outcome(`main?key=${key}`)).toBe('NetStream.Publish.Start');
  });

  test('is refused in the same words with a wrong key, with none, and with a channel that there is not', async () => {
    const created = await server.request('POST', '/api/channels', { body: { name: 'other' } });
    const { streamKey } = (await created.json()) as { streamKey: string };
    const names = ['wrong', '', 'main', 'main?key=wrong', `nowhere?key=${key}`, `../x?key=${key}`];
    for (const name of [...names, `other?key=${key}`, `main?key=${streamKey}`])
      expect(await outcome(name)).toBe(WRONG);
    expect(await outcome(streamKey)).toBe('NetStream.Publish.Start');
  });

  test('is refused for a while after thirty wrong keys, on that channel only', async () => {
    await server.request('POST', '/api/channels', { body: { name: 'guessed' } });
    const right = await server.streamKey('guessed');
    for (let i = 0; i < 30; i += 1) expect(await outcome('guessed?key=wrong')).toBe(WRONG);
    expect(await outcome(`guessed?key=${right}`)).toMatch(/^Too many wrong stream keys/);
    expect(await outcome(`main?key=${key}`)).toBe('NetStream.Publish.Start');
  });

  test('with an old key is not let in again after the key was replaced', async () => {
    await server.request('POST', '/api/channels', { body: { name: 'rotated' } });
    const old = await server.streamKey('rotated');
    expect(await outcome(old)).toBe('NetStream.Publish.Start');
    await server.request('POST', '/api/channels/rotated/key');
    expect(await outcome(old)).toBe(WRONG);
    expect(await outcome(`rotated?key=${old}`)).toBe(WRONG);
  });

  test('is let go when its channel is deleted', async () => {
    await server.request('POST', '/api/channels', { body: { name: 'gone' } });
    const publisher = await ask(await server.streamKey('gone'));
    publisher.setChunkSize(4096);
    publisher.send(...tags.slice(0, 100));
    await publisher.settled();
    await server.request('DELETE', '/api/channels/gone');
    await publisher.closed;
    expect(publisher.statuses.at(-1)?.description).toBe('The channel was closed.');
  });

  test('is counted, and its key is in no log', async () => {
    const publisher = await ask(key);
    const metrics = await (await server.request('GET', '/metrics')).text();
    expect(metrics).toContain('\nheadwater_publishers 1\n');
    expect(metrics).toContain('\nheadwater_rtmp_publishers 1\n');
    expect(Number(/headwater_refused_total\{code="unauthorized"\} (\d+)/.exec(metrics)?.[1])).toBeGreaterThan(
      30,
    );
    publisher.cut();
    await publisher.closed;
    expect(server.log()).toContain('an RTMP publisher was not accepted');
    expect(server.log()).not.toContain(key);
  });
});

describe('settings', () => {
  const load = async (environment: Record<string, string>) =>
    (await loadConfig({ environment, folder })).config;

  test('let nobody in over RTMP by default', async () => {
    const other = await startTestServer();
    expect(other.rtmp).toEqual({ plain: undefined, tls: undefined });
    await other.close();
  });

  test('that cannot be used are explained before anything is touched', async () => {
    const problemOf = async (environment: Record<string, string>) => {
      const problem = await checkRtmpSettings(await load(environment)).catch((error: unknown) => error);
      return problem instanceof StartError ? [problem.code, problem.message] : problem;
    };
    const taken = String(portOf(server.rtmp.plain));
    expect(await problemOf({ ...ENABLED, HEADWATER_INGEST_RTMP_PORT: taken })).toEqual([
      'port-in-use',
      expect.stringContaining('HEADWATER_INGEST_RTMP_PORT='),
    ]);
    expect(await problemOf({ ...ENABLED, HEADWATER_INGEST_RTMP_PLAIN: 'false' })).toEqual([
      'certificate-unusable',
      expect.stringContaining('ingest.rtmp.certificate'),
    ]);
    const { certificate } = authority.issue('localhost');
    const { key: strange } = authority.issue('elsewhere');
    for (const certificateKey of [strange, '/nowhere']) {
      const environment = {
        ...ENABLED,
        HEADWATER_INGEST_RTMP_CERTIFICATE: certificate,
        HEADWATER_INGEST_RTMP_CERTIFICATE_KEY: certificateKey,
      };
      expect(await problemOf(environment)).toEqual(['certificate-unusable', expect.any(String)]);
    }
    expect(await problemOf({})).toBeUndefined();
  });

  test('with a certificate open a port for TLS, which uses a renewed one a minute later', async () => {
    const first = authority.issue('first.test');
    const second = authority.issue('second.test');
    const files = { certificate: join(folder, 'used.pem'), key: join(folder, 'used.key') };
    const use = ({ certificate, key: secret }: typeof first, at: number) => {
      copyFileSync(certificate, files.certificate);
      copyFileSync(secret, files.key);
      for (const file of Object.values(files)) utimesSync(file, at, at);
    };
    use(first, 1000);
    const config = await load({
      ...ENABLED,
      HEADWATER_INGEST_RTMP_PLAIN: 'false',
      HEADWATER_INGEST_RTMP_TLS_PORT: '0',
      HEADWATER_INGEST_RTMP_CERTIFICATE: files.certificate,
      HEADWATER_INGEST_RTMP_CERTIFICATE_KEY: files.key,
    });
    await checkRtmpSettings(config);
    const clock = new ManualClock();
    const accepted: TLSSocket[] = [];
    const servers = new RtmpServers({
      ...{ config, clock, logger: pino({ level: 'silent' }) },
      accept: (socket) => accepted.push(socket as TLSSocket),
    });
    const { plain, tls } = await servers.listen();
    expect(plain).toBeUndefined();
    const nameOf = async () => {
      const socket = connect({ port: portOf(tls), host: '127.0.0.1', rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      const { subject } = socket.getPeerCertificate();
      socket.destroy();
      return subject.CN;
    };
    expect(await nameOf()).toBe('first.test');
    use(second, 2000);
    clock.advance(60_000);
    expect(await nameOf()).toBe('second.test');
    rmSync(files.key);
    clock.advance(60_000);
    expect(await nameOf()).toBe('second.test');
    symlinkSync(files.key, files.key);
    clock.advance(60_000);
    expect(await nameOf()).toBe('second.test');
    rmSync(files.key);
    use(first, 3000);
    clock.advance(60_000);
    expect(await nameOf()).toBe('first.test');
    for (const socket of accepted) socket.destroy();
    servers.close();
    expect(clock.pending).toBe(0);
  });
});
