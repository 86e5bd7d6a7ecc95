import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type Amf0Object, amf0Property } from '../../media/rtmp/amf0-value.ts';
import { ChunkStreamReader } from '../../media/rtmp/chunk-stream-reader.ts';
import { ChunkStreamWriter } from '../../media/rtmp/chunk-stream-writer.ts';
import { type RtmpCommand, readCommand, writeCommand } from '../../media/rtmp/command.ts';
import { HANDSHAKE_RANDOM, Handshake } from '../../media/rtmp/handshake.ts';
import {
  MESSAGE,
  type RtmpMessage,
  USER_CONTROL,
  writeNumberMessage,
  writeUserControl,
} from '../../media/rtmp/message.ts';

/** How a {@link TestRtmpServer} behaves; by default as a good one. */
export interface TestServerBehaviour {
  /** Says nothing, not even hello. */
  readonly silent?: boolean;
  /** Sent in place of any answer, then the connection is closed. */
  readonly garbage?: Uint8Array;
  /** In the answer to `connect`; null refuses it. */
  readonly capabilities?: Amf0Object | null;
  /** Lets nobody in who does not answer Adobe's challenge; with `opaque` as Akamai's servers put it. */
  readonly authentication?: { readonly user: string; readonly password: string; readonly opaque: boolean };
  /** Refuses `connect`, and says where to go instead (`ex.redirect`). */
  readonly redirect?: string;
  /** The answer to `publish`: a status code, `close` for none, `nothing` for none and waiting. */
  readonly publish?: string;
  /** Closes the connection once it was published to. */
  readonly thenClose?: boolean;
  /** Does not read media. */
  readonly stuck?: boolean;
  /** Acknowledges every so many bytes. */
  readonly acknowledgeEvery?: number;
}

/** One connection to it. */
export interface TestServerConnection {
  readonly socket: Socket;
  readonly commands: RtmpCommand[];
  /** Audio, video and data, in order. */
  readonly media: RtmpMessage[];
  /** It was told that it publishes, and took note of that. */
  started: boolean;
  /** What broke it. */
  error?: Error;
  /** Sends a message as the server. */
  say(message: RtmpMessage): void;
}

/** An RTMP server for tests that only listens: made of the same parts, in the other role. */
export class TestRtmpServer {
  readonly connections: TestServerConnection[] = [];
  behaviour: TestServerBehaviour = {};
  /** How many are connected now, and most at once. */
  open = 0;
  mostOpen = 0;
  readonly #server: Server;
  #acknowledged = 0;
  #waiting: { readonly test: () => boolean; readonly resolve: () => void }[] = [];

  private constructor() {
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async start(): Promise<TestRtmpServer> {
    const server = new TestRtmpServer();
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    return `rtmp://127.0.0.1:${(this.#server.address() as AddressInfo).port}/live`;
  }

  /** Settles when something that happened here made it true. */
  async until(test: () => boolean): Promise<void> {
    if (test()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ test, resolve });
    await promise;
  }

