import { AUDIO_FOURCC } from '../../media/flv/audio-tag.ts';
import { VIDEO_FOURCC } from '../../media/flv/video-tag.ts';
import { readAggregate } from '../../media/rtmp/aggregate.ts';
import { type Amf0Object, type Amf0Value, amf0Property } from '../../media/rtmp/amf0-value.ts';
import { ChunkStreamReader } from '../../media/rtmp/chunk-stream-reader.ts';
import { type RtmpCommand, readCommand } from '../../media/rtmp/command.ts';
import { Handshake } from '../../media/rtmp/handshake.ts';
import {
  MESSAGE,
  type RtmpMessage,
  readNumberMessage,
  USER_CONTROL,
  writeNumberMessage,
  writePeerBandwidth,
  writeUserControl,
} from '../../media/rtmp/message.ts';
import { MessageOutput } from '../../media/rtmp/message-output.ts';
import { type Bytes, bytes } from '../../media/time.ts';
import { PublishError } from '../session/publish-error.ts';
import { streamMetadataOf } from './stream-metadata.ts';

/** Whom a server's side of RTMP tells. What it throws ends the connection. */
export interface ReceiveProtocolHost {
  send(parts: readonly Uint8Array[]): void;
  /** Somebody asks to publish under that name, which has a stream key in it: answered by `accept` or `refuse`. */
  publish(streamName: string): void;
  /** Audio, video or metadata as FLV has them: the type of the tag, milliseconds modulo 2^32, its body. */
  media(type: number, timestamp: number, body: Uint8Array): void;
  /** The publisher says that it is done. */
  ended(): void;
}

/** The application of every address: `rtmp://host/live`. */
const APPLICATION = 'live';
const STREAM_ID = 1;
/** Nobody who has shown no key needs longer messages. */
const FIRST_MAX_MESSAGE = bytes(64 * 1024);
const MAX_STREAMS = 32;
const CHUNK_SIZE = 4096;
const WINDOW = 2_500_000;
const MIN_WINDOW = 64 * 1024;
/** Of commands about the stream, as other servers use it. */
const STATUS_CHUNK_STREAM = 5;
/** Enhanced RTMP v2, FourCcInfoMask: what a server can do with a codec that it passes on. */
const CAN_FORWARD = 4;
const VIDEO_CODECS = Object.values(VIDEO_FOURCC);
const AUDIO_CODECS = Object.values(AUDIO_FOURCC);

/**
 * The server's side of publishing over RTMP (specification 1.0, §7.2), without a socket: one stream a connection.
 * Acknowledges, answers pings, refuses players. Throws RtmpError, PublishError, and what its host throws.
 */
export class ReceiveProtocol {
  readonly #host: ReceiveProtocolHost;
  readonly #maxMessage: Bytes;
  readonly #handshake: Handshake;
  readonly #reader: ChunkStreamReader;
  readonly #output: MessageOutput;
  #state: 'connecting' | 'connected' | 'asked' | 'publishing' | 'over' = 'connecting';
  #transaction = 0;
  #usesFcPublish = false;
  /** Came behind the question, before its answer. Its sender must not be read meanwhile. */
  #waiting: RtmpMessage[] = [];

  /** `random`: `HANDSHAKE_RANDOM` bytes; `maxMessage`: the longest frame. */
  constructor(random: Uint8Array, maxMessage: Bytes, host: ReceiveProtocolHost) {
    this.#host = host;
    this.#maxMessage = maxMessage;
    this.#handshake = new Handshake('server', random);
    this.#output = new MessageOutput((parts) => host.send(parts), STATUS_CHUNK_STREAM, WINDOW);
    const limitNow = () => this.#messageLimit;
    const limits = {
      maxStreams: MAX_STREAMS,
      get maxMessage() {
        return limitNow();
      },
    };
    this.#reader = new ChunkStreamReader((message) => this.#take(message), limits);
  }

