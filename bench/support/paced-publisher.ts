import { once } from 'node:events';
import { WebSocket } from 'ws';
import { PUBLISH_PROTOCOL, type PublishServerMessage } from '../../src/wire/publish.ts';

const SLICE_MS = 100;

/** A stream that a {@link PacedPublisher} sends. */
export interface PacedStream {
  /** `ws://host/live/{channel}/publish` */
  readonly url: string;
  readonly key: string;
  readonly session: string;
  readonly media: Buffer;
  readonly bytesPerMs: number;
}

/** One connection of a publisher over the protocol, which sends in real time, every 100 ms, as a browser does. */
export class PacedPublisher {
  /** Where the server said to go on. */
  readonly offset: number;
  /** Bytes of the stream that were given to the network. */
  sent: number;
  /** Bytes of the stream that the server acknowledged. */
  acknowledged: number;
  /** Settles when the connection is gone and everything that the server said was heard. */
  readonly closed: Promise<unknown>;
  readonly #stream: PacedStream;
  readonly #socket: WebSocket;
  #timer: NodeJS.Timeout | undefined;

  private constructor(stream: PacedStream, socket: WebSocket, offset: number) {
    this.#stream = stream;
    this.#socket = socket;
    this.offset = offset;
    this.sent = offset;
    this.acknowledged = offset;
    this.closed = new Promise((settle) => socket.once('close', settle));
    socket.on('message', (data, isBinary) => {
      if (isBinary) return;
      const message = JSON.parse(String(data)) as PublishServerMessage;
      if (message.type === 'ack') this.acknowledged = message.offset;
    });
    const begin = performance.now();
    this.#timer = setInterval(
      () => this.#send(offset + (performance.now() - begin) * stream.bytesPerMs),
      SLICE_MS,
    );
    socket.once('close', () => clearInterval(this.#timer));
  }

  /** Starts or resumes a session; rejects when the server refuses it. */
  static async open(stream: PacedStream): Promise<PacedPublisher> {
    const headers = { authorization: `Bearer ${stream.key}` };
    const socket = new WebSocket(stream.url, PUBLISH_PROTOCOL, { headers, perMessageDeflate: false });
    await once(socket, 'open');
    socket.on('error', () => {});
    socket.send(JSON.stringify({ type: 'start', session: stream.session, mimeType: 'video/x-matroska' }));
    const answer = await untilMessage(socket, ['ready', 'error']);
    if (answer.type !== 'ready') throw new Error(`the server refused: ${JSON.stringify(answer)}`);
    return new PacedPublisher(stream, socket, answer.offset);
  }

  /** All was sent. */
  get atEnd(): boolean {
    return this.sent >= this.#stream.media.length;
  }

  /** Breaks the connection. */
  async drop(): Promise<void> {
    this.#socket.terminate();
    await this.closed;
  }

  /** Sends the rest, and waits until the server has stored all. Answers the recording's id. */
  async end(): Promise<string | null> {
    clearInterval(this.#timer);
    this.#send(this.#stream.media.length);
    this.#socket.send(JSON.stringify({ type: 'end', length: this.#stream.media.length }));
    const { recording } = await untilMessage(this.#socket, ['ended']);
    await this.closed;
    return recording;
  }

  #send(due: number): void {
    const end = Math.min(this.#stream.media.length, Math.floor(due));
    if (end <= this.sent || this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(this.#stream.media.subarray(this.sent, end));
    this.sent = end;
  }
}

function untilMessage<T extends PublishServerMessage['type']>(socket: WebSocket, types: readonly T[]) {
  return new Promise<Extract<PublishServerMessage, { type: T }>>((settle, fail) => {
    const listen = (data: unknown, isBinary: boolean) => {
      if (isBinary) return;
      const message = JSON.parse(String(data)) as PublishServerMessage;
      if (!(types as readonly string[]).includes(message.type)) return;
      socket.off('message', listen);
      settle(message as Extract<PublishServerMessage, { type: T }>);
    };
    socket.on('message', listen);
    socket.once('close', (code, reason) => fail(new Error(`closed with ${code} ${reason}`)));
  });
}
