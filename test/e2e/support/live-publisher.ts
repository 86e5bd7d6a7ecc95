import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { Pace } from '../../../src/server/cli/publish/pace.ts';
import { PUBLISH_PROTOCOL, type PublishServerMessage } from '../../../src/wire/publish.ts';
import type { RunningServer } from './running-server.ts';

const SLICE = 2048;
const INTERVAL = 50;
/** In one message: what was kept through a long cut is more than a server takes at once. */
const LARGEST = 256 * 1024;

/** Publishes a recording in real time, as a browser does; it can be cut off and come back with what it kept. */
export class LivePublisher {
  /** Settles when all of it was sent and the broadcast is over. */
  readonly ended: Promise<void>;
  readonly #url: string;
  readonly #key: string;
  readonly #media: Uint8Array;
  readonly #session = randomUUID();
  /** When each slice is due, in ms. */
  readonly #due: readonly number[];
  readonly #begin = performance.now();
  readonly #settleEnded: () => void;
  #socket: WebSocket | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(server: RunningServer, key: string, media: Uint8Array, channel = 'main') {
    this.#url = `${server.url.replace('http', 'ws')}/live/${channel}/publish`;
    this.#key = key;
    this.#media = media;
    const pace = new Pace();
    const due: number[] = [];
    for (let at = 0; at < media.length; at += SLICE) due.push(pace.due(media.slice(at, at + SLICE)));
    this.#due = due;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#settleEnded = resolve;
  }

  /** Connects, and goes on where the server says. */
  async connect(): Promise<void> {
    const headers = { authorization: `Bearer ${this.#key}` };
    const socket = new WebSocket(this.#url, PUBLISH_PROTOCOL, { headers, perMessageDeflate: false });
    await once(socket, 'open');
    this.#socket = socket;
    socket.on('error', () => {});
    const ready = new Promise<number>((settle, fail) => {
      socket.on('message', (data) => {
        const message = JSON.parse(String(data)) as PublishServerMessage;
        if (message.type === 'ready') settle(message.offset);
        if (message.type === 'error') fail(new Error(message.message));
        if (message.type === 'ended') this.#settleEnded();
      });
    });
    socket.send(JSON.stringify({ type: 'start', session: this.#session, mimeType: 'video/x-matroska' }));
    let sent = await ready;
    this.#timer = setInterval(() => {
      const time = performance.now() - this.#begin;
      let end = sent;
      while (end < this.#media.length && (this.#due[Math.floor(end / SLICE)] ?? 0) <= time) {
        end = Math.min(this.#media.length, (Math.floor(end / SLICE) + 1) * SLICE);
      }
      for (; sent < end; sent = Math.min(end, sent + LARGEST))
        socket.send(this.#media.subarray(sent, Math.min(end, sent + LARGEST)));
      if (end < this.#media.length) return;
      clearInterval(this.#timer);
      socket.send(JSON.stringify({ type: 'end', length: this.#media.length }));
    }, INTERVAL);
  }

  /** The connection is gone; what would be recorded meanwhile is kept. */
  cut(): void {
    clearInterval(this.#timer);
    this.#socket?.terminate();
  }

  /** Gives up. */
  close(): void {
    this.cut();
  }
}
