import { type Amf0Value, amf0Property } from '../../media/rtmp/amf0-value.ts';
import { ChunkStreamReader } from '../../media/rtmp/chunk-stream-reader.ts';
import { type RtmpCommand, readCommand } from '../../media/rtmp/command.ts';
import { Handshake } from '../../media/rtmp/handshake.ts';
import {
  MESSAGE,
  type RtmpMessage,
  readNumberMessage,
  writeNumberMessage,
} from '../../media/rtmp/message.ts';
import { MessageOutput } from '../../media/rtmp/message-output.ts';
import { bytes } from '../../media/time.ts';
import { AuthenticationDemand, demandsAuthentication } from './authentication.ts';
import { DestinationError } from './destination-error.ts';
import type { PublishTarget } from './publish-target.ts';
import { redactKey } from './redact-key.ts';
import { announceCodecs, ServerCapabilities } from './server-capabilities.ts';

/** What a publishing client tells its connection. */
export interface PublishProtocolHost {
  send(parts: readonly Uint8Array[]): void;
  /** The server took the connection: `publish` comes next. */
  ready(capabilities: ServerCapabilities): void;
  /** NetStream.Publish.Start. */
  publishing(): void;
  /** The server has that many bytes of what was sent, counted from the first. */
  acknowledged(count: number): void;
}

/** Each in one piece: what Chromium and ffmpeg send at once is seldom longer. */
const CHUNK_SIZE = 60_000;
/** How often the server is asked to acknowledge, in bytes: a few times a second. */
export const ACKNOWLEDGEMENT_WINDOW = 64 * 1024;
/** Servers answer in a few hundred bytes. */
const LIMITS = { maxMessage: bytes(64 * 1024), maxStreams: 16 };
/** Chunk streams, as other publishers use them. */
const CHUNK_STREAM = { audio: 4, video: 6, publish: 8 } as const;
const TRANSACTION = { connect: 1, releaseStream: 2, fcPublish: 3, createStream: 4, publish: 5 } as const;

/**
 * The client's side of publishing over RTMP (specification 1.0, §7.2), without a socket: `connect`, `releaseStream`,
 * `FCPublish`, `createStream`, `publish`. Answers pings and acknowledges. Throws DestinationError and RtmpError.
 */
export class PublishProtocol {
  readonly #target: PublishTarget;
  readonly #host: PublishProtocolHost;
  readonly #handshake: Handshake;
  readonly #reader = new ChunkStreamReader((message) => this.#take(message), LIMITS);
  readonly #output: MessageOutput;
  #isConnected = false;
  #streamId = 0;
  #isPublishing = false;
  #acknowledged = 0;

  /** `random`: `HANDSHAKE_RANDOM` bytes. */
  constructor(target: PublishTarget, random: Uint8Array, host: PublishProtocolHost) {
    this.#target = target;
    this.#host = host;
    this.#handshake = new Handshake('client', random);
    const send = (parts: readonly Uint8Array[]) => host.send(parts);
    this.#output = new MessageOutput(send, CHUNK_STREAM.publish, Number.POSITIVE_INFINITY);
  }

  start(): void {
    this.#host.send(this.#handshake.start());
  }

  /** Takes what was received. */
  push(received: Uint8Array): void {
    this.#output.received(received.length);
    if (this.#handshake.done) {
      this.#reader.push(received);
    } else {
      this.#host.send(this.#handshake.push(received));
      if (!this.#handshake.done) return;
      this.#connect();
      this.#reader.push(this.#handshake.takeRest());
    }
    this.#output.acknowledge();
  }

  /** Asks for a stream, and to publish it; `publishing` is the answer. */
  publish(): void {
    const { streamName } = this.#target;
    this.#output.command('releaseStream', TRANSACTION.releaseStream, [null, streamName]);
    this.#output.command('FCPublish', TRANSACTION.fcPublish, [null, streamName]);
    this.#output.command('createStream', TRANSACTION.createStream, [null]);
  }

  /** The bytes of a media message, to be sent in this order. */
  media({ type, timestamp, payload, rest }: Omit<RtmpMessage, 'streamId'>): Uint8Array[] {
    const chunkStream = type === MESSAGE.video ? CHUNK_STREAM.video : CHUNK_STREAM.audio;
    return this.#output.write(chunkStream, { type, streamId: this.#streamId, timestamp, payload, rest });
  }

  /** Says that nothing follows. */
  unpublish(): void {
    if (this.#streamId === 0) return;
    this.#isPublishing = false;
    this.#output.command('FCUnpublish', 6, [null, this.#target.streamName]);
    this.#output.command('deleteStream', 7, [null, this.#streamId]);
  }

  #connect(): void {
    const { app, tcUrl } = this.#target;
    this.#output.setChunkSize(CHUNK_SIZE);
    const flashVer = 'FMLE/3.0 (compatible; Headwater)';
    const object = { app, type: 'nonprivate', flashVer, tcUrl, ...announceCodecs() };
    this.#output.command('connect', TRANSACTION.connect, [object]);
  }

  #take(message: RtmpMessage): void {
    switch (message.type) {
      case MESSAGE.windowAcknowledgementSize:
        this.#output.window = readNumberMessage(message);
        break;
      case MESSAGE.acknowledgement:
        this.#takeAcknowledgement(readNumberMessage(message));
        break;
      case MESSAGE.userControl:
        this.#output.answerPing(message);
        break;
      case MESSAGE.commandAmf0:
      case MESSAGE.commandAmf3:
        this.#takeCommand(readCommand(message));
        break;
    }
  }

