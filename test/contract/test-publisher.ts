import { randomUUID } from 'node:crypto';
import { PUBLISH_PROTOCOL } from '../../src/wire/publish.ts';
import { STREAM_KEY, type TestServer } from './test-server.ts';
import { TestSocket } from './test-socket.ts';

/** How a {@link TestPublisher} starts. */
export interface TestPublisherOptions {
  readonly channel?: string;
  readonly mimeType?: string;
  readonly session?: string;
  readonly takeover?: boolean;
  readonly name?: string;
  readonly namePrefix?: string;
  readonly from?: number;
  readonly late?: boolean;
}

/** A publisher that speaks the protocol: one connection of a session. */
export class TestPublisher {
  readonly socket: TestSocket;
  readonly session: string;
  /** Where the server said to go on. */
  readonly offset: number;

  private constructor(socket: TestSocket, session: string, offset: number) {
    this.socket = socket;
    this.session = session;
    this.offset = offset;
  }

  /** Connects and starts or resumes a session; fails when it is refused. */
  static async start(server: TestServer, options: TestPublisherOptions = {}): Promise<TestPublisher> {
    const { channel = 'main', session = randomUUID(), ...rest } = options;
    const socket = await TestSocket.open(server.publishUrl(channel), PUBLISH_PROTOCOL);
    socket.say({ type: 'start', session, mimeType: 'video/webm', ...rest });
    const { offset } = await socket.message('ready');
    return new TestPublisher(socket, session, Number(offset));
  }

  /** Sends bytes, one message for each piece. */
  send(...pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) this.socket.socket.send(piece);
  }

  /** Waits until the server has read everything that was sent before. */
  async settled(): Promise<void> {
    const id = this.socket.received.length;
    this.socket.say({ type: 'ping', id });
    await this.socket.until(
      () => this.socket.texts.some((message) => message.type === 'pong' && message.id === id),
      'the answer to a ping',
    );
  }

  /** Ends the stream and answers the recording's id. */
  async end(length: number): Promise<unknown> {
    this.socket.say({ type: 'end', length });
    return (await this.socket.message('ended')).recording;
  }
}

/** Asks to publish and answers the refusal: the error message and how the socket was closed. */
export async function refusalOf(
  server: TestServer,
  options: TestPublisherOptions & { key?: string } = {},
): Promise<{ code: number; reason: string; error: unknown }> {
  const { channel = 'main', session = randomUUID(), key = STREAM_KEY, ...rest } = options;
  const socket = await TestSocket.open(server.publishUrl(channel, ''), PUBLISH_PROTOCOL);
  socket.say({ type: 'start', session, mimeType: 'video/webm', key, ...rest });
  const closed = await socket.closed;
  return { ...closed, error: socket.texts.find(({ type }) => type === 'error') };
}
