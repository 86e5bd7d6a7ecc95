import { setImmediate } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readMpd } from '../../../test/contract/read-mpd.ts';
import { PlaylistRules } from '../../../test/contract/stream-rules/playlist-rules.ts';
import { Hub } from '../../channel/hub.ts';
import { ManualClock } from '../../channel/manual-clock.ts';
import type { Publication } from '../../channel/publication.ts';
import { Presentations } from '../../egress/http/presentations.ts';
import { idrFrame, interFrame, OPUS, VIDEO } from '../../media/mp4/synthetic-mp4.ts';
import { bytes, milliseconds, ticks, timescale } from '../../media/time.ts';
import type { AudioTrack, Track } from '../../media/track.ts';
import { Packager } from '../../package/packager.ts';
import type { Store } from '../../store/open-store.ts';
import { type FakeChild, fakeChildren } from '../../transcode/fake-child.ts';
import type { FfmpegInfo } from '../../transcode/probe-ffmpeg.ts';
import { Transcoder } from '../../transcode/transcoder.ts';
import { TrustedProxies } from '../auth/trusted-proxies.ts';
import { createHttp } from '../http/create-http.ts';
import type { Http } from '../http/http.ts';
import { listen } from '../listen.ts';
import { dashRoutes } from './dash-routes.ts';
import { hlsRoutes } from './hls-routes.ts';
import { ViewerCounts } from './viewer-counts.ts';
import { ViewerTraffic } from './viewer-traffic.ts';

const MILLISECONDS = timescale(1000);
const AAC: AudioTrack = {
  ...OPUS,
  ...{ codec: 'aac', codecString: 'mp4a.40.2', configuration: Uint8Array.of(0x11, 0x88) },
};
const KEY = idrFrame(40);
const DELTA = interFrame(20);
const PACKET = Uint8Array.of(0xf8, 1, 2);
const FFMPEG: FfmpegInfo = { version: '7.1', encoders: new Set(['aac', 'libx264']) };
/** Frames of AAC in a second. */
const RATE = 48_000 / 1024;

let clock: ManualClock;
let hub: Hub;
let ffmpeg: FfmpegInfo | undefined;
let children: FakeChild[];
let transcoder: Transcoder;
let presentations: Presentations;
let viewers: ViewerCounts;
let http: Http;
let url: string;
let publication: Publication;
let packager: Packager;
let time: number;
let made: number;
/** `transcode.aac` is `always`. */
let always: boolean;

beforeEach(async () => {
  clock = new ManualClock();
  ffmpeg = FFMPEG;
  let ids = 0;
  hub = new Hub({ clock, newBroadcastId: () => `b${ids++}` });
  const fake = fakeChildren();
  children = fake.children;
  transcoder = new Transcoder({
    ...{ settings: { enabled: true, ffmpeg: 'ffmpeg', maxChildren: 2 }, clock, openChild: fake.openChild },
    log: pino({ level: 'silent' }),
    probe: async () => ffmpeg,
  });
  always = false;
  presentations = new Presentations({
    get alwaysAac() {
      return always;
    },
    ...{ clock, renditions: transcoder, newPresentationId: () => `p${ids++}` },
    limits: {
      ...{ segment: milliseconds(2000), part: milliseconds(200), window: milliseconds(16_000) },
      maxBytes: bytes(1_000_000),
    },
  });
  http = await createHttp(pino({ level: 'silent' }), new TrustedProxies([]));
  viewers = new ViewerCounts({ clock });
  const store = { channels: { find: async () => undefined } } as unknown as Store;
  const sources = { hub, store, presentations, traffic: new ViewerTraffic(), viewers };
  await hlsRoutes(http, sources);
  await dashRoutes(http, sources);
  url = await listen(http, '127.0.0.1', 0);
});

afterEach(async () => {
  presentations.close();
  viewers.close();
  hub.close();
  for (const child of children) child.exit();
  await transcoder.close();
  await http.close();
  expect(clock.pending).toBe(0);
});

