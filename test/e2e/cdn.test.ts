import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readManifest } from '../contract/stream-rules/read-manifest.ts';
import { type CachingNginx, startCachingNginx } from './support/caching-nginx.ts';
import { newStreamKey, publishFile, type RunningPublish } from './support/publish-file.ts';
import { type RunningServer, startServer } from './support/running-server.ts';

const run = promisify(execFile);
const VIEWERS = 25;

let server: RunningServer;
let nginx: CachingNginx;
let publish: RunningPublish;
let channel: string;

beforeAll(async () => {
  server = await startServer();
  nginx = await startCachingNginx(server.url);
  publish = publishFile(server, await newStreamKey(server), { args: ['--loop'] });
  channel = `${nginx.url}/live/main`;
  while (!(await fetch(`${server.url}/live/main/index.m3u8`)).ok) {
    await new Promise((settle) => setTimeout(settle, 200));
  }
});

afterAll(async () => {
  publish?.process.kill('SIGINT');
  await publish?.done;
  await nginx?.close();
  expect(await server?.stop()).toBe(0);
});

const text = async (url: string) => (await fetch(url)).text();

/** The address of the video playlist, as the multivariant one names it. */
async function videoPlaylist(): Promise<string> {
  const index = `${channel}/index.m3u8`;
  const [, name = ''] = /^(.+video\.m3u8)$/m.exec(await text(index)) ?? [];
  return new URL(name, index).href;
}

/** How often the cache had to ask the server, for addresses that end so, once all viewers' requests are in its log. */
async function askedOrigin(end: string): Promise<number> {
  const logged = async () => (await nginx.requests()).filter(({ path }) => path.endsWith(end));
  await expect.poll(async () => (await logged()).length).toBeGreaterThanOrEqual(VIEWERS);
  return (await logged()).filter(({ cache }) => cache !== 'HIT').length;
}

