import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import HLS from 'hls-parser';
// @ts-expect-error: it has no types; what is used of it is declared below.
import { Parser } from 'm3u8-parser';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import { idrFrame, VIDEO } from '../../media/mp4/synthetic-mp4.ts';
import { milliseconds, ticks, timescale } from '../../media/time.ts';
import { Packager } from '../../package/packager.ts';
import { writeRecordingHeader } from '../recording/recording-header.ts';
import { DvrEgress } from './dvr-egress.ts';
import type { Replay } from './replay.ts';

const SIX_HOURS = (6 * 3600) / 4;

/** What is used of m3u8-parser. */
interface M3u8Parser {
  readonly manifest: {
    readonly segments: readonly { readonly uri: string; readonly map?: { readonly uri: string } }[];
    readonly skip?: { readonly skippedSegments: number };
    readonly serverControl?: { readonly canSkipUntil: number };
  };
  push(text: string): void;
  end(): void;
}

// It takes every EXT-X-SERVER-CONTROL for one of low latency, and warns that it does not block.
HLS.setOptions({ silent: true });
const M3u8: new () => M3u8Parser = Parser;

let folder: string;
let path: string;
let clock: ManualClock;
let packager: Packager;
let written: number;
let server: Server;
let base: string;
let url: string;
let replay: Replay;
/** Asked for at an address that the next broadcast gets. */
let own: boolean;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-dvr-egress-'));
  path = join(folder, 'media.mp4');
  clock = new ManualClock();
  own = true;
  written = 0;
  const track = { ...VIDEO, timescale: timescale(1000) };
  let pieces: Uint8Array[] = [];
  packager = new Packager({
    sink: {
      epoch: ({ tracks }) => {
        writeFileSync(
          path,
          writeRecordingHeader(tracks, { duration: milliseconds(0), inBandParameterSets: false }),
        );
      },
      chunk: ({ bytes }) => void pieces.push(bytes),
    },
    startAt: milliseconds(0),
    firstEpoch: 0,
    captureClock: { known: false, wallClock: () => milliseconds(0) },
  });
  packager.tracks([track]);
  record = (segments) => {
    for (const end = written + segments; written < end; written += 1) {
      const dts = ticks(written * 4000);
      packager.sample(0, { dts, pts: dts, duration: ticks(4000), keyframe: true, data: idrFrame(20) });
    }
    appendFileSync(path, Buffer.concat(pieces));
    pieces = [];
    clock.advance(2000);
    replay = describeReplay();
  };
  const egress = new DvrEgress({ clock });
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://host');
    const query = Object.fromEntries(searchParams);
    const asked = { request, response, open: true, own };
    const [, folder = '', kind, name = ''] = pathname.split('/');
    const send = () => {
      if (pathname === '/manifest.mpd') return egress.sendManifest(replay, '', 'time', asked);
      if (pathname === '/video.m3u8') return egress.sendPlaylist(replay, 'video', query, asked);
      return egress.sendMedia(replay, folder, kind as 'video', name, asked);
    };
    send().catch((error) => {
      response.writeHead(error.status ?? 500).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  url = `${base}video.m3u8`;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  rmSync(folder, { recursive: true });
});

/** Records that many segments more. What players ask for from then on is another moment of it. */
let record: (segments: number) => void;
const describeReplay = (live = true): Replay => ({
  id: 'b',
  title: null,
  startedAt: milliseconds(0),
  live,
  recordings: [{ id: 'r', path, startedAt: milliseconds(0), growing: live, generation: 0 }],
});
const textOf = async (query = '') => await (await fetch(url + query)).text();

/** Both readings of a playlist: its segments, and how many were left out of it. */
function readBoth(text: string): { readonly uris: readonly string[]; readonly skipped: number } {
  const parser = new M3u8();
  parser.push(text);
  parser.end();
  const { manifest } = parser;
  const other = HLS.parse(text);
  if (other.isMasterPlaylist) throw new Error('not a media playlist');
  const read = {
    uris: manifest.segments.map(({ uri }) => uri),
    skipped: manifest.skip?.skippedSegments ?? 0,
  };
  expect({ uris: other.segments.map(({ uri }) => uri), skipped: other.skip }).toEqual(read);
  expect(manifest.serverControl?.canSkipUntil).toBe(60);
  expect(other.lowLatencyCompatibility?.canSkipUntil).toBe(60);
  expect(manifest.segments.every(({ map }) => map?.uri === 'r/video/init.mp4')).toBe(true);
  return read;
}

