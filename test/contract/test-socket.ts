import { WebSocket } from 'ws';

/** A text message of the server. */
export interface TextMessage {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** What came over a socket, in order. */
export type Received = TextMessage | Buffer;

/** A WebSocket that keeps what it is told, for tests that wait for conditions. */
export class TestSocket {
  readonly socket: WebSocket;
  readonly received: Received[] = [];
  /** How it was closed. */
  readonly closed: Promise<{ code: number; reason: string }>;
  #waiting: (() => void)[] = [];
  #isClosed = false;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer, isBinary) => {
      this.received.push(isBinary ? data : (JSON.parse(data.toString()) as TextMessage));
      this.#wake();
    });
    socket.on('error', () => {});
    this.closed = new Promise((settle) => {
      socket.on('close', (code, reason) => {
        this.#isClosed = true;
        this.#wake();
        settle({ code, reason: reason.toString() });
      });
    });
  }

  /** Connects; the messages that come with the upgrade are not missed. */
  static async open(url: string, protocol?: string): Promise<TestSocket> {
    const socket = new WebSocket(url, protocol === undefined ? [] : [protocol]);
    const opened = new TestSocket(socket);
    await new Promise((settle, reject) => {
      socket.once('open', settle);
      socket.once('error', reject);
    });
    return opened;
  }

  /** The text messages so far. */
  get texts(): TextMessage[] {
    return this.received.filter((message): message is TextMessage => !Buffer.isBuffer(message));
  }

  /** The binary messages so far. */
  get binaries(): Buffer[] {
    return this.received.filter((message) => Buffer.isBuffer(message));
  }

  /** The types of the text messages so far; `viewers` are left out, they come when they like. */
  get types(): string[] {
    return this.texts.map(({ type }) => type).filter((type) => type !== 'viewers' && type !== 'status');
  }

  /** Sends a text message. */
  say(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  /** Waits until the condition holds, looking again with every message; fails when the socket closes before. */
  async until(condition: () => boolean, what: string): Promise<void> {
    while (!condition()) {
      if (this.#isClosed)
        throw new Error(`the socket was closed before ${what}: ${JSON.stringify(this.texts.slice(-3))}`);
      await new Promise<void>((settle) => this.#waiting.push(settle));
    }
  }

  /** The first text message of that type, now or later. */
  async message(type: string, from = 0): Promise<TextMessage> {
    const find = () => this.texts.slice(from).find((message) => message.type === type);
    await this.until(() => find() !== undefined, type);
    return find() as TextMessage;
  }

  /** Cuts the connection without a close frame, as a dead network does. */
  cut(): void {
    this.socket.terminate();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const settle of waiting) settle();
  }
}

/** Waits, letting sockets and files go on, until the condition holds. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((settle) => setImmediate(settle));
}