  /** Something happened elsewhere. */
  readonly notice = (): void => {
    for (const { test, resolve } of this.#waiting) if (test()) resolve();
    this.#waiting = this.#waiting.filter(({ test }) => !test());
  };

  /** The newest connection. */
  get last(): TestServerConnection {
    const last = this.connections.at(-1);
    if (!last) throw new Error('nobody connected');
    return last;
  }

  async close(): Promise<void> {
    for (const { socket } of this.connections) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(socket: Socket): void {
    const { behaviour } = this;
    this.open += 1;
    this.mostOpen = Math.max(this.open, this.mostOpen);
    const writer = new ChunkStreamWriter();
    const send = (parts: readonly Uint8Array[]) => {
      for (const part of parts) if (!socket.destroyed) socket.write(part);
    };
    const connection: TestServerConnection = {
      ...{ socket, commands: [], media: [], started: false },
      say: (message) => send(writer.write(3, message)),
    };
    this.connections.push(connection);
    const handshake = new Handshake('server', new Uint8Array(HANDSHAKE_RANDOM));
    const reader = new ChunkStreamReader((message) => this.#take(connection, message));
    socket.on('error', (error) => {
      connection.error = error;
    });
    socket.on('close', () => {
      this.open -= 1;
      this.notice();
    });
    if (behaviour.garbage) socket.end(behaviour.garbage);
    socket.on('data', (data) => {
      if (behaviour.silent || behaviour.garbage) return;
      if (handshake.done) {
        reader.push(data);
      } else {
        send(handshake.push(data));
        if (handshake.done) reader.push(handshake.takeRest());
      }
      this.#acknowledge(connection);
      this.notice();
    });
    this.notice();
  }

  #acknowledge({ socket, say }: TestServerConnection): void {
    const { acknowledgeEvery = Number.POSITIVE_INFINITY } = this.behaviour;
    if (socket.bytesRead - this.#acknowledged < acknowledgeEvery) return;
    this.#acknowledged = socket.bytesRead;
    say(writeNumberMessage(MESSAGE.acknowledgement, socket.bytesRead));
  }

  #take(connection: TestServerConnection, message: RtmpMessage): void {
    if (message.type === MESSAGE.userControl) {
      connection.started = true;
      if (this.behaviour.stuck) connection.socket.pause();
    } else if (message.type === MESSAGE.commandAmf0) this.#answer(connection, readCommand(message));
    else if ([MESSAGE.audio, MESSAGE.video, MESSAGE.dataAmf0].some((type) => type === message.type)) {
      connection.media.push(message);
    }
  }

  #answer(connection: TestServerConnection, command: RtmpCommand): void {
    connection.commands.push(command);
    const { capabilities = {}, redirect } = this.behaviour;
    const { transaction } = command;
    const say = (name: string, ...values: RtmpCommand['arguments']) =>
      connection.say(writeCommand({ name, transaction, arguments: values }));
    const rejection = command.name === 'connect' ? this.#rejectionOf(command) : undefined;
    if (rejection !== undefined) {
      say('_error', null, { level: 'error', code: 'NetConnection.Connect.Rejected', description: rejection });
      connection.socket.end();
    } else if (command.name === 'connect' && redirect !== undefined) {
      const code = 'NetConnection.Connect.Rejected';
      say('_error', null, { level: 'error', code, description: 'moved', ex: { code: 302, redirect } });
    } else if (command.name === 'connect' && capabilities === null) {
      const why = { level: 'error', code: 'NetConnection.Connect.Rejected', description: 'no' };
      say('_error', null, why);
    } else if (command.name === 'connect') {
      connection.say(writeNumberMessage(MESSAGE.windowAcknowledgementSize, 5_000_000));
      say('_result', { fmsVer: 'FMS/3,0', ...capabilities }, { code: 'NetConnection.Connect.Success' });
    } else if (command.name === 'createStream') {
      say('_result', null, 1);
    } else if (command.name === 'publish') {
      this.#answerPublish(connection, command);
    }
  }

  /** As Adobe's add-in for authentication says it (Flash Media Encoder authentication add-in), computed by itself. */
  #rejectionOf({ arguments: [properties] }: RtmpCommand): string | undefined {
    const { authentication } = this.behaviour;
    if (!authentication) return undefined;
    const { user, password, opaque } = authentication;
    const query = String(amf0Property(properties, 'app')).split('?')[1] ?? '';
    const asked = new Map(
      query.split('&').map((one) => [one.split('=')[0], one.slice(one.indexOf('=') + 1)]),
    );
    if (!asked.has('authmod')) return '[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ';
    const reject = (fields: string) => `[ AccessManager.Reject ] : [ authmod=adobe ] : ?${fields}`;
    if (asked.get('user') !== user) return reject('reason=nosuchuser&user=x');
    const [salt, challenge] = ['c2FsdA==', 'Y2hhbGxlbmdl+/=='];
    const response = asked.get('response');
    const demand = `reason=needauth&user=${user}&salt=${salt}&challenge=${challenge}`;
    if (response === undefined) return reject(opaque ? `${demand}&opaque=${challenge}` : demand);
    const md5 = (...parts: string[]) => createHash('md5').update(parts.join('')).digest('base64');
    const expected = md5(md5(user, salt, password), challenge, asked.get('challenge') ?? '');
    const right = response === expected && (!opaque || asked.get('opaque') === challenge);
    return right ? undefined : reject('reason=authfailed');
  }

  #answerPublish({ say, socket }: TestServerConnection, { arguments: [, key] }: RtmpCommand): void {
    const { publish = 'NetStream.Publish.Start', thenClose } = this.behaviour;
    if (publish === 'close') socket.end();
    if (publish === 'close' || publish === 'nothing') return;
    const level = publish.endsWith('.Start') ? 'status' : 'error';
    const status = { level, code: publish, description: `about ${String(key)}` };
    say(writeCommand({ name: 'onStatus', transaction: 0, arguments: [null, status] }, 1));
    // It is answered once all before it was read.
    say(writeUserControl({ event: USER_CONTROL.pingRequest, value: 1 }));
    if (thenClose) socket.end();
  }
}