describe('the playlist of a broadcast that has been on for hours', () => {
  it('is what a player had and what it is sent of it later, as two other parsers read both', async () => {
    record(40);
    const before = readBoth(await textOf());
    record(5);
    const delta = readBoth(await textOf('?_HLS_skip=YES'));
    const after = readBoth(await textOf());
    // Everything up to six target durations of 10 s before the end.
    expect(delta.skipped).toBe(after.uris.length - 15);
    expect([...before.uris.slice(0, delta.skipped), ...delta.uris]).toEqual(after.uris);
    expect(after.uris.slice(0, before.uris.length)).toEqual(before.uris);
  });

  it('is read and written once for all who ask at that moment, compressed, and short for who has it', async () => {
    record(SIX_HOURS);
    const first = await fetch(url, { headers: { 'accept-encoding': 'gzip' } });
    const text = await first.text();
    expect(text.split('#EXTINF').length - 1).toBe(SIX_HOURS - 1);
    expect(first.headers.get('content-encoding')).toBe('gzip');
    expect(Number(first.headers.get('content-length'))).toBeLessThan(text.length / 5);
    const etag = first.headers.get('etag') ?? '';
    // Nobody looks at the file again: it could not be found.
    rmSync(path);
    const answers = await Promise.all(Array.from({ length: 100 }, () => fetch(url)));
    for (const answer of answers) expect([answer.status, answer.headers.get('etag')]).toEqual([200, etag]);
    expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(answers.map(() => text));
    expect((await fetch(url, { headers: { 'if-none-match': etag } })).status).toBe(304);
    const delta = await fetch(`${url}?_HLS_skip=YES`);
    expect((await delta.text()).length).toBeLessThan(1000);
    expect(delta.headers.get('etag')).not.toBe(etag);
  });

  it('is whole when the broadcast is over, whatever is asked', async () => {
    record(40);
    packager.flush();
    record(0);
    replay = describeReplay(false);
    expect(await textOf('?_HLS_skip=YES')).toBe(await textOf());
    expect(await textOf()).toMatch(/#EXT-X-PLAYLIST-TYPE:VOD[\s\S]*#EXT-X-ENDLIST/);
    expect((await fetch(`${url}?_HLS_part=1`)).status).toBe(400);
  });
});

describe('a broadcast that is over', () => {
  const end = () => {
    packager.flush();
    record(0);
    replay = describeReplay(false);
  };
  const manifest = () => fetch(`${base}manifest.mpd`);

  it('has a manifest, also where somebody asked for one before there was anything, and not again', async () => {
    replay = describeReplay();
    const header = { duration: milliseconds(0), inBandParameterSets: false };
    writeFileSync(path, writeRecordingHeader([{ ...VIDEO, timescale: timescale(90_000) }], header));
    expect((await manifest()).status).toBe(404);
    record(3);
    end();
    const answer = await manifest();
    expect(answer.status).toBe(200);
    expect(await answer.text()).toMatch(/type="static" mediaPresentationDuration="PT12S"/);
  });

  it('has all its recordings in its manifest, also one that began when nobody asked any more', async () => {
    record(3);
    expect((await manifest()).status).toBe(200);
    record(1);
    end();
    const [first] = replay.recordings;
    if (!first) throw new Error('no recording');
    replay = { ...replay, recordings: [first, { ...first, id: 'r2' }] };
    const text = await (await manifest()).text();
    expect([...text.matchAll(/<Period id="([^"]+)"/g)].map(([, id]) => id)).toEqual(['r-0', 'r2']);
  });

  it('is what can be read of it, and is refused only where that is nothing', async () => {
    record(3);
    end();
    const [first] = replay.recordings;
    if (!first) throw new Error('no recording');
    const gone = { ...first, id: 'gone', path: `${path}.gone` };
    replay = { ...replay, recordings: [gone, first] };
    const uris = readVod(await textOf());
    expect(uris).toEqual(['r/video/0.m4s', 'r/video/1.m4s', 'r/video/2.m4s']);
    expect((await manifest()).status).toBe(200);
    replay = { ...replay, recordings: [gone] };
    expect((await fetch(url)).status).toBe(404);
  });

  it('may be kept for longer at an address of its own than at its channel’s, where the next one comes', async () => {
    record(3);
    end();
    for (const path of ['video.m3u8', 'manifest.mpd']) {
      own = true;
      expect((await fetch(base + path)).headers.get('cache-control')).toBe('public, max-age=60');
      own = false;
      expect((await fetch(base + path)).headers.get('cache-control')).toBe('public, max-age=2');
    }
  });
});

describe('a recording that was made anew', () => {
  it('has other addresses and other entity tags, as long as it was before', async () => {
    record(3);
    packager.flush();
    record(0);
    replay = describeReplay(false);
    const before = await fetch(url);
    const [uri = ''] = readVod(await before.text());
    const etag = (await fetch(base + uri)).headers.get('etag');
    // Another file in its place, before the database knows and then.
    const bytes = readFileSync(path);
    writeFileSync(`${path}.new`, bytes);
    renameSync(`${path}.new`, path);
    replay = { ...replay };
    const between = await fetch(base + uri);
    expect([between.status, await between.text()]).toEqual([404, '']);
    const [first] = replay.recordings;
    if (!first) throw new Error('no recording');
    replay = { ...replay, recordings: [{ ...first, generation: 1 }] };
    const after = await fetch(url);
    expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'));
    const uris = readVod(await after.text());
    expect(uris).toEqual(['r.1/video/0.m4s', 'r.1/video/1.m4s', 'r.1/video/2.m4s']);
    expect((await fetch(base + uri)).status).toBe(404);
    const remade = await fetch(`${base}${uris[0]}`);
    expect(remade.status).toBe(200);
    expect(remade.headers.get('etag')).not.toBe(etag);
    expect(await (await fetch(`${base}manifest.mpd`)).text()).toContain('media="r.1/video/$Number$.m4s"');
  });
});

const readVod = (text: string) => text.split('\n').filter((line) => line.endsWith('.m4s'));