  /** Takes what was received. */
  push(received: Uint8Array): void {
    if (this.#state === 'over') return;
    this.#output.received(received.length);
    if (this.#handshake.done) {
      this.#reader.push(received);
    } else {
      const answers = this.#handshake.push(received);
      if (answers.length > 0) this.#host.send(answers);
      if (!this.#handshake.done) return;
      this.#reader.push(this.#handshake.takeRest());
    }
    this.#output.acknowledge();
  }

  /** It may publish. */
  accept(): void {
    if (this.#state !== 'asked') return;
    this.#state = 'publishing';
    const information = status('status', 'NetStream.Publish.Start', 'Publishing.');
    if (this.#usesFcPublish) this.#output.command('onFCPublish', 0, [null, information]);
    this.#output.control(writeUserControl({ event: USER_CONTROL.streamBegin, value: STREAM_ID }));
    this.#output.command('onStatus', 0, [null, information], STREAM_ID);
    for (const message of this.#waiting.splice(0)) this.#take(message);
  }

  /** It may not, or not any longer; nothing is taken after it. The words are for the publisher. */
  refuse(code: string, words: string): void {
    if (this.#state === 'over') return;
    const wasConnecting = this.#state === 'connecting';
    this.#over();
    if (!this.#handshake.done) return;
    if (wasConnecting)
      this.#output.command('_error', this.#transaction, [
        null,
        status('error', 'NetConnection.Connect.Rejected', words),
      ]);
    else this.#output.command('onStatus', 0, [null, status('error', code, words)], STREAM_ID);
  }

  /** The stream is over as its publisher wanted. */
  finish(): void {
    if (this.#state === 'over') return;
    this.#over();
    const information = status('status', 'NetStream.Unpublish.Success', 'The broadcast has ended.');
    this.#output.command('onStatus', 0, [null, information], STREAM_ID);
  }

  /** With no key shown, short: all that is read is what came with the question. */
  get #messageLimit(): Bytes {
    const isKnown = this.#state === 'asked' || this.#state === 'publishing';
    return isKnown ? this.#maxMessage : FIRST_MAX_MESSAGE;
  }

  #over(): void {
    this.#state = 'over';
    this.#waiting = [];
  }

  #take(message: RtmpMessage): void {
    if (this.#state === 'over') return;
    if (this.#state === 'asked') {
      this.#waiting.push(message);
      return;
    }
    switch (message.type) {
      case MESSAGE.windowAcknowledgementSize:
        this.#output.window = Math.max(readNumberMessage(message), MIN_WINDOW);
        return;
      case MESSAGE.userControl:
        this.#output.answerPing(message);
        return;
      case MESSAGE.commandAmf0:
      case MESSAGE.commandAmf3:
        this.#takeCommand(readCommand(message));
        return;
      case MESSAGE.aggregate:
        for (const part of readAggregate(message)) this.#takeMedia(part);
        return;
      default:
        this.#takeMedia(message);
    }
  }

  #takeMedia({ type, timestamp, payload }: RtmpMessage): void {
    if (this.#state !== 'publishing') return;
    if (type === MESSAGE.audio || type === MESSAGE.video) {
      this.#host.media(type, timestamp, payload);
    } else if (type === MESSAGE.dataAmf0 || type === MESSAGE.dataAmf3) {
      // What calls itself AMF3 is AMF0 behind a byte.
      const metadata = streamMetadataOf(type === MESSAGE.dataAmf3 ? payload.subarray(1) : payload);
      if (metadata) this.#host.media(MESSAGE.dataAmf0, timestamp, metadata);
    }
  }

  #takeCommand({ name, transaction, arguments: values }: RtmpCommand): void {
    switch (name) {
      case 'connect':
        this.#connect(transaction, values);
        return;
      case 'FCPublish':
        this.#usesFcPublish = true;
        this.#output.command('_result', transaction, [null, undefined]);
        return;
      case 'releaseStream':
      case '_checkbw':
        this.#output.command('_result', transaction, [null, undefined]);
        return;
      case 'createStream':
        this.#output.command('_result', transaction, [null, STREAM_ID]);
        return;
      case 'publish':
        this.#ask(values[1]);
        return;
      case 'FCUnpublish':
      case 'closeStream':
      case 'deleteStream':
        if (this.#state === 'publishing') this.#host.ended();
        return;
      case 'play':
      case 'play2':
        throw new PublishError(
          'bad-message',
          'Streams are only taken over RTMP: watch this one in a browser.',
        );
    }
  }

  #connect(transaction: number, [properties]: readonly Amf0Value[]): void {
    if (this.#state !== 'connecting') throw new PublishError('bad-message', 'It is connected already.');
    this.#transaction = transaction;
    const application = amf0Property(properties, 'app');
    if (typeof application !== 'string' || application.split(/[/?]/)[0] !== APPLICATION) {
      throw new PublishError('bad-message', `The address ends in /${APPLICATION}.`);
    }
    this.#state = 'connected';
    this.#output.control(writeNumberMessage(MESSAGE.windowAcknowledgementSize, WINDOW));
    this.#output.control(writePeerBandwidth(WINDOW));
    this.#output.setChunkSize(CHUNK_SIZE);
    const success = status('status', 'NetConnection.Connect.Success', 'Connected.');
    this.#output.command('_result', transaction, [SERVER_PROPERTIES, { ...success, objectEncoding: 0 }]);
  }

  #ask(name: Amf0Value): void {
    if (this.#state === 'connecting') throw new PublishError('bad-message', 'It has to connect first.');
    if (this.#state !== 'connected') throw new PublishError('bad-message', 'It is publishing already.');
    this.#state = 'asked';
    this.#host.publish(typeof name === 'string' ? name : '');
  }
}

const capable = (codecs: readonly string[]): Amf0Object =>
  Object.fromEntries(codecs.map((fourcc) => [fourcc, CAN_FORWARD]));

/** Enhanced RTMP v2, "Enhancing NetConnection connect Command": the codecs that are taken. */
const SERVER_PROPERTIES: Amf0Object = {
  fmsVer: 'FMS/3,5,7,7009',
  capabilities: 31,
  fourCcList: [...VIDEO_CODECS, ...AUDIO_CODECS],
  videoFourCcInfoMap: capable(VIDEO_CODECS),
  audioFourCcInfoMap: capable(AUDIO_CODECS),
};

function status(level: 'status' | 'error', code: string, description: string): Amf0Object {
  return { level, code, description };
}
