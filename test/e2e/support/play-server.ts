import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Chunk, Epoch } from '../../../src/media/chunk.ts';
import { milliseconds } from '../../../src/media/time.ts';
import { PLAY_PROTOCOL, type PlayServerMessage } from '../../../src/wire/play.ts';
import { TestPublisher, type TestRecording } from './test-broadcast.ts';

interface Page {
  readonly body: string | Uint8Array;
  readonly type: string;
  readonly headers?: Record<string, string>;
}

/** Something that a test does to each media message on its way; undefined loses it. */
type Tamper = (bytes: Uint8Array, chunk: Chunk) => Uint8Array | undefined;

/**
 * A small server of the play protocol for the player's tests: it replays a recording in real time to everybody and can
 * be told to misbehave. The real one is tested elsewhere.
 */
export class PlayServer {
  readonly #http: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, handleProtocols: () => PLAY_PROTOCOL });
  readonly #pages = new Map<string, Page>();
  readonly #connections = new Set<Socket>();
  #state: PlayServerMessage = { type: 'offline' };
  #live: PlayServerMessage | undefined;
  #epoch: Epoch | undefined;
  #group: Chunk[] = [];
  #publisher: TestPublisher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;
  /** Does something to each media message. */
  tamper: Tamper = (bytes) => bytes;
  /** Refuses sockets while true. */
  refuses = false;
  /** Answers nothing and sends nothing while true, as a dead network would. */
  mute = false;
  /** All sockets that were ever accepted. */
  accepted = 0;

  constructor() {
    this.#http = createServer((request, response) => {
      const page = this.#pages.get(new URL(request.url ?? '/', 'http://host').pathname);
      if (!page) response.writeHead(404).end();
      else sendPage(page, request.headers.range, response);
    });
    this.#http.on('connection', (socket) => {
      this.#connections.add(socket);
      socket.on('close', () => this.#connections.delete(socket));
    });
    this.#http.on('upgrade', (request, socket, head) => {
      if (this.refuses || request.url !== '/live/main/ws') socket.destroy();
      else this.#sockets.handleUpgrade(request, socket, head, (viewer) => this.#greet(viewer));
    });
  }

  /** Listens on a free port; answers with its address. */
  async start(): Promise<string> {
    this.#http.listen(0, '127.0.0.1');
    await once(this.#http, 'listening');
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** Serves this at that path. */
  page(path: string, page: Page): void {
    this.#pages.set(path, page);
  }

  /** How many are watching. */
  get viewers(): number {
    return this.#sockets.clients.size;
  }

  /** A broadcast begins. */
  goLive(recording: TestRecording): void {
    this.stop();
    this.#live = { type: 'live', broadcast: randomUUID(), startedAt: Date.now(), title: null };
    this.#state = this.#live;
    this.#group = [];
    this.#epoch = undefined;
    this.tell(this.#live);
    this.#publish(recording, 0, 0);
  }

  /** The same broadcast goes on with other media. */
  change(recording: TestRecording): void {
    const { position = milliseconds(0), nextEpoch = 0 } = this.#publisher ?? {};
    clearTimeout(this.#timer);
    this.tell({ type: 'discontinuity' });
    this.#publish(recording, position, nextEpoch);
  }

  /** The broadcaster's connection is lost. */
  interrupt(): void {
    clearTimeout(this.#timer);
    this.#state = { type: 'interrupted', grace: 30_000 };
    this.tell(this.#state);
  }

  /** The broadcaster is back. */
  resume(recording: TestRecording): void {
    if (this.#live) this.#state = this.#live;
    this.tell({ type: 'resumed' });
    this.change(recording);
  }

  /** The broadcast is over. */
  end(): void {
    this.stop();
    this.tell({ type: 'ended' });
  }

  /** Nobody is live any more; viewers are not told. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#publisher = undefined;
    this.#epoch = undefined;
    this.#group = [];
    this.#live = undefined;
    this.#state = { type: 'offline' };
  }

  /** Says that to every viewer. */
  tell(message: PlayServerMessage): void {
    for (const viewer of this.#sockets.clients) viewer.send(JSON.stringify(message));
  }

  /** Cuts every viewer's connection without a word. */
  cut(): void {
    for (const viewer of this.#sockets.clients) viewer.terminate();
  }

  /** Ends everything. */
  async close(): Promise<void> {
    this.stop();
    this.cut();
    for (const socket of this.#connections) socket.destroy();
    this.#http.close();
    await once(this.#http, 'close');
  }

  #publish(recording: TestRecording, startAt: number, firstEpoch: number): void {
    const lead = recording.pieces[0]?.at ?? 0;
    const wall = Date.now() - lead - 120;
    this.#startedAt = performance.now();
    const sink = {
      epoch: (epoch: Epoch) => this.#startEpoch(epoch),
      chunk: (chunk: Chunk) => this.#send(chunk),
    };
    this.#publisher = new TestPublisher(recording, sink, milliseconds(startAt), firstEpoch, wall);
    this.#deliver(this.#publisher);
  }

  #deliver(publisher: TestPublisher): void {
    while (performance.now() - this.#startedAt >= publisher.due) publisher.deliver();
    const wait = Math.max(0, publisher.due - (performance.now() - this.#startedAt));
    this.#timer = setTimeout(() => this.#deliver(publisher), wait);
  }

  #startEpoch(epoch: Epoch): void {
    this.#epoch = epoch;
    this.#group = [];
    for (const viewer of this.#sockets.clients) this.#describe(viewer, epoch);
  }

  #describe(viewer: WebSocket, { index, mime, tracks, init }: Epoch): void {
    const listed = tracks.map(({ kind, codecString }) => ({ kind, codec: codecString }));
    viewer.send(JSON.stringify({ type: 'tracks', epoch: index, mime, tracks: listed }));
    viewer.send(init);
  }

  #send(chunk: Chunk): void {
    if (chunk.startsGroup) this.#group = [];
    this.#group.push(chunk);
    const bytes = this.tamper(chunk.bytes, chunk);
    if (bytes && !this.mute) for (const viewer of this.#sockets.clients) viewer.send(bytes);
  }

  #greet(viewer: WebSocket): void {
    this.accepted += 1;
    viewer.on('message', (data) => this.#answer(viewer, String(data)));
    viewer.on('error', () => viewer.terminate());
    if (this.#live) viewer.send(JSON.stringify(this.#live));
    if (this.#epoch) this.#describe(viewer, this.#epoch);
    for (const chunk of this.#group) viewer.send(chunk.bytes);
    if (this.#state !== this.#live) viewer.send(JSON.stringify(this.#state));
    viewer.send(JSON.stringify({ type: 'viewers', count: this.viewers }));
  }

  #answer(viewer: WebSocket, data: string): void {
    const { id } = JSON.parse(data) as { id: number };
    if (!this.mute) viewer.send(JSON.stringify({ type: 'pong', id, time: Date.now() }));
  }
}

/** Sends it, or the one range of it that is asked for. */
function sendPage({ body, type, headers }: Page, range: string | undefined, response: ServerResponse): void {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  const bytes = Buffer.from(body);
  const part = first ? bytes.subarray(Number(first), last ? Number(last) + 1 : bytes.length) : bytes;
  response.writeHead(first ? 206 : 200, { 'content-type': type, ...headers }).end(part);
}
