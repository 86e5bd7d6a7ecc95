import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Hub } from '../../src/channel/hub.ts';
import { ManualClock } from '../../src/channel/manual-clock.ts';
import { Presentations } from '../../src/egress/http/presentations.ts';
import { bytes, milliseconds } from '../../src/media/time.ts';
import { TrustedProxies } from '../../src/server/auth/trusted-proxies.ts';
import { createHttp } from '../../src/server/http/create-http.ts';
import type { Http } from '../../src/server/http/http.ts';
import { listen } from '../../src/server/listen.ts';
import { hlsRoutes } from '../../src/server/live/hls-routes.ts';
import { ViewerCounts } from '../../src/server/live/viewer-counts.ts';
import { ViewerTraffic } from '../../src/server/live/viewer-traffic.ts';
import type { Store } from '../../src/store/open-store.ts';
import { simulatedSteps } from './stream-rules/simulated-stream.ts';

/** `npm run bench -- waiting` has ten thousand, and measures their memory. */
const MOST = 1000;
const LIMITS = {
  segment: milliseconds(2000),
  part: milliseconds(200),
  window: milliseconds(16_000),
  maxBytes: bytes(1_000_000),
};

let clock: ManualClock;
let hub: Hub;
let presentations: Presentations;
let viewers: ViewerCounts;
let http: Http;
let url: string;
let steps: Generator<number, void>;
let sockets: Socket[];

beforeEach(async () => {
  clock = new ManualClock();
  hub = new Hub({ clock, newBroadcastId: () => 'b' });
  presentations = new Presentations({
    clock,
    limits: LIMITS,
    newPresentationId: () => 'p',
    mostWaiting: MOST,
  });
  http = await createHttp(pino({ level: 'silent' }), new TrustedProxies([]));
  viewers = new ViewerCounts({ clock });
  const store = { channels: { find: async () => undefined } } as unknown as Store;
  await hlsRoutes(http, { hub, store, presentations, traffic: new ViewerTraffic(), viewers });
  url = await listen(http, '127.0.0.1', 0);
  const publication = hub.open('main', { reconnectGrace: milliseconds(30_000), live: true }).publish();
  steps = simulatedSteps(publication, [{ name: 'camera', seconds: 600, frame: () => 40 }]);
  sockets = [];
  publish(5);
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  presentations.close();
  viewers.close();
  hub.close();
  await http.close();
  expect([presentations.waiting, clock.pending]).toEqual([0, 0]);
});

/** So many seconds of media, at once. */
function publish(seconds: number): void {
  const end = clock.now() + seconds * 1000;
  // Not `for … of`, which ends the generator when it is left.
  for (let step = steps.next(); !step.done && step.value < end; step = steps.next()) {
    if (step.value > clock.now()) clock.advance(step.value - clock.now());
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await setImmediate();
}

/** One that says what it was answered, once all of it is there. */
async function ask(path: string): Promise<{ socket: Socket; answer: Promise<string> }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  sockets.push(socket);
  await once(socket, 'connect');
  const answer = new Promise<string>((settle) => {
    let text = '';
    socket.on('data', (piece: Buffer) => {
      text += piece.toString('latin1');
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
      if (text.length - text.indexOf('\r\n\r\n') - 4 === length) settle(text);
    });
  });
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  return { socket, answer };
}

/** The path of the next segment's playlist. */
async function nextSegment(): Promise<string> {
  const index = `${url}/live/main/index.m3u8`;
  const name = /^(.+video\.m3u8)$/m.exec(await (await fetch(index)).text())?.[1] ?? '';
  const text = await (await fetch(new URL(name, index))).text();
  const sequence = Number(/MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1]);
  return `/live/main/${name}?_HLS_msn=${sequence + (text.match(/#EXTINF/g)?.length ?? 0)}`;
}

const askAll = (path: string) => Promise.all(Array.from({ length: MOST }, () => ask(path)));

describe('a thousand requests that wait for the same playlist, each on a connection of its own', () => {
  it('are answered with the same bytes, and no more may wait', async () => {
    const path = await nextSegment();
    const asked = await askAll(path);
    await until(() => presentations.waiting === MOST);
    const refused = await fetch(url + path);
    expect([refused.status, await refused.json()]).toMatchObject([503, { error: 'too-many-waiting' }]);
    expect(refused.headers.get('retry-after')).toBe('1');
    publish(2);
    const answers = await Promise.all(asked.map(({ answer }) => answer));
    const bodies = answers.map((text) => text.slice(text.indexOf('\r\n\r\n')));
    expect(new Set(bodies).size).toBe(1);
    expect(new Set(answers.map((text) => /etag: (\S+)/i.exec(text)?.[1])).size).toBe(1);
    expect(answers.every((text) => text.startsWith('HTTP/1.1 200 '))).toBe(true);
    expect(presentations.waiting).toBe(0);
  });

  it('are released as they go, and make room for others', async () => {
    const path = await nextSegment();
    const asked = await askAll(path);
    await until(() => presentations.waiting === MOST);
    for (const { socket } of asked.slice(0, MOST / 2)) socket.destroy();
    await until(() => presentations.waiting === MOST / 2);
    const { answer } = await ask(path);
    await until(() => presentations.waiting === MOST / 2 + 1);
    publish(2);
    expect(await answer).toContain('#EXTM3U');
    await Promise.all(asked.slice(MOST / 2).map((each) => each.answer));
    expect(presentations.waiting).toBe(0);
  });

  it('are refused after three target durations when nothing comes', async () => {
    const asked = await askAll(await nextSegment());
    await until(() => presentations.waiting === MOST);
    clock.advance(11_000);
    expect(presentations.waiting).toBe(MOST);
    clock.advance(2000);
    const answers = await Promise.all(asked.map(({ answer }) => answer));
    expect(new Set(answers.map((text) => text.slice(9, 12)))).toEqual(new Set(['503']));
    expect(presentations.waiting).toBe(0);
  });
});
