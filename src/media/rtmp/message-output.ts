import type { Amf0Value } from './amf0-value.ts';
import { ChunkStreamWriter } from './chunk-stream-writer.ts';
import { writeCommand } from './command.ts';
import {
  MESSAGE,
  type RtmpMessage,
  readUserControl,
  USER_CONTROL,
  writeNumberMessage,
  writeUserControl,
} from './message.ts';

/** Chunk streams of protocol control (RTMP specification 1.0, §5.4) and of commands, as everybody uses them. */
const CONTROL = 2;
const COMMAND = 3;

/** What either side of a connection sends: its chunk stream, commands, acknowledgements of what it received, pongs. */
export class MessageOutput {
  readonly #writer = new ChunkStreamWriter();
  readonly #send: (parts: readonly Uint8Array[]) => void;
  /** On which commands about a stream go. */
  readonly #streamCommands: number;
  #window: number;
  #received = 0;
  #acknowledged = 0;

  /** Acknowledges every `window` bytes. */
  constructor(send: (parts: readonly Uint8Array[]) => void, streamCommands: number, window: number) {
    this.#send = send;
    this.#streamCommands = streamCommands;
    this.#window = window;
  }

  /** The other side wants to know of every so many bytes. */
  set window(size: number) {
    this.#window = size;
  }

  /** That many bytes were received, handshake included. */
  received(count: number): void {
    this.#received += count;
  }

  /** Says how many bytes were received, where it is time to. */
  acknowledge(): void {
    if (this.#received - this.#acknowledged < this.#window) return;
    this.#acknowledged = this.#received;
    this.control(writeNumberMessage(MESSAGE.acknowledgement, this.#received >>> 0));
  }

  /** Answers a user control message, where it is a ping. */
  answerPing(message: RtmpMessage): void {
    const control = readUserControl(message);
    if (control?.event !== USER_CONTROL.pingRequest) return;
    this.control(writeUserControl({ event: USER_CONTROL.pingResponse, value: control.value }));
  }

  /** Sends a message about the connection. */
  control(message: RtmpMessage): void {
    this.#send(this.#writer.write(CONTROL, message));
  }

  /** Sends a command; about that stream, where one is given. */
  command(name: string, transaction: number, values: readonly Amf0Value[], streamId = 0): void {
    const message = writeCommand({ name, transaction, arguments: values }, streamId);
    this.#send(this.#writer.write(streamId > 0 ? this.#streamCommands : COMMAND, message));
  }

  /** What follows comes in chunks of that size. */
  setChunkSize(size: number): void {
    this.#send(this.#writer.setChunkSize(size));
  }

  /** The bytes of a message, to be sent in this order. */
  write(chunkStream: number, message: RtmpMessage): Uint8Array[] {
    return this.#writer.write(chunkStream, message);
  }
}
