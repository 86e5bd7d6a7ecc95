import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../channel/clock.ts';
import { milliseconds } from '../../../media/time.ts';
import type { PublishServerMessage } from '../../../wire/publish.ts';
import type { MediaFile } from './media-file.ts';
import { Pace } from './pace.ts';
import type { ProgressState } from './progress.ts';
import { PublishFailure } from './publish-failure.ts';
import { type Loss, type PublishAddress, PublishSocket } from './publish-socket.ts';

/** How a file is published. */
export interface PublishFileOptions {
  readonly address: PublishAddress;
  readonly file: MediaFile;
  readonly title: string | undefined;
  /** As fast as a camera would make it, instead of as fast as the server takes it. */
  readonly realtime: boolean;
  /** Begin again at the end, within the same broadcast, until stopped. */
  readonly loop: boolean;
  readonly takeover: boolean;
  readonly clock: Clock;
  /** Ctrl-C: what was sent so far becomes the whole. */
  readonly stop: AbortSignal;
  onProgress(progress: ProgressState): void;
}

const FIRST_DELAY = 500;
const LONGEST_DELAY = 5_000;
/** Without a connection for this long it is given up. */
const GIVE_UP = 120_000;

/** What became of a file that was published. */
export interface PublishOutcome {
  /** The recording's id; null where none was made, or where it is not known after a stop in mid-stream. */
  readonly recording: string | null;
  /** It was stopped before its end. */
  readonly stopped: boolean;
}

/** Publishes a file, resuming after every cut. Throws PublishFailure and MediaError. */
export async function publishFile(options: PublishFileOptions): Promise<PublishOutcome> {
  for (let round = 1; ; round += 1) {
    const last = !options.loop;
    const session = new FileSession(options, round);
    const recording = await session.run(last);
    if (last || options.stop.aborted) return { recording, stopped: options.stop.aborted };
  }
}

/** One container stream: the file once through. */
class FileSession {
  readonly #options: PublishFileOptions;
  readonly #round: number;
  readonly #session = randomUUID();
  readonly #startedAt: number;
  readonly #pace: Pace | undefined;
  /** Bytes that went through the pace: those that are sent again are not looked at again. */
  #paced = 0;
  #due = 0;
  #stored = 0;
  #viewers = 0;
  #bitrate = 0;
  #ended: string | null | undefined;

  constructor(options: PublishFileOptions, round: number) {
    this.#options = options;
    this.#round = round;
    this.#startedAt = options.clock.now();
    this.#pace = options.realtime ? new Pace() : undefined;
  }

  /** `last`: the broadcast ends with this stream; otherwise the next one continues it. */
  async run(last: boolean): Promise<string | null> {
    let delay = FIRST_DELAY;
    let lostAt = this.#options.clock.now();
    for (;;) {
      this.#show(this.#stored > 0 ? 'reconnecting' : 'connecting');
      const connection = new Connection(this.#options, this.#session, this.#round, (message) =>
        this.#take(message),
      );
      const loss = await this.#send(connection, last);
      if (loss === 'complete') return this.#ended ?? null;
      // What was sent up to a stop ends wherever it ends: the broadcast is over all the same.
      if (this.#isCutByStop(loss)) return null;
      if (loss.kind === 'failed') throw loss.failure;
      const now = this.#options.clock.now();
      if (connection.wasReady) {
        delay = FIRST_DELAY;
        lostAt = now;
      }
      if (now - lostAt > GIVE_UP || this.#options.stop.aborted) {
        throw new PublishFailure('connection-lost', `The server could not be reached: ${loss.words}.`);
      }
      await this.#sleep(delay);
      delay = Math.min(delay * 2, LONGEST_DELAY);
    }
  }

  async #send(connection: Connection, last: boolean): Promise<Loss | 'complete'> {
    const { file, stop } = this.#options;
    const ready = await connection.ready;
    if (typeof ready !== 'number') return ready;
    let offset = ready;
    while (offset < file.size && !stop.aborted && !connection.loss) {
      const bytes = await file.read(offset);
      await this.#waitUntilDue(bytes, offset);
      if (connection.loss) break;
      await connection.socket.sendMedia(bytes);
      offset += bytes.byteLength;
      this.#show('live');
    }
    if (connection.loss) return connection.loss;
    this.#show('ending');
    if (last || stop.aborted) {
      connection.socket.send({ type: 'end', length: offset });
      return await this.#untilComplete(connection, () => this.#ended !== undefined);
    }
    // The next stream takes the channel over from this one, so that the broadcast goes on without a break.
    return await this.#untilComplete(connection, () => this.#stored >= offset);
  }