/** A publisher with that sound, from where the last one left off. */
async function publish(sound: Track = OPUS): Promise<void> {
  await transcoder.prepare();
  publication = hub.open('main', { reconnectGrace: milliseconds(30_000), live: true }).publish();
  packager = new Packager({
    sink: publication,
    ...{ startAt: publication.position, ends: publication.ends },
    firstEpoch: publication.nextEpoch,
    captureClock: { known: false, wallClock: () => clock.wall() },
  });
  packager.tracks([
    { ...VIDEO, timescale: MILLISECONDS },
    { ...sound, timescale: MILLISECONDS },
  ]);
  time = 0;
  made = 0;
}

function send(seconds: number, { sound = true } = {}): void {
  for (const end = time + seconds * 1000; time < end; time += 20) {
    const at = (keyframe: boolean, data: Uint8Array) => {
      const dts = ticks(time);
      return { dts, pts: dts, duration: ticks(0), keyframe, data };
    };
    if (sound) packager.sample(1, at(true, PACKET));
    const key = time % 1000 === 0;
    if (time % 40 === 0) packager.sample(0, at(key, key ? KEY : DELTA));
  }
}

/** The newest child makes what it was given up to there. */
function make(upTo = time / 1000): void {
  const frames = Math.floor(upTo * RATE) + 1;
  children.at(-1)?.make(frames - made);
  made = frames;
}

const get = (path: string) => fetch(`${url}/live/main/${path}`);
const index = async () => (await get('index.m3u8')).text();
const base = async () => /^(.+)\/video\.m3u8$/m.exec(await index())?.[1] ?? '';

/** Asks for the playlist before there is any; the child is there then. */
async function begin(): Promise<{ address: string; first: Promise<Response> }> {
  const address = `${await base()}/aac.m3u8`;
  const before = children.length;
  const first = get(address);
  while (children.length === before) await setImmediate();
  return { address, first };
}

const segmentsOf = (text: string) =>
  [...text.matchAll(/^(?:aac|video|audio)\/(\d+)\.m4s$/gm)].map(([, n]) => Number(n));

