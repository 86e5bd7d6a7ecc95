import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { FLV_TAG } from '../../src/media/flv/flv-tag.ts';
import type { SyntheticTag } from '../../src/media/flv/synthetic-flv.ts';
import { type Amf0Object, type Amf0Value, amf0Property } from '../../src/media/rtmp/amf0-value.ts';
import { writeAmf0 } from '../../src/media/rtmp/amf0-writer.ts';
import { ChunkStreamReader } from '../../src/media/rtmp/chunk-stream-reader.ts';
import { ChunkStreamWriter } from '../../src/media/rtmp/chunk-stream-writer.ts';
import { type RtmpCommand, readCommand, writeCommand } from '../../src/media/rtmp/command.ts';
import { HANDSHAKE_RANDOM, Handshake } from '../../src/media/rtmp/handshake.ts';
import {
  MESSAGE,
  type RtmpMessage,
  readUserControl,
  USER_CONTROL,
  writeUserControl,
} from '../../src/media/rtmp/message.ts';
import { STREAM_KEY, type TestServer } from './test-server.ts';

/** Where it connects to. */
type RtmpServer = Pick<TestServer, 'rtmpPort'>;

/** What the server said of the stream. */
export interface RtmpStatus {
  readonly level: Amf0Value;
  readonly code: Amf0Value;
  readonly description: Amf0Value;
}

/** A publisher that speaks RTMP, one message at a time, for tests that wait for conditions. */
export class TestRtmpPublisher {
  readonly socket: Socket;
  /** Everything that the server said, in order. */
  readonly messages: RtmpMessage[] = [];
  /** The connection is closed. */
  readonly closed: Promise<void>;
  readonly #handshake = new Handshake('client', randomBytes(HANDSHAKE_RANDOM));
  readonly #reader = new ChunkStreamReader((message) => void this.messages.push(message));
  readonly #writer = new ChunkStreamWriter();
  #waiting: (() => void)[] = [];
  #isClosed = false;
  #pings = 0;

  private constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('error', () => {});
    this.socket.on('data', (bytes: Buffer) => {
      if (this.#handshake.done) this.#reader.push(bytes);
      else {
        for (const answer of this.#handshake.push(bytes)) this.socket.write(answer);
        if (this.#handshake.done) this.#reader.push(this.#handshake.takeRest());
      }
      this.#wake();
    });
    this.closed = once(this.socket, 'close').then(() => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  /** Connects and shakes hands. */
  static async open(server: RtmpServer): Promise<TestRtmpPublisher> {
    const publisher = new TestRtmpPublisher(server.rtmpPort);
    for (const piece of publisher.#handshake.start()) publisher.socket.write(piece);
    await publisher.until(() => publisher.#handshake.done, 'the handshake');
    return publisher;
  }

  /** Goes through all that encoders do, up to the answer to `publish`, which is the last of {@link statuses}. */
  static async ask(
    server: RtmpServer,
    streamName = `main?key=${STREAM_KEY}`,
    app = 'live',
  ): Promise<TestRtmpPublisher> {
    const publisher = await TestRtmpPublisher.open(server);
    publisher.say('connect', 1, [{ app, type: 'nonprivate', tcUrl: 'rtmp://localhost/live' }]);
    await publisher.answer(1);
    publisher.say('releaseStream', 2, [null, streamName]);
    publisher.say('FCPublish', 3, [null, streamName]);
    publisher.say('createStream', 4, [null]);
    await publisher.answer(4);
    publisher.say('publish', 5, [null, streamName, 'live'], 1);
    await publisher.until(() => publisher.statuses.length > 0, 'the answer to publish');
    return publisher;
  }

  /** Publishes; fails when that is refused. */
  static async start(server: RtmpServer, streamName?: string): Promise<TestRtmpPublisher> {
    const publisher = await TestRtmpPublisher.ask(server, streamName);
    const [status] = publisher.statuses;
    if (status?.code !== 'NetStream.Publish.Start')
      throw new Error(`refused: ${String(status?.description)}`);
    return publisher;
  }

  /** The commands that came. */
  get commands(): RtmpCommand[] {
    return this.messages.filter(({ type }) => type === MESSAGE.commandAmf0).map(readCommand);
  }

  /** What came as `onStatus`. */
  get statuses(): RtmpStatus[] {
    return this.commands
      .filter(({ name }) => name === 'onStatus')
      .map(({ arguments: [, it] }) => statusOf(it));
  }

  /** Sends a command. */
  say(name: string, transaction: number, values: readonly Amf0Value[], streamId = 0): void {
    this.write(writeCommand({ name, transaction, arguments: values }, streamId));
  }

  /** Sends a message on a chunk stream. */
  write(message: RtmpMessage, chunkStream = 3): void {
    for (const part of this.#writer.write(chunkStream, message)) this.socket.write(part);
  }

  /** Longer chunks, as encoders send them. */
  setChunkSize(size: number): void {
    for (const part of this.#writer.setChunkSize(size)) this.socket.write(part);
  }

  /** Sends tags, each as the message that it is of. */
  send(...tags: readonly SyntheticTag[]): void {
    for (const { type, timestamp, body } of tags) {
      const isScript = type === FLV_TAG.script;
      const payload = isScript ? Buffer.concat([writeAmf0(['@setDataFrame']), body]) : body;
      this.write({ type, streamId: 1, timestamp, payload }, type === FLV_TAG.video ? 6 : 4);
    }
  }

  /** Waits until the server has read everything that was sent before. */
  async settled(): Promise<void> {
    this.#pings += 1;
    const value = this.#pings;
    this.write(writeUserControl({ event: USER_CONTROL.pingRequest, value }), 2);
    const isAnswer = (message: RtmpMessage) => {
      const control = message.type === MESSAGE.userControl ? readUserControl(message) : undefined;
      return control?.event === USER_CONTROL.pingResponse && control.value === value;
    };
    await this.until(() => this.messages.some(isAnswer), 'the answer to a ping');
  }

  /** Says that the stream is over, as encoders do. */
  finish(streamName = `main?key=${STREAM_KEY}`): void {
    this.say('FCUnpublish', 6, [null, streamName]);
    this.say('deleteStream', 7, [null, 1]);
  }

  /** The connection breaks. */
  cut(): void {
    this.socket.resetAndDestroy();
  }

  /** Waits for the answer to a command. */
  async answer(transaction: number): Promise<RtmpCommand> {
    const find = () =>
      this.commands.find((command) => command.transaction === transaction && /^_/.test(command.name));
    await this.until(() => find() !== undefined, `the answer to ${transaction}`);
    return find() as RtmpCommand;
  }

  /** Waits until the condition holds, looking again with whatever comes; fails when the connection closes before. */
  async until(condition: () => boolean, what: string): Promise<void> {
    while (!condition()) {
      if (this.#isClosed)
        throw new Error(
          `closed before ${what}: ${JSON.stringify(this.commands.slice(-3).map(({ name }) => name))}`,
        );
      await new Promise<void>((settle) => this.#waiting.push(settle));
    }
  }

  #wake(): void {
    for (const settle of this.#waiting.splice(0)) settle();
  }
}

const statusOf = (information: Amf0Value): RtmpStatus => {
  const { level, code, description } = (information ?? {}) as Amf0Object;
  return { level, code: code ?? amf0Property(information, 'code'), description };
};