  #isCutByStop(loss: Loss): boolean {
    const { aborted } = this.#options.stop;
    return aborted && loss.kind === 'failed' && loss.failure.code === 'container-truncated';
  }

  async #untilComplete(connection: Connection, done: () => boolean): Promise<Loss | 'complete'> {
    while (!done() && !connection.loss) await connection.nextMessage();
    if (!done()) return connection.loss ?? { kind: 'lost', words: 'the connection was lost' };
    return 'complete';
  }

  #take(message: PublishServerMessage): void {
    if (message.type === 'ack') this.#stored = message.offset;
    if (message.type === 'ready') this.#stored = Math.max(this.#stored, message.offset);
    if (message.type === 'ended') this.#ended = message.recording;
    if (message.type !== 'status') return;
    this.#viewers = message.viewers;
    this.#bitrate = message.bitrate;
    this.#show('live');
  }

  async #waitUntilDue(bytes: Uint8Array, offset: number): Promise<void> {
    if (!this.#pace) return;
    const fresh = bytes.subarray(Math.max(this.#paced - offset, 0));
    if (fresh.byteLength > 0) {
      this.#due = this.#pace.due(fresh);
      this.#paced = offset + bytes.byteLength;
    }
    const wait = this.#startedAt + this.#due - this.#options.clock.now();
    if (wait > 0) await this.#sleep(wait);
  }

  async #sleep(delay: number): Promise<void> {
    const { clock, stop } = this.#options;
    if (stop.aborted) return;
    await new Promise<void>((settle) => {
      const timer = clock.after(milliseconds(delay), settle);
      stop.addEventListener('abort', () => {
        timer.cancel();
        settle();
      });
    });
  }

  #show(state: ProgressState['state']): void {
    const { file, onProgress } = this.#options;
    const { size } = file;
    onProgress({
      state,
      stored: this.#stored,
      size,
      viewers: this.#viewers,
      bitrate: this.#bitrate,
      round: this.#round,
    });
  }
}

/** One connection of a session, with what came over it. */
class Connection {
  readonly socket: PublishSocket;
  /** The offset to send from, or why there will be none. */
  readonly ready: Promise<number | Loss>;
  loss: Loss | undefined;
  wasReady = false;
  #wake: () => void = () => {};

  constructor(
    { address, file, title, takeover }: PublishFileOptions,
    session: string,
    round: number,
    onMessage: (message: PublishServerMessage) => void,
  ) {
    const { promise, resolve } = Promise.withResolvers<number | Loss>();
    this.ready = promise;
    const first = {
      type: 'start' as const,
      session,
      mimeType: file.mimeType,
      ...(title !== undefined && { name: title }),
      ...((takeover || round > 1) && { takeover: true }),
    };
    this.socket = new PublishSocket(address, first, (message) => {
      onMessage(message);
      if (message.type === 'ready') {
        this.wasReady = true;
        resolve(message.offset);
      }
      this.#wake();
    });
    void this.socket.closed.then((loss) => {
      this.loss = loss;
      resolve(loss);
      this.#wake();
    });
  }

  /** Settles at the next message of the server, or when the connection is over. */
  nextMessage(): Promise<void> {
    return new Promise((settle) => {
      this.#wake = settle;
    });
  }
}
