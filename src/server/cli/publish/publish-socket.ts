import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { CLOSE } from '../../../wire/close-codes.ts';
import { PUBLISH_PROTOCOL, type PublisherMessage, type PublishServerMessage } from '../../../wire/publish.ts';
import { PublishFailure } from './publish-failure.ts';

/** Where a publisher's connection leads, and what it proves itself with. */
export interface PublishAddress {
  readonly url: string;
  readonly key: string | undefined;
}

/** Why a connection is no more: come back, or not. */
export type Loss =
  | { readonly kind: 'lost'; readonly words: string }
  | { readonly kind: 'failed'; readonly failure: PublishFailure };

/** After these the same bytes would only meet the same end. */
const COME_BACK: readonly number[] = [CLOSE.goingAway, CLOSE.internal, 1005, 1006, 1012, 1013];
const HANDSHAKE_TIMEOUT = 10_000;
const HIGH_WATER = 512 * 1024;
const MAX_BODY = 4096;

/** One connection of a publisher under the publish protocol. */
export class PublishSocket {
  /** Settles when the connection is over. */
  readonly closed: Promise<Loss>;
  readonly #socket: WebSocket;
  #refusal: PublishFailure | undefined;
  #settle: (loss: Loss) => void = () => {};

  /** `onMessage` gets every message of the server, in order. */
  constructor(
    { url, key }: PublishAddress,
    first: PublisherMessage,
    onMessage: (message: PublishServerMessage) => void,
  ) {
    this.closed = new Promise((settle) => {
      this.#settle = settle;
    });
    this.#socket = new WebSocket(url, PUBLISH_PROTOCOL, {
      headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
      handshakeTimeout: HANDSHAKE_TIMEOUT,
      perMessageDeflate: false,
    });
    let reason = 'the connection was lost';
    this.#socket.on('open', () => this.send(first));
    this.#socket.on('message', (data, isBinary) => {
      if (isBinary) return;
      const message = JSON.parse(data.toString()) as PublishServerMessage;
      if (message.type === 'error') this.#refusal = new PublishFailure(message.code, message.message);
      onMessage(message);
    });
    this.#socket.on('unexpected-response', (_request, response) => this.#readRefusal(response));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      reason = error.code === 'ECONNREFUSED' ? 'nobody answers there' : error.message;
    });
    this.#socket.on('close', (code) => this.#settle(this.#lossOf(code, reason)));
  }

  /** Sends a text message. */
  send(message: PublisherMessage): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** Sends media; settles when there is room for more, or the connection is over. */
  async sendMedia(bytes: Uint8Array): Promise<void> {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    await new Promise<void>((settle) => {
      this.#socket.send(bytes, () => settle());
      if (this.#socket.bufferedAmount < HIGH_WATER) settle();
    });
  }

  close(): void {
    this.#socket.close(CLOSE.normal);
  }

  #lossOf(code: number, reason: string): Loss {
    if (this.#refusal && !COME_BACK.includes(code)) return { kind: 'failed', failure: this.#refusal };
    if (COME_BACK.includes(code)) return { kind: 'lost', words: this.#refusal?.message ?? reason };
    return {
      kind: 'failed',
      failure: new PublishFailure(`closed-${code}`, `The server closed the connection (${code}).`),
    };
  }

  #readRefusal(response: IncomingMessage): void {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      if (body.length < MAX_BODY) body += text;
    });
    response.on('end', () => {
      const status = response.statusCode ?? 0;
      const failure = parseRefusal(status, body);
      const busy = status >= 500 || status === 429;
      this.#settle(busy ? { kind: 'lost', words: failure.message } : { kind: 'failed', failure });
      this.#socket.terminate();
    });
  }
}

function parseRefusal(status: number, body: string): PublishFailure {
  try {
    const { error, message } = JSON.parse(body) as { error?: unknown; message?: unknown };
    if (typeof error === 'string' && typeof message === 'string') return new PublishFailure(error, message);
  } catch {
    // Not our server, or a proxy in front of it.
  }
  return new PublishFailure(
    `http-${status}`,
    `The server answered with status ${status}. Is this a Headwater address?`,
  );
}