  /** It counts modulo 2^32. One that goes back is none. */
  #takeAcknowledgement(sequence: number): void {
    const more = (sequence - this.#acknowledged) >>> 0;
    if (more > 0x7fffffff) return;
    this.#acknowledged += more;
    this.#host.acknowledged(this.#acknowledged);
  }

  #takeCommand(command: RtmpCommand): void {
    const { name, transaction } = command;
    if (name === 'onStatus') this.#takeStatus(command);
    else if (transaction === TRANSACTION.connect && name === '_result') this.#connected(command);
    else if (transaction === TRANSACTION.connect && name === '_error') throw this.#refused(command);
    else if (transaction === TRANSACTION.createStream && name === '_result') this.#created(command);
    else if (transaction === TRANSACTION.createStream && name === '_error') throw this.#refused(command);
    else if (this.#isAnswerToPublish(command) && name === '_error') throw this.#refused(command);
    else if (name === 'close') throw this.#refused(command);
  }

  #connected({ arguments: answers }: RtmpCommand): void {
    if (this.#isConnected) return;
    this.#isConnected = true;
    const window = writeNumberMessage(MESSAGE.windowAcknowledgementSize, ACKNOWLEDGEMENT_WINDOW);
    this.#output.control(window);
    this.#host.ready(new ServerCapabilities(answers));
  }

  #created({ arguments: [, streamId] }: RtmpCommand): void {
    if (this.#streamId > 0) return;
    if (typeof streamId !== 'number' || streamId <= 0 || streamId > 0xffffffff) {
      throw new DestinationError('not-rtmp', 'The server made a stream without a number.');
    }
    this.#streamId = streamId;
    const { streamName } = this.#target;
    this.#output.command('publish', TRANSACTION.publish, [null, streamName, 'live'], streamId);
  }

  /** Some servers give the same number to what they say later. */
  #isAnswerToPublish({ name, transaction }: RtmpCommand): boolean {
    const isAsked = this.#streamId > 0 && !this.#isPublishing;
    return name === 'onStatus' || (transaction === TRANSACTION.publish && isAsked);
  }

  #takeStatus(command: RtmpCommand): void {
    const information = informationOf(command.arguments);
    const code = amf0Property(information, 'code');
    if (amf0Property(information, 'level') === 'error') throw this.#refused(command);
    if (code === 'NetStream.Unpublish.Success' && this.#isPublishing) throw STREAM_OVER;
    if (code !== 'NetStream.Publish.Start' || this.#isPublishing) return;
    this.#isPublishing = true;
    this.#host.publishing();
  }

  /** In the server's words, as far as it has any. */
  #refused(command: RtmpCommand): DestinationError {
    const information = informationOf(command.arguments);
    const said = [amf0Property(information, 'code'), amf0Property(information, 'description')]
      .filter((text) => typeof text === 'string' && text !== '')
      .join(': ');
    const isAboutStream = this.#isAnswerToPublish(command);
    if (!isAboutStream && demandsAuthentication(said)) return new AuthenticationDemand(said);
    const words = redactKey(said, this.#target.streamName);
    const quoted = words ? ` It says: ${words}` : '';
    if (!isAboutStream) {
      return new DestinationError('connect-refused', `The server refuses the connection.${quoted}`, true);
    }
    // Whoever published under the name before may not be gone yet.
    const inUse = words.includes('BadName');
    const message = inUse
      ? `The server refuses the stream key: it is wrong, or in use.${quoted}`
      : `The server refuses to be published to: the stream key may be wrong.${quoted}`;
    return new DestinationError('publish-refused', message, !inUse);
  }
}

const STREAM_OVER = new DestinationError('closed', 'The server says that it ended the stream.');

/** The object that says what happened: the last one of a status or of an error. */
function informationOf(values: readonly Amf0Value[]): Amf0Value {
  return values.findLast((value) => typeof value === 'object' && value !== null);
}