describe('AAC beside Opus', () => {
  it('is a variant behind the other one, and costs nothing before anybody asks for it', async () => {
    await publish();
    send(7);
    const text = await index();
    const variants = [...text.matchAll(/BANDWIDTH=(\d+),.*CODECS="([^"]+)".*AUDIO="([^"]+)"/g)];
    expect(variants.map(([, , codecs, group]) => [codecs, group])).toEqual([
      ['avc1.42c01f,opus', 'audio'],
      ['avc1.42c01f,mp4a.40.2', 'aac'],
    ]);
    expect(Number(variants[0]?.[1])).toBeLessThan(Number(variants[1]?.[1]));
    expect(text).toMatch(
      /GROUP-ID="aac",NAME="Main",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="1",URI="p1\/aac\.m3u8"/,
    );
    await get(`${await base()}/video.m3u8`);
    expect(children).toEqual([]);
  });

  it('is not offered without ffmpeg, nor where the sound is AAC', async () => {
    ffmpeg = undefined;
    await publish();
    send(7);
    expect(await index()).not.toContain('aac');
    expect((await get(`${await base()}/aac.m3u8`)).status).toBe(404);
    publication.end();
    ffmpeg = FFMPEG;
    await publish(AAC);
    send(7);
    expect(await index()).not.toContain('aac.m3u8');
    expect((await get(`${await base()}/aac.m3u8`)).status).toBe(404);
  });

  it('has the segments, numbers and dates of the picture, from what the group buffer holds', async () => {
    await publish();
    send(9);
    const { address, first } = await begin();
    make();
    const answer = await first;
    expect(answer.status).toBe(200);
    const text = await answer.text();
    const video = await (await get(`${await base()}/video.m3u8`)).text();
    expect(segmentsOf(text)).toEqual(segmentsOf(video));
    const dates = (playlist: string) =>
      [...playlist.matchAll(/DATE-TIME:(.+)$/gm)].map(([, date = '']) => Date.parse(date));
    for (const [at, date] of dates(text).entries())
      expect(Math.abs(date - (dates(video)[at] ?? 0))).toBeLessThan(64);
    const uris = [...text.matchAll(/^aac\/.+$|(?:MAP|PART):.*URI="([^"]+)"/gm)].map(
      ([line, uri]) => uri ?? line,
    );
    expect(uris.length).toBeGreaterThan(30);
    for (const uri of uris) {
      const media = await get(address.replace('aac.m3u8', uri));
      expect([uri, media.status, media.headers.get('content-type')]).toEqual([uri, 200, 'audio/mp4']);
      expect((await media.arrayBuffer()).byteLength).toBeGreaterThan(20);
    }
  });

  it('goes back as far as the other sound where it is first asked for late, though the hub holds less', async () => {
    await publish();
    send(7);
    const address = `${await base()}/aac.m3u8`;
    send(30);
    const listed = segmentsOf(await (await get(address.replace('aac', 'audio'))).text());
    const { first } = await begin();
    made = Math.floor(2 * (listed[0] ?? 0) * RATE);
    make();
    expect(segmentsOf(await (await first).text())).toEqual(listed);
    expect(2 * listed.length).toBeGreaterThan(12);
  });

  it('goes back as far where somebody has followed it for long, a platform that it is sent to', async () => {
    await publish();
    send(1);
    const broadcast = hub.find('main')?.watchable;
    if (!broadcast) throw new Error('not live');
    const leave = transcoder.aac(broadcast).follow({ epoch: () => {}, chunk: () => {}, end: () => {} });
    while (children.length === 0) await setImmediate();
    for (let second = 0; second < 40; second += 1) {
      send(1);
      make();
      if (second === 10) await index();
    }
    const address = `${await base()}/aac.m3u8`;
    const [sound, other] = await Promise.all([get(address), get(address.replace('aac', 'audio'))]);
    expect(segmentsOf(await sound.text())).toEqual(segmentsOf(await other.text()));
    leave();
  });

  it('is first told of when it has come as far as the picture had, and not before', async () => {
    await publish();
    send(9);
    const { first } = await begin();
    make(4);
    send(0.5);
    expect(presentations.waiting).toBe(1);
    make(8.2);
    expect(segmentsOf(await (await first).text())).toEqual([0, 1, 2, 3]);
  });

  it('keeps the rules of playlists in every version, through an epoch, to the end', async () => {
    await publish();
    send(5);
    const { address, first } = await begin();
    make();
    const rules = new PlaylistRules();
    rules.check(await (await first).text());
    const follow = async () => {
      for (let step = 0; step < 60; step += 1) {
        send(0.2);
        make();
        rules.check(await (await get(address)).text());
      }
    };
    await follow();
    publication.markLost();
    await publish();
    const before = children.length;
    children.at(-1)?.exit();
    send(0.2);
    while (children.length === before) await setImmediate();
    await follow();
    publication.end();
    children.at(-1)?.exit();
    const video = await (await get(address.replace('aac', 'video'))).text();
    for (let text = ''; !text.includes('#EXT-X-ENDLIST'); ) {
      await setImmediate();
      text = await (await get(address)).text();
    }
    const last = rules.check(await (await get(address)).text());
    expect(last.ended).toBe(true);
    expect(last.segments.at(-1)?.discontinuity).toBe(1);
    expect(last.segments.at(-1)?.sequence).toBe(segmentsOf(video).at(-1));
  });

  it('is missing where the sound of the broadcast is, and goes on with it', async () => {
    await publish();
    send(9);
    const { address, first } = await begin();
    make();
    const rules = new PlaylistRules();
    rules.check(await (await first).text());
    const gapsOf = (text: string) => [...text.matchAll(/#EXT-X-GAP\n/g)].length;
    send(40, { sound: false });
    const opus = await (await get(address.replace('aac', 'audio'))).text();
    const text = await (await get(address)).text();
    rules.check(text);
    expect(gapsOf(text)).toBe(gapsOf(opus));
    expect(gapsOf(text)).toBeGreaterThan(3);
    expect(segmentsOf(text).at(-1)).toBe(segmentsOf(opus).at(-1));
    // Who comes only now is given the same at once.
    expect((await get(`${address}?_HLS_msn=${segmentsOf(text).at(-1)}`)).status).toBe(200);
    send(4);
    make();
    const after = await (await get(address)).text();
    rules.check(after);
    expect(after.indexOf('#EXT-X-PART:')).toBeGreaterThan(after.lastIndexOf('#EXT-X-GAP'));
  });

  it('can be asked for first while the sound is missing', async () => {
    await publish();
    send(9);
    send(9, { sound: false });
    const { first } = await begin();
    // What is held of the sound.
    make(1);
    send(1, { sound: false });
    const answer = await first;
    expect([answer.status, (await answer.text()).includes('#EXT-X-GAP')]).toEqual([200, true]);
  });

  it('stops a while after the last who asked, and goes on with what comes when somebody asks again', async () => {
    await publish();
    send(5);
    const { address, first } = await begin();
    make();
    const before = segmentsOf(await (await first).text());
    clock.advance(59_000);
    expect((await get(address)).status).toBe(200);
    clock.advance(60_001);
    clock.advance(30_001);
    expect(children[0]?.ended).toBe(true);
    children[0]?.exit();
    await setImmediate();
    send(20);
    const again = await begin();
    const held = Math.floor(5 * RATE);
    made = held;
    make();
    const after = segmentsOf(await (await again.first).text());
    expect(after[0]).toBeGreaterThan(before.at(-1) ?? 0);
    expect(after.at(-1)).toBe(segmentsOf(await (await get(address.replace('aac', 'video'))).text()).at(-1));
  });

  it('is refused in words while its child fails, and nothing else is', async () => {
    await publish();
    send(5);
    const { address, first } = await begin();
    children[0]?.exit({ code: 1, words: 'it crashed' });
    await setImmediate();
    send(0.5);
    const refused = await first;
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2']);
    // What ffmpeg complained of is for the log: it may have paths in it.
    expect(await refused.json()).toMatchObject({
      error: 'rendition-unavailable',
      message: 'The sound cannot be made into AAC now. Try again in a moment.',
    });
    expect((await get(address)).status).toBe(503);
    for (const other of ['video', 'audio'])
      expect((await get(address.replace('aac', other))).status).toBe(200);
    clock.advance(1000);
    while (children.length < 2) await setImmediate();
    send(3);
    make();
    expect((await get(address)).status).toBe(200);
  });
});

describe('AAC beside Opus in DASH', () => {
  /** Asks for the manifest that has it, before there is any; the child is there then. */
  async function ask(): Promise<Response> {
    const before = children.length;
    const first = get('manifest.mpd?audio=aac');
    while (children.length === before) await setImmediate();
    make();
    return await first;
  }

  const setOf = (manifest: string, id: number, period = 0): string =>
    [...manifest.matchAll(new RegExp(`<AdaptationSet id="${id}".*?</AdaptationSet>`, 'gs'))][period]?.[0] ??
    '';

  const attribute = (text: string, name: string) => new RegExp(` ${name}="([^"]*)"`).exec(text)?.[1];

  it('costs nothing and is not there where nobody asks for it', async () => {
    await publish();
    send(7);
    const text = await (await get('manifest.mpd')).text();
    expect(text).not.toMatch(/mp4a|selectionPriority/);
    expect(children).toEqual([]);
  });

  it('is a set of its own for who asks, with the numbers and times of the Opus, which is to be taken rather', async () => {
    await publish();
    send(9);
    const answer = await ask();
    expect(answer.status).toBe(200);
    const text = await answer.text();
    const [video, opus, aac] = [1, 2, 3].map((id) => setOf(text, id));
    expect([video, opus, aac].map((set = '') => attribute(set, 'codecs'))).toEqual([
      'avc1.42c01f',
      'opus',
      'mp4a.40.2',
    ]);
    expect([video, opus, aac].map((set = '') => attribute(set, 'selectionPriority'))).toEqual([
      undefined,
      '2',
      '1',
    ]);
    for (const name of ['startNumber', 'timescale', 'presentationTimeOffset'])
      expect(attribute(aac ?? '', name)).toBe(attribute(opus ?? '', name));
    const starts = [opus, aac].map((set = '') => Number(attribute(set, 't')) / 48);
    // Frames of AAC lie on a grid of their own: at most one is cut off.
    expect(Math.abs((starts[0] ?? 0) - (starts[1] ?? 0))).toBeLessThan(22);
    const [read] = Object.values(readMpd(text).mediaGroups.AUDIO).flatMap((group) => Object.values(group));
    expect(read?.playlists.map(({ attributes }) => attributes.CODECS)).toContain('mp4a.40.2');
    for (const uri of [attribute(aac ?? '', 'initialization') ?? '', 'p1/aac/0.m4s']) {
      const media = await get(uri);
      expect([uri, media.status, media.headers.get('content-type')]).toEqual([uri, 200, 'audio/mp4']);
      expect((await media.arrayBuffer()).byteLength).toBeGreaterThan(20);
    }
    expect(await (await get('manifest.mpd')).text()).not.toContain('mp4a');
  });

  it('is sent chunk by chunk as it is made, like the other tracks', async () => {
    await publish();
    send(9);
    await ask();
    const open = await get('p1/aac/4.m4s');
    expect([open.status, open.headers.get('content-length')]).toEqual([200, null]);
    const pieces = open.body?.getReader();
    expect((await pieces?.read())?.value?.byteLength).toBeGreaterThan(100);
    send(2);
    make();
    let done = false;
    while (!done) done = (await pieces?.read())?.done ?? true;
    const whole = await get('p1/aac/4.m4s');
    expect(Number(whole.headers.get('content-length'))).toBeGreaterThan(500);
  });

  it('has no hole between the periods of two sessions', async () => {
    await publish();
    send(7);
    await ask();
    publication.markLost();
    await publish();
    const before = children.length;
    children.at(-1)?.exit();
    send(3);
    while (children.length === before) await setImmediate();
    make();
    let text = '';
    while (setOf(text, 3, 1) === '') text = await (await get('manifest.mpd?audio=aac')).text();
    const [first, second] = [0, 1].map((period) => setOf(text, 3, period));
    const ends = [...(first ?? '').matchAll(/<S(?: t="(\d+)")? d="(\d+)"(?: r="(\d+)")?/g)].reduce(
      (end, [, t, d, r]) => (t === undefined ? end : Number(t)) + Number(d) * (1 + Number(r ?? 0)),
      0,
    );
    expect(Number(attribute(second ?? '', 't'))).toBe(ends);
  });

  it('is not there without ffmpeg, nor where the sound is AAC: the rest is', async () => {
    ffmpeg = undefined;
    await publish();
    send(7);
    const answer = await get('manifest.mpd?audio=aac');
    expect([answer.status, (await answer.text()).includes('mp4a')]).toEqual([200, false]);
    publication.end();
    ffmpeg = FFMPEG;
    await publish(AAC);
    send(7);
    expect((await (await get('manifest.mpd?audio=aac')).text()).match(/<AdaptationSet/g)).toHaveLength(2);
    expect(children).toEqual([]);
  });

  it('is there for everybody as soon as it is made, where it always is', async () => {
    always = true;
    await publish();
    send(7);
    expect(await (await get('manifest.mpd')).text()).not.toContain('mp4a');
    while (children.length === 0) await setImmediate();
    make();
    expect(setOf(await (await get('manifest.mpd')).text(), 3)).toContain('mp4a.40.2');
    children[0]?.exit({ code: 1, words: 'it crashed' });
    await setImmediate();
    expect((await get('manifest.mpd')).status).toBe(200);
    expect((await get('manifest.mpd?audio=aac')).status).toBe(503);
  });
});
