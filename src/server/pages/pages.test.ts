import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server.close();
});

/** What a browser that was signed in sends along. */
async function signIn(): Promise<{ cookie: string }> {
  const answer = await server.request('GET', `/?token=${server.token}`, { anonymous: true });
  return { cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '' };
}

const visit = (path: string, headers: Record<string, string> = {}) =>
  server.request('GET', path, { anonymous: true, headers: { accept: 'text/html', ...headers } });

const directive = (answer: Response, name: string) =>
  answer.headers
    .get('content-security-policy')
    ?.split(';')
    .find((each) => each.startsWith(`${name} `));

describe('signing in', () => {
  test('the printed address exchanges the token for a cookie, and takes it out of the address', async () => {
    const answer = await visit(`/?token=${server.token}`);
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe('/');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^headwater_session=[\w.-]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/);
    expect(cookie).not.toContain(server.token);
    const [session = ''] = cookie.split(';');
    expect(await (await visit('/', { cookie: session })).text()).toBe('<p>index</p>');
  });

  test.each(['/', '/recordings', '/recordings/some-id', '/studio/main'])(
    'is asked for at %s',
    async (path) => {
      const answer = await visit(path);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      const page = await answer.text();
      expect(page).toContain('Sign in to Headwater');
      expect(page).toContain(`action="/sign-in?next=${encodeURIComponent(path)}"`);
      const { cookie } = await signIn();
      expect(await (await visit(path, { cookie })).text()).toBe('<p>index</p>');
    },
  );

  const submit = (token: string, next: string) =>
    server.request('POST', `/sign-in?next=${encodeURIComponent(next)}`, {
      anonymous: true,
      body: `token=${encodeURIComponent(token)}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });

  test('by the form leads to the page that was asked for', async () => {
    const answer = await submit(` ${server.token}\n`, '/studio/main');
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/studio/main']);
    expect(answer.headers.get('set-cookie')).toMatch(/^headwater_session=/);
  });

  test.each(['https://evil.test/', '//evil.test', '/\\evil.test', 'evil', '/a\r\nx: y'])(
    'never leads away from this server: %j',
    async (next) => {
      expect((await submit(server.token, next)).headers.get('location')).toBe('/');
    },
  );

  test('with a wrong token fails in words, and what was asked for is not forgotten', async () => {
    const answer = await submit('wrong"><script>', '/studio/main?a="><script>');
    expect(answer.status).toBe(401);
    expect(answer.headers.has('set-cookie')).toBe(false);
    const page = await answer.text();
    expect(page).toContain('This token is wrong');
    expect(page).not.toContain('<script');
  });

  test('by the API sets the same cookie; signing out takes it away', async () => {
    const body = { token: server.token };
    const signed = await server.request('POST', '/api/session', { anonymous: true, body });
    expect(signed.status).toBe(204);
    const cookie = signed.headers.get('set-cookie')?.split(';')[0] ?? '';
    const who = async () =>
      await (await server.request('GET', '/api/session', { anonymous: true, headers: { cookie } })).json();
    expect(await who()).toEqual({ signedIn: true });
    const headers = { cookie, origin: server.url };
    const out = await server.request('DELETE', '/api/session', { anonymous: true, headers });
    expect([out.status, out.headers.get('set-cookie')]).toEqual([
      204,
      'headwater_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax',
    ]);
    const anonymous = await server.request('GET', '/api/session', { anonymous: true });
    expect(await anonymous.json()).toEqual({ signedIn: false });
  });

  test('behind a proxy that ends TLS the cookie is for TLS only', async () => {
    const own = await startTestServer({ HEADWATER_TRUST_PROXY: '127.0.0.1' });
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'example.org' };
    const answer = await own.request('GET', `/?token=${own.token}`, { anonymous: true, headers });
    expect(answer.headers.get('set-cookie')).toMatch(/; Secure$/);
    await own.close();
  });

  test('is refused for a while after ten wrong tokens, on the page and in the API', async () => {
    const own = await startTestServer();
    for (let i = 0; i < 10; i += 1) {
      expect((await own.request('GET', '/?token=wrong', { anonymous: true })).status).toBe(401);
    }
    const page = await own.request('GET', `/?token=${own.token}`, { anonymous: true });
    expect(page.status).toBe(429);
    // A minute, less what the wrong ones took.
    expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(page.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    const api = await own.request('GET', '/api/channels');
    expect([api.status, (await api.json()).error]).toEqual([429, 'too-many-attempts']);
    await own.close();
  });
});

describe('a signed-in browser', () => {
  const change = async (headers: Record<string, string>) =>
    await server.request('PATCH', '/api/channels/main', {
      anonymous: true,
      body: { title: 'Changed' },
      headers: { ...(await signIn()), ...headers },
    });

  test('may look and change things from our own pages', async () => {
    const look = await server.request('GET', '/api/channels', { anonymous: true, headers: await signIn() });
    expect(look.status).toBe(200);
    expect((await change({ origin: server.url })).status).toBe(200);
    expect((await change({ 'sec-fetch-site': 'same-origin' })).status).toBe(200);
  });

  test.each([
    [{ origin: 'https://evil.test' }],
    [{ origin: 'null' }],
    [{ origin: 'http://127.0.0.1:1' }],
    [{ origin: 'https://evil.test', 'sec-fetch-site': 'same-origin' }],
    [{ 'sec-fetch-site': 'same-site' }],
    [{}],
  ])('is not made to change anything by another site: %j', async (headers) => {
    const answer = await change(headers as Record<string, string>);
    expect([answer.status, (await answer.json()).error]).toEqual([403, 'cross-origin']);
  });

  test('a made-up cookie is none', async () => {
    const answer = await visit('/', { cookie: 'headwater_session=a.b.c' });
    expect(answer.status).toBe(401);
  });
});

describe('public pages', () => {
  test('are the watch page and the embedded player of a channel that is there', async () => {
    expect(await (await visit('/watch/main')).text()).toBe('<p>watch</p>');
    expect(await (await visit('/embed/main')).text()).toBe('<p>embed</p>');
  });

  test.each(['/watch/nobody', '/embed/nobody', '/watch/NOT%20A%20NAME', '/nothing'])(
    'say in words that there is nothing at %s',
    async (path) => {
      const answer = await visit(path);
      expect(answer.status).toBe(404);
      expect(await answer.text()).toMatch(/<h1>Not found<\/h1>\n<p>There is no/);
    },
  );

  test('other clients are told the same in JSON', async () => {
    const answer = await server.request('GET', '/watch/nobody', { anonymous: true });
    expect(await answer.json()).toEqual({
      error: 'channel-not-found',
      message: 'There is no channel named nobody.',
    });
  });

  test('the data folder and the source are not among them', async () => {
    for (const path of [
      '/../data/admin-token',
      '/..%2fdata%2fadmin-token',
      '/data/admin-token',
      '/%2e%2e/data/admin-token',
    ]) {
      expect((await visit(path)).status).toBeGreaterThanOrEqual(400);
    }
  });
});

describe('files of the pages', () => {
  test('whose name tells their content are kept by browsers, the others are asked for again', async () => {
    const asset = await visit('/assets/app-1a2b.js');
    expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect((await visit('/watch/main')).headers.get('cache-control')).toBe('no-cache');
  });

  test('the player is for every site', async () => {
    const headers = { origin: 'https://elsewhere.test' };
    const answer = await visit('/player/headwater-player.js', headers);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^(text|application)\/javascript/);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    expect(answer.headers.get('cache-control')).toBe('no-cache');
  });

  test('the other files are for our own pages', async () => {
    const answer = await visit('/assets/app-1a2b.js', { origin: 'https://elsewhere.test' });
    expect(answer.headers.has('access-control-allow-origin')).toBe(false);
  });
});

describe('security headers', () => {
  test('let only our own scripts run, and nobody frame a page', async () => {
    const answer = await visit('/watch/main');
    expect(directive(answer, 'script-src')).toBe("script-src 'self'");
    expect(directive(answer, 'object-src')).toBe("object-src 'none'");
    expect(directive(answer, 'frame-ancestors')).toBe("frame-ancestors 'none'");
    expect(answer.headers.get('x-frame-options')).toBe('DENY');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('let anybody frame the embedded player', async () => {
    const answer = await visit('/embed/main');
    expect(directive(answer, 'frame-ancestors')).toBe('frame-ancestors *');
    expect(answer.headers.has('x-frame-options')).toBe(false);
    expect(directive(answer, 'script-src')).toBe("script-src 'self'");
  });

  test('let no other site read the API', async () => {
    const answer = await server.request('GET', '/api/session', {
      anonymous: true,
      headers: { origin: 'https://evil.test' },
    });
    expect(answer.headers.has('access-control-allow-origin')).toBe(false);
  });
});
