import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../test-server.ts';
import { describeEmbed, fitEmbed, formatChannelHead } from './embedding.ts';

const HOSTILE = `"><script>alert('1')</script>&`;

describe('what cards of a watch page are made from', () => {
  const head = formatChannelHead('https://live.example', {
    ...{ name: 'main', title: HOSTILE, live: true },
    channelTitle: 'Main "stage"',
  });

  test('names title, picture and player, at whole addresses', () => {
    expect(head).toContain('<meta property="og:url" content="https://live.example/watch/main">');
    expect(head).toContain('<meta property="og:image" content="https://live.example/live/main/poster">');
    expect(head).toContain('<meta property="og:video:secure_url" content="https://live.example/embed/main">');
    expect(head).toContain('<meta name="twitter:player" content="https://live.example/embed/main">');
    expect(head).toContain('href="https://live.example/oembed?url=https%3A%2F%2Flive.example%2Fwatch%2Fmain');
  });

  test('holds titles as text', () => {
    expect(head).not.toContain('<script');
    expect(head).toContain('<meta name="headwater-channel" content="Main &quot;stage&quot;">');
    expect(head).toContain('content="&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;"');
  });

  test('promises no picture while nobody is live, and no secure address without TLS', () => {
    const titles = { title: 'Main', channelTitle: 'Main' };
    const plain = formatChannelHead('http://live.example', { ...titles, name: 'main', live: false });
    expect(plain).not.toMatch(/og:image|secure_url/);
  });
});

describe('the size of an embedded player', () => {
  test.each([
    [undefined, undefined, 1280, 720],
    [640, undefined, 640, 360],
    [5000, 5000, 1280, 720],
    [1000, 270, 480, 270],
    [10, 10, 160, 90],
  ])('within %s × %s is %i × %i', (maxWidth, maxHeight, width, height) => {
    expect(fitEmbed(maxWidth, maxHeight)).toEqual({ width, height });
  });
});

test('oEmbed holds titles as text in its HTML', () => {
  const channel = { name: 'main', title: HOSTILE, channelTitle: HOSTILE, live: false };
  const described = describeEmbed('https://live.example', channel, { width: 640, height: 360 });
  expect(described).toMatchObject({ version: '1.0', type: 'video', title: HOSTILE, width: 640, height: 360 });
  expect(described).not.toHaveProperty('thumbnail_url');
  const { html } = described as { html: string };
  expect(html).toMatch(/^<iframe src="https:\/\/live\.example\/embed\/main" width="640" height="360" /);
  expect(html).not.toContain('<script');
});

describe('GET /oembed', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
    await server.request('POST', '/api/channels', { body: { name: 'hidden', live: false } });
  });
  afterAll(() => server.close());

  const ask = (query: Record<string, string>) =>
    server.request('GET', `/oembed?${new URLSearchParams(query)}`, { anonymous: true });

  test('describes the watch page of a channel to any site', async () => {
    const answer = await ask({ url: `${server.url}/watch/main`, maxwidth: '640', format: 'json' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(await answer.json()).toMatchObject({ provider_url: server.url, width: 640, height: 360 });
  });

  test.each([
    ['https://evil.test/watch/main', 404],
    ['/watch/nobody', 404],
    ['/watch/hidden', 404],
    ['/studio/main', 404],
    ['nonsense', 404],
  ])('knows nothing of %s', async (address, status) => {
    const url = address.startsWith('/') ? server.url + address : address;
    expect((await ask({ url })).status).toBe(status);
  });

  test('refuses what it cannot do, in words', async () => {
    expect((await ask({})).status).toBe(400);
    expect((await ask({ url: server.url, maxwidth: '-1' })).status).toBe(400);
    const xml = await ask({ url: `${server.url}/watch/main`, format: 'xml' });
    expect([xml.status, await xml.json()]).toMatchObject([501, { error: 'format-unknown' }]);
  });
});

describe('a watch page', () => {
  test('has the channel in its head, and nothing of one that nobody may watch', async () => {
    const server = await startTestServer({}, { watch: '<head><title>x</title></head><p>watch</p>' });
    await server.request('PATCH', '/api/channels/main', { body: { title: HOSTILE } });
    await server.request('POST', '/api/channels', { body: { name: 'hidden', title: 'Secret', live: false } });
    const visit = async (name: string) =>
      await (await server.request('GET', `/watch/${name}`, { anonymous: true })).text();
    const page = await visit('main');
    expect(page).toContain('<title>&quot;&gt;&lt;script&gt;');
    expect(page).toContain(`<meta property="og:url" content="${server.url}/watch/main">`);
    expect(page).not.toContain('<script');
    expect(await visit('hidden')).toBe('<head><title>x</title></head><p>watch</p>');
    await server.close();
  });
});
