import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import { milliseconds } from '../../media/time.ts';
import { AdminAuth, readBearer, readCookie } from './admin-auth.ts';
import { FailedAttempts } from './failed-attempts.ts';
import { isOwnOrigin } from './is-own-origin.ts';
import { sameSecret } from './same-secret.ts';
import { loadOrMakeSecret } from './secret-file.ts';
import { SESSION_SECONDS, Sessions } from './sessions.ts';
import { StreamKeys } from './stream-keys.ts';
import { TrustedProxies } from './trusted-proxies.ts';

test('secrets are the same only when every character is', () => {
  expect(sameSecret('abc', 'abc')).toBe(true);
  for (const other of ['abd', 'ab', 'abcd', 'ABC', '', 'abc\0']) expect(sameSecret(other, 'abc')).toBe(false);
});

describe('a secret in a file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'headwater-secret-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('is made once, for its owner only', () => {
    const file = join(folder, 'token');
    expect(loadOrMakeSecret(file, () => 'first')).toBe('first');
    expect(loadOrMakeSecret(file, () => 'second')).toBe('first');
    expect(readFileSync(file, 'utf8')).toBe('first\n');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('is closed to others when somebody opened it', () => {
    const file = join(folder, 'token');
    writeFileSync(file, 'mine', { mode: 0o644 });
    expect(loadOrMakeSecret(file, () => 'other')).toBe('mine');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('is never empty', () => {
    const file = join(folder, 'token');
    writeFileSync(file, '\n');
    expect(() => loadOrMakeSecret(file, () => 'x')).toThrow(/is empty/);
  });
});

describe('stream keys', () => {
  const keys = new StreamKeys('server secret');

  test('have at least 160 random bits, and no two are the same', () => {
    const made = Array.from({ length: 100 }, () => keys.make().key);
    expect(new Set(made).size).toBe(100);
    for (const key of made) expect(Buffer.from(key, 'base64url').byteLength * 8).toBeGreaterThanOrEqual(160);
  });

  test('match their own hash only', () => {
    const one = keys.make();
    expect(keys.matches(one.key, one.hash)).toBe(true);
    expect(keys.matches(keys.make().key, one.hash)).toBe(false);
    expect(keys.matches('', one.hash)).toBe(false);
    expect(keys.matches(one.key, 'ab')).toBe(false);
  });

  test('are not in what is stored, and come out of it with the same server secret only', () => {
    const { key, hash, sealed } = keys.make();
    expect(hash + sealed).not.toContain(key);
    expect(new StreamKeys('server secret').unseal(sealed)).toBe(key);
    expect(new StreamKeys('another secret').unseal(sealed)).toBeUndefined();
  });

  test('that were tampered with are not shown', () => {
    const { sealed } = keys.make();
    const bytes = Buffer.from(sealed, 'base64url');
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    expect(keys.unseal(bytes.toString('base64url'))).toBeUndefined();
    expect(keys.unseal('')).toBeUndefined();
  });

  test('are sealed differently every time', () => {
    expect(keys.make().sealed).not.toBe(keys.make().sealed);
  });
});

describe('sessions', () => {
  const now = Date.UTC(2026, 0, 1);
  const sessions = new Sessions('server secret', 'admin token');

  test('last for their time and no longer', async () => {
    const session = await sessions.issue(now);
    expect(await sessions.verify(session, now)).toBe(true);
    expect(await sessions.verify(session, now + (SESSION_SECONDS - 60) * 1000)).toBe(true);
    expect(await sessions.verify(session, now + (SESSION_SECONDS + 60) * 1000)).toBe(false);
  });

  test('end when the admin token or the server secret changes', async () => {
    const session = await sessions.issue(now);
    expect(await new Sessions('server secret', 'another token').verify(session, now)).toBe(false);
    expect(await new Sessions('another secret', 'admin token').verify(session, now)).toBe(false);
  });

  test('cannot be made up', async () => {
    const [, payload] = (await sessions.issue(now)).split('.');
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
    for (const forged of [unsigned, '', 'a.b.c', 'x'.repeat(10_000)]) {
      expect(await sessions.verify(forged, now)).toBe(false);
    }
  });
});

describe('failed attempts', () => {
  const limits = { failures: 3, window: milliseconds(60_000), sources: 2 };

  test('block a source for the rest of the window, and no other', () => {
    const clock = new ManualClock();
    const attempts = new FailedAttempts(clock, limits);
    for (let i = 0; i < 3; i += 1) attempts.record('a');
    clock.advance(20_000);
    expect(attempts.wait('a')).toBe(40);
    expect(attempts.wait('b')).toBe(0);
    clock.advance(40_000);
    expect(attempts.wait('a')).toBe(0);
  });

  test('below the limit block nothing', () => {
    const attempts = new FailedAttempts(new ManualClock(), limits);
    for (let i = 0; i < 2; i += 1) attempts.record('a');
    expect(attempts.wait('a')).toBe(0);
  });

  test('of ever new sources take bounded memory: the oldest is forgotten', () => {
    const attempts = new FailedAttempts(new ManualClock(), limits);
    for (const source of ['a', 'a', 'a', 'b', 'c']) attempts.record(source);
    expect(attempts.wait('a')).toBe(0);
  });
});

describe('the admin', () => {
  const admin = () => new AdminAuth('right', 'secret', new ManualClock());

  test('is known by the token', () => {
    expect(admin().checkToken('right', 'x')).toEqual({ result: 'right' });
    expect(admin().checkToken('wrong', 'x')).toEqual({ result: 'wrong' });
  });

  test('is not guessed: after ten wrong tokens not even the right one is looked at', () => {
    const auth = admin();
    for (let i = 0; i < 10; i += 1) expect(auth.checkToken('wrong', 'x')).toEqual({ result: 'wrong' });
    expect(auth.checkToken('right', 'x')).toEqual({ result: 'blocked', wait: 60 });
    expect(auth.checkToken('right', 'another address')).toEqual({ result: 'right' });
  });

  test('is not guessed from one address of a network of IPv6 after the other', () => {
    const auth = admin();
    for (let i = 0; i < 10; i += 1) auth.checkToken('wrong', `2001:db8:1:2::${i}`);
    expect(auth.checkToken('right', '2001:db8:1:2:3::1')).toMatchObject({ result: 'blocked' });
    expect(auth.checkToken('right', '2001:db8:1:3::1')).toEqual({ result: 'right' });
  });

  test('is known by a session cookie among others', async () => {
    const auth = admin();
    const session = await auth.startSession();
    expect(await auth.hasSession({ cookie: `a=b; headwater_session=${session}; c=d` })).toBe(true);
    expect(await auth.hasSession({ cookie: `xheadwater_session=${session}` })).toBe(false);
    expect(await auth.hasSession({})).toBe(false);
  });
});

test('credentials are read from headers, and nothing else is taken for one', () => {
  expect(readBearer({ authorization: 'Bearer abc' })).toBe('abc');
  expect(readBearer({ authorization: 'bearer abc' })).toBe('abc');
  for (const authorization of ['Basic abc', 'Bearer', 'Bearer a b', 'Bearer ä']) {
    expect(readBearer({ authorization })).toBeUndefined();
  }
  expect(readCookie('a=1;b=2', 'b')).toBe('2');
  expect(readCookie(undefined, 'b')).toBeUndefined();
});

describe('an origin is our own', () => {
  test.each([
    ['http://example.org', 'example.org'],
    ['http://example.org:80', 'example.org'],
    ['https://example.org', 'example.org:443'],
    ['https://example.org', 'example.org'],
    ['http://127.0.0.1:8080', '127.0.0.1:8080'],
    ['http://[::1]:8080', '[::1]:8080'],
    ['http://EXAMPLE.org', 'example.org'],
  ])('%s at %s', (origin, host) => expect(isOwnOrigin(origin, host)).toBe(true));

  test.each([
    ['null', 'example.org'],
    ['http://example.org.evil.test', 'example.org'],
    ['http://evil.test/example.org', 'example.org'],
    ['http://evil.test@example.org', 'example.org'],
    ['http://sub.example.org', 'example.org'],
    ['http://example.org:8081', 'example.org:8080'],
    ['file://example.org', 'example.org'],
    ['http://', ''],
    ['', ''],
  ])('but not %s at %s', (origin, host) => expect(isOwnOrigin(origin, host)).toBe(false));
});

describe('proxies', () => {
  const request = (address: string, headers: Record<string, string>) =>
    ({
      socket: { remoteAddress: address },
      headers: { host: 'inner', ...headers },
    }) as unknown as IncomingMessage;
  const forwarded = { 'x-forwarded-for': '9.9.9.9, 1.2.3.4', 'x-forwarded-host': 'example.org' };

  test('are not believed unless they are named', () => {
    const none = new TrustedProxies([]);
    expect(none.originOf(request('127.0.0.1', forwarded))).toEqual({ address: '127.0.0.1', host: 'inner' });
  });

  test('tell the nearest address that is not a proxy: what a client wrote before it is not believed', () => {
    const proxies = new TrustedProxies(['127.0.0.1', '10.0.0.0/8', '::1']);
    const expected = { address: '1.2.3.4', host: 'example.org' };
    expect(proxies.originOf(request('127.0.0.1', forwarded))).toEqual(expected);
    expect(proxies.originOf(request('::ffff:10.1.2.3', forwarded))).toEqual(expected);
    expect(proxies.originOf(request('::1', forwarded))).toEqual(expected);
    expect(proxies.originOf(request('11.0.0.1', forwarded)).address).toBe('11.0.0.1');
  });

  test.each(['proxy.example', '10.0.0.0/33', '10.0.0.0/x', ''])('cannot be named "%s"', (text) => {
    expect(() => new TrustedProxies([text])).toThrow(/server\.trustProxy: expected/);
  });
});
