import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Timer } from '../../channel/clock.ts';
import { HANDSHAKE_RANDOM } from '../../media/rtmp/handshake.ts';
import { milliseconds } from '../../media/time.ts';
import { networkOf } from '../../wire/network-of.ts';
import { PublishError } from '../session/publish-error.ts';
import type { PublishSessions } from '../session/publish-sessions.ts';
import { DisplacedPublishers } from './displaced-publishers.ts';
import { type AdmittedPublisher, RtmpPublisher } from './rtmp-publisher.ts';

/** What publishers are taken in with. */
export interface RtmpIngestOptions {
  readonly sessions: PublishSessions;
  /** Checks the stream key in the name of a stream, which must never be logged. Rejects with PublishError. */
  admit(streamName: string, address: string): Promise<AdmittedPublisher>;
  /** A connection was not taken as a publisher. */
  onRefused(error: PublishError): void;
}

const TICK = milliseconds(1000);
/** Connections that have not shown a key: more are closed at once. */
const MAX_OPENING = 200;
/** Of them, from one address; of IPv6, from one network. */
const MAX_OPENING_EACH = 50;

/** Takes publishers in over RTMP: the only thing of this folder that the server deals with. */
export class RtmpIngest {
  readonly #options: RtmpIngestOptions;
  readonly #publishers = new Set<RtmpPublisher>();
  readonly #displaced: DisplacedPublishers;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: RtmpIngestOptions) {
    this.#options = options;
    this.#displaced = new DisplacedPublishers(options.sessions.clock);
  }

  /** How many publishers are connected. */
  get connected(): number {
    let count = 0;
    for (const { isPublishing } of this.#publishers) if (isPublishing) count += 1;
    return count;
  }

  /** Takes a connection, over TLS or without. Its errors are handled here. */
  accept(socket: Socket): void {
    if (this.#closed || !this.#hasRoomFor(socket.remoteAddress)) {
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    socket.setNoDelay(true);
    const { sessions, admit, onRefused } = this.#options;
    const publisher = new RtmpPublisher(socket, {
      ...{ sessions, admit, displaced: this.#displaced },
      random: randomBytes(HANDSHAKE_RANDOM),
    });
    this.#publishers.add(publisher);
    publisher.onRefused = onRefused;
    publisher.onClosed = () => this.#publishers.delete(publisher);
    this.#timer ??= sessions.clock.after(TICK, this.#tick);
  }

  #hasRoomFor(address = ''): boolean {
    const opening = [...this.#publishers].filter(({ isPublishing }) => !isPublishing);
    if (opening.length >= MAX_OPENING) return false;
    const network = networkOf(address);
    return opening.filter((one) => networkOf(one.address) === network).length < MAX_OPENING_EACH;
  }

  /** Lets every publisher go; their sessions are left to who owns them. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const publisher of this.#publishers)
      publisher.close(new PublishError('going-away', 'The server is stopping. Come back in a moment.'));
  }

  readonly #tick = (): void => {
    const { clock } = this.#options.sessions;
    const now = clock.now();
    for (const publisher of this.#publishers) publisher.tick(now);
    this.#timer = this.#publishers.size > 0 ? clock.after(TICK, this.#tick) : undefined;
  };
}
