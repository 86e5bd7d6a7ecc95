import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { WebSocket } from 'ws';
import { PLAY_PROTOCOL } from '../src/wire/play.ts';
import { PUBLISH_PROTOCOL } from '../src/wire/publish.ts';
import { newStreamKey } from '../test/e2e/support/publish-file.ts';
import { type RunningServer, startServer } from '../test/e2e/support/running-server.ts';
import { MATERIAL_SECONDS, makeMaterial } from './support/material.ts';
import { percentile } from './support/percentile.ts';
import type { Result } from './support/result.ts';

const SLICE_MS = 100;
/** How often the material is in the recording that is finalised: about 700 MB. */
const ROUNDS = 20;
const BEFORE_MS = 15_000;
const PIECE = 256 * 1024;

/** A live stream in real time with one viewer: how long each chunk takes from the publisher's send to the viewer. */
class LiveStream {
  #lateness: number[] = [];
  readonly #sockets: readonly WebSocket[];
  readonly #timer: NodeJS.Timeout;

  private constructor(publisher: WebSocket, viewer: WebSocket, media: Buffer) {
    this.#sockets = [publisher, viewer];
    const perMs = media.length / (MATERIAL_SECONDS * 1000);
    const begin = performance.now();
    let sent = 0;
    let sentAt = begin;
    viewer.on('message', (_data, isBinary) => {
      if (isBinary) this.#lateness.push(performance.now() - sentAt);
    });
    this.#timer = setInterval(() => {
      const end = Math.min(media.length, Math.floor((performance.now() - begin) * perMs));
      publisher.send(media.subarray(sent, end));
      sent = end;
      sentAt = performance.now();
    }, SLICE_MS);
  }

  static async open(server: RunningServer, channel: string, key: string, media: Buffer): Promise<LiveStream> {
    const base = `${server.url.replace('http', 'ws')}/live/${channel}`;
    const publisher = await openPublisher(base, key);
    const viewer = new WebSocket(`${base}/ws`, PLAY_PROTOCOL);
    await once(viewer, 'open');
    return new LiveStream(publisher, viewer, media);
  }

  /** What came since the last call, in ms. */
  take(): number[] {
    const taken = this.#lateness;
    this.#lateness = [];
    return taken;
  }

  close(): void {
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.terminate();
  }
}

async function openPublisher(base: string, key: string): Promise<WebSocket> {
  const headers = { authorization: `Bearer ${key}` };
  const socket = new WebSocket(`${base}/publish`, PUBLISH_PROTOCOL, { headers, perMessageDeflate: false });
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'start', session: randomUUID(), mimeType: 'video/x-matroska' }));
  await hear(socket, 'ready');
  return socket;
}

async function hear(socket: WebSocket, type: string): Promise<void> {
  for (;;) {
    const [data, isBinary] = await once(socket, 'message');
    if (!isBinary && JSON.parse(String(data)).type === type) return;
  }
}

/** A long recording, as fast as the server takes it: one session after another of the same broadcast. */
async function recordLong(server: RunningServer, key: string, media: Buffer): Promise<void> {
  const base = `${server.url.replace('http', 'ws')}/live/main`;
  for (let round = 1; round <= ROUNDS; round += 1) {
    const socket = await openPublisher(base, key);
    for (let at = 0; at < media.length; at += PIECE) {
      await new Promise((sent) => socket.send(media.subarray(at, at + PIECE), sent));
    }
    if (round === ROUNDS) {
      socket.send(JSON.stringify({ type: 'end', length: media.length }));
      await hear(socket, 'ended');
    } else {
      const stored = hear(socket, 'pong');
      socket.send(JSON.stringify({ type: 'ping', id: round }));
      await stored;
      socket.terminate();
    }
  }
}

async function untilFinalised(server: RunningServer): Promise<void> {
  for (;;) {
    const answer = await server.api('GET', '/api/recordings?channel=main');
    const { items } = (await answer.json()) as { items: { finalisation: string }[] };
    if (items.every(({ finalisation }) => finalisation !== 'waiting')) return;
    await new Promise((pass) => setTimeout(pass, 50));
  }
}

/** What a live stream feels of a recording that is finalised beside it. */
export async function benchAside(): Promise<Result[]> {
  const media = readFileSync(makeMaterial());
  const server = await startServer();
  const created = await server.api('POST', '/api/channels', { name: 'live' });
  const { streamKey } = (await created.json()) as { streamKey: string };
  await recordLong(server, await newStreamKey(server), media);
  const began = performance.now();
  const live = await LiveStream.open(server, 'live', streamKey, media);
  await untilFinalised(server);
  const beside = live.take();
  const took = performance.now() - began;
  await new Promise((pass) => setTimeout(pass, BEFORE_MS));
  const alone = live.take();
  live.close();
  await server.stop();
  const row = { besideName: 'with nothing beside it', unit: 'ms', budget: '–' };
  const work = `a live stream beside a finalisation (${Math.round((ROUNDS * media.length) / 1e6)} MB in ${(took / 1000).toFixed(1)} s)`;
  return [50, 99].map((p) => ({
    ...row,
    work,
    figure: `publisher to viewer, p${p}`,
    ours: percentile(beside, p),
    beside: percentile(alone, p),
  }));
}
