import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { CLOSE } from '../../wire/close-codes.ts';

const BIN = join(import.meta.dirname, '../../../bin/headwater.mjs');
const FIXTURES = join(import.meta.dirname, '../../../test/fixtures/chromium');

let folder: string;
let children: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-start-'));
  children = [];
});
afterEach(async () => {
  for (const child of children.filter(
    ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
  )) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly child: ChildProcess;
  out(): string;
  err(): string;
  /** Settles with the exit code. */
  readonly exited: Promise<number | null>;
}

function run(args: readonly string[], environment: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', HEADWATER_PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let out = '';
  let err = '';
  child.stdout.on('data', (bytes: Buffer) => {
    out += bytes.toString();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    err += bytes.toString();
  });
  const exited = once(child, 'close').then(([code]) => code as number | null);
  return { child, out: () => out, err: () => err, exited };
}

/** Waits for the line that start prints. */
async function started(server: Run): Promise<URL> {
  while (!server.out().includes('\n')) {
    const next = await Promise.race([once(server.child.stdout ?? server.child, 'data'), server.exited]);
    if (!Array.isArray(next)) throw new Error(server.err());
  }
  return new URL(/http:\S+/.exec(server.out())?.[0] ?? '');
}

const keyOf = async (address: URL) => {
  const headers = { authorization: `Bearer ${address.searchParams.get('token')}` };
  const answer = await fetch(new URL('/api/channels/main/key', address), { headers });
  return ((await answer.json()) as { streamKey: string }).streamKey;
};

describe('headwater start', () => {
  test('prints one line with the address that signs in, and stops cleanly at Ctrl-C', async () => {
    const server = run(['start']);
    const address = await started(server);
    expect(server.out()).toMatch(/^Headwater is at http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{43}\n$/);
    expect((await fetch(address, { redirect: 'manual' })).status).toBe(303);
    const viewer = new WebSocket(`ws://${address.host}/live/main/ws`);
    await once(viewer, 'open');
    const left = once(viewer, 'close') as Promise<[number]>;
    server.child.kill('SIGINT');
    expect((await left)[0]).toBe(CLOSE.goingAway);
    expect(await server.exited).toBe(0);
    expect(server.out().split('\n')).toHaveLength(2);
    for (const line of server.err().trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('msg');
    expect(server.err()).not.toContain(address.searchParams.get('token'));
  });

  test('keeps its token and its channels for the next start, for this user only', async () => {
    const first = run(['start']);
    const address = await started(first);
    const key = await keyOf(address);
    first.child.kill('SIGTERM');
    await first.exited;
    const data = join(folder, 'data');
    for (const secret of ['admin-token', 'server-secret']) {
      expect(statSync(join(data, secret)).mode & 0o777).toBe(0o600);
    }
    expect(statSync(data).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(data).filter((each) => each.startsWith('headwater.db'))) {
      expect(readFileSync(join(data, name)).includes(key)).toBe(false);
    }
    const second = await started(run(['start']));
    expect(second.searchParams.get('token')).toBe(address.searchParams.get('token'));
    expect(await keyOf(second)).toBe(key);
  });

  test('says so when its port is used, and exits with 1', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' && address ? String(address.port) : '';
    const server = run(['start'], { HEADWATER_PORT: port });
    expect(await server.exited).toBe(1);
    expect(server.out()).toBe('');
    expect(server.err()).toContain(`Port ${port} on 127.0.0.1 is in use.`);
    expect(readdirSync(folder)).toEqual([]);
    other.close();
  });

  test('says so when its data folder is used by another server, and exits with 1', async () => {
    const first = run(['start']);
    await started(first);
    const second = run(['start']);
    expect(await second.exited).toBe(1);
    expect(second.err()).toContain('Another server uses');
  });

  test('says what is wrong with the settings, and exits with 1', async () => {
    writeFileSync(join(folder, 'headwater.yaml'), 'limits:\n  bitrat: 1\n');
    const server = run(['start'], { HEADWATER_PORT: 'http' });
    expect(await server.exited).toBe(1);
    expect(server.err()).toContain('HEADWATER_PORT: expected a whole number from 0 to 65535, got "http"');
    expect(server.err()).toContain('limits.bitrat is not a setting; did you mean limits.bitrate?');
  });

  test('says so when the host is no address of this machine', async () => {
    const server = run(['start'], { HEADWATER_HOST: '203.0.113.1' });
    expect(await server.exited).toBe(1);
    expect(server.err()).toContain('203.0.113.1 is no address of this machine');
  });

  test('says so when the data folder cannot be made', async () => {
    writeFileSync(join(folder, 'data'), 'a file');
    const server = run(['start']);
    expect(await server.exited).toBe(1);
    expect(server.err()).toContain('The data folder');
  });

  test('leaves a broadcast that is on when it is stopped to the next start, which completes what nobody goes on with', async () => {
    const server = run(['start']);
    const address = await started(server);
    const publisher = new WebSocket(`ws://${address.host}/live/main/publish`, {
      headers: { authorization: `Bearer ${await keyOf(address)}` },
    });
    await once(publisher, 'open');
    const viewer = new WebSocket(`ws://${address.host}/live/main/ws`);
    const media = new Promise<void>((settle) => {
      viewer.on('message', (_data, isBinary) => isBinary && settle());
    });
    publisher.send(readFileSync(join(FIXTURES, 'webm-vp9-opus.webm')));
    await media;
    const left = once(publisher, 'close') as Promise<[number]>;
    server.child.kill('SIGINT');
    expect((await left)[0]).toBe(CLOSE.goingAway);
    expect(await server.exited).toBe(0);
    const again = await started(run(['start'], { HEADWATER_BROADCAST_RECONNECT_GRACE: '500' }));
    const headers = { authorization: `Bearer ${again.searchParams.get('token')}` };
    const list = async () => {
      const answer = await fetch(new URL('/api/recordings', again), { headers });
      return ((await answer.json()) as { items: { state: string; duration: number }[] }).items;
    };
    let items = await list();
    while (items[0]?.state === 'recording') items = await list();
    expect(items).toMatchObject([{ state: 'complete' }]);
    expect(items[0]?.duration).toBeGreaterThan(5000);
  });
});

describe('headwater', () => {
  test('says what it can do, and how', async () => {
    const help = run(['--help']);
    expect(await help.exited).toBe(0);
    expect(help.out()).toContain('headwater start');
    for (const command of ['start', 'publish', 'doctor']) {
      const its = run([command, '--help']);
      expect(await its.exited).toBe(0);
      expect(its.out()).toContain(`headwater ${command}`);
    }
    const version = run(['--version']);
    expect(await version.exited).toBe(0);
    expect(version.out()).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test.each([
    [['dance'], 'there is no command "dance"'],
    [['start', '--loud'], '--loud'],
    [['start', 'now'], '"now" is not understood'],
    [['publish'], 'which FILE?'],
    [['publish', 'a.webm'], 'where --to?'],
    [['publish', 'a.webm', 'b.webm', '--to', 'http://h/live/main'], 'one FILE at a time'],
    [['publish', 'a.webm', '--to', 'main?key=canary'], 'expected an address such as'],
  ])('says what it did not understand of %j, and exits with 2', async (args, words) => {
    const failed = run(args);
    expect(await failed.exited).toBe(2);
    expect(failed.err()).toContain(words);
    expect(failed.err()).not.toContain('canary');
  });

  test('doctor finds what works, and exits with 1 when something that is needed is broken', async () => {
    const broken = run(['doctor'], { HEADWATER_PORT: 'x' });
    expect(await broken.exited).toBe(1);
    expect(broken.out()).toContain('✗ settings     HEADWATER_PORT: expected a whole number');
    const server = await started(run(['start']));
    const there = run(['doctor'], { HEADWATER_PORT: server.port });
    await there.exited;
    expect(there.out()).toContain(`Headwater is running at 127.0.0.1:${server.port}`);
    expect(there.out()).toMatch(/✓ Node {9}24\./);
    expect(there.out()).toMatch(/✓ database {5}SQLite 3\./);
  });
});