describe('behind a caching nginx under a path of its own', () => {
  it('media comes once from the server, however many watch', async () => {
    const playlist = await videoPlaylist();
    const names = [...(await text(playlist)).matchAll(/^[^#].+$|MAP:URI="([^"]+)"/gm)].map(
      ([line, uri]) => uri ?? line,
    );
    expect(names.length).toBeGreaterThan(1);
    for (const name of names) {
      const address = new URL(name, playlist).href;
      const answers = await Promise.all(Array.from({ length: VIEWERS }, () => fetch(address)));
      const bodies = await Promise.all(answers.map((answer) => answer.arrayBuffer()));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(new Set(bodies.map(({ byteLength }) => byteLength)).size).toBe(1);
      expect(await askedOrigin(`/${name}`)).toBe(1);
      for (const { headers } of answers) {
        expect(headers.get('set-cookie')).toBeNull();
        expect(headers.get('vary')).toBeNull();
        expect(headers.get('cache-control')).toContain('immutable');
        expect(headers.get('access-control-allow-origin')).toBe('*');
      }
    }
  });

  it('a playlist and a part are waited for once for all who wait', async () => {
    const playlist = await videoPlaylist();
    const now = await text(playlist);
    const first = Number(/MEDIA-SEQUENCE:(\d+)/.exec(now)?.[1]);
    const next = first + (now.match(/#EXTINF/g)?.length ?? 0) + 1;
    const query = `_HLS_msn=${next}&_HLS_part=0`;
    const answers = await Promise.all(Array.from({ length: VIEWERS }, () => fetch(`${playlist}?${query}`)));
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    expect(new Set(texts).size).toBe(1);
    expect(texts[0]).toContain(`\nvideo/${next - 1}.m4s\n`);
    expect(await askedOrigin(query)).toBe(1);
    expect(answers[0]?.headers.get('vary')).toBe('accept-encoding');
    const hint = /HINT.*URI="([^"]+)"/.exec(texts[0] ?? '')?.[1] ?? '';
    const parts = await Promise.all(
      Array.from({ length: VIEWERS }, () => fetch(new URL(hint, playlist).href)),
    );
    expect(parts.map(({ status }) => status)).toEqual(parts.map(() => 200));
    for (const part of parts) {
      expect((await part.arrayBuffer()).byteLength).toBe(Number(part.headers.get('content-length')));
    }
    expect(await askedOrigin(`/${hint}`)).toBe(1);
  });

  it('answers from memory while they are fresh, with their encodings apart', async () => {
    const playlist = await videoPlaylist();
    for (const encoding of ['gzip', 'identity']) {
      const answer = await fetch(playlist, { headers: { 'accept-encoding': encoding } });
      expect(answer.headers.get('content-encoding')).toBe(encoding === 'gzip' ? 'gzip' : null);
      expect(await answer.text()).toContain('#EXTM3U');
    }
    const missing = await fetch(`${channel}/nothing/video/1.m4s`);
    expect([missing.status, await missing.json()]).toMatchObject([404, { error: 'media-not-found' }]);
  });

  it('is played by ffmpeg', async () => {
    const { stdout, stderr } = await run('ffmpeg', [
      ...['-v', 'error', '-live_start_index', '-2', '-i', `${channel}/index.m3u8`, '-t', '4'],
      ...['-enc_time_base', '-1', '-f', 'null', '-', '-progress', 'pipe:1'],
    ]);
    expect(stderr).toBe('');
    expect(Number([...stdout.matchAll(/^frame=\s*(\d+)/gm)].at(-1)?.[1])).toBeGreaterThan(80);
  });

  it('a manifest, and the segment that is being made, come once from the server for all who watch at that moment', async () => {
    const address = `${channel}/manifest.mpd`;
    const all = <T>(ask: () => Promise<T>) => Promise.all(Array.from({ length: VIEWERS }, ask));
    const manifests = await all(() => fetch(address));
    expect(new Set(manifests.map(({ status }) => status))).toEqual(new Set([200]));
    expect(manifests[0]?.headers.get('cache-control')).toBe('public, max-age=0, s-maxage=1');
    expect(await askedOrigin('/manifest.mpd')).toBeLessThan(VIEWERS / 2);
    const { base, number } = newestOf((await manifests[0]?.text()) ?? '');
    const path = `${base}${number}.m4s`;
    const answers = await all(() => fetch(new URL(path, address)));
    const bodies = await Promise.all(answers.map(async (answer) => Buffer.from(await answer.arrayBuffer())));
    // Whole, as it is at the server when it is complete, whoever was sent it as it came.
    const whole = Buffer.from(await (await fetch(`${server.url}/live/main/${path}`)).arrayBuffer());
    expect(whole.byteLength).toBeGreaterThan(1000);
    for (const [index, body] of bodies.entries()) {
      expect(answers[index]?.status).toBe(200);
      expect(answers[index]?.headers.get('cache-control')).toContain('immutable');
      expect(body.equals(whole)).toBe(true);
    }
    expect(await askedOrigin(path)).toBe(1);
  });

  it('what was recorded comes once from the server, too, at the addresses that playlists and manifests name', async () => {
    for (const file of ['dvr.m3u8', 'dvr.mpd']) {
      // The first segment is some seconds long.
      while (!(await fetch(`${channel}/${file}`)).ok) await new Promise((settle) => setTimeout(settle, 200));
      const answer = await fetch(`${channel}/${file}`);
      expect(answer.headers.get('cache-control')).toBe('public, max-age=2');
      const body = await answer.text();
      const [, name = ''] =
        /^(.+video\.m3u8)$/m.exec(body) ?? /media="(.+video)\/\$Number\$\.m4s"/.exec(body) ?? [];
      const address = new URL(name, `${channel}/${file}`).href;
      const first = file === 'dvr.mpd' ? '' : (/^(.+)\/0\.m4s$/m.exec(await text(address))?.[1] ?? '');
      const segment = file === 'dvr.mpd' ? `${address}/0.m4s` : new URL(`${first}/0.m4s`, address).href;
      const answers = await Promise.all(Array.from({ length: VIEWERS }, () => fetch(segment)));
      const bodies = await Promise.all(answers.map((each) => each.arrayBuffer()));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(new Set(bodies.map(({ byteLength }) => byteLength)).size).toBe(1);
      expect(bodies[0]?.byteLength).toBeGreaterThan(1000);
      expect(answers[0]?.headers.get('cache-control')).toBe('public, max-age=86400, immutable');
      expect(await askedOrigin(new URL(segment).pathname)).toBe(1);
    }
  });
});

/** The segment that is being made, as a manifest tells of it: what comes before its number, and that. */
function newestOf(manifest: string): { readonly base: string; readonly number: number } {
  const [set] = readManifest(manifest).periods.at(-1)?.sets ?? [];
  return { base: (set?.media ?? '').replace('$Number$.m4s', ''), number: set?.entries.at(-1)?.number ?? -1 };
}
