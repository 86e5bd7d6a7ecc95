import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { WebSocket } from 'ws';
import type { Timer } from '../../channel/clock.ts';
import { milliseconds } from '../../media/time.ts';
import { PublishError } from './publish-error.ts';
import type { SessionHost } from './publish-session.ts';
import { type PublisherHost, type PublisherRequest, PublisherSocket } from './publisher-socket.ts';
import { SessionRegistry } from './session-registry.ts';

const TICK = milliseconds(1000);

/** Takes publishers in over WebSocket: the only thing of this folder that the server deals with. */
export class PublishIngest {
  readonly #host: PublisherHost;
  readonly #sockets = new Set<PublisherSocket>();
  #timer: Timer | undefined;
  #closed: Promise<void> | undefined;

  /** Makes the journal folder where it is missing. */
  constructor(host: SessionHost) {
    mkdirSync(host.journalFolder, { recursive: true });
    this.#host = { ...host, sessions: new SessionRegistry(), newSessionId: randomUUID };
  }

  /** How many publishers are connected. */
  get connected(): number {
    return this.#sockets.size;
  }

  /** Takes an open WebSocket, whose subprotocol is PUBLISH_PROTOCOL or none. Its errors are handled here. */
  accept(socket: WebSocket, request: PublisherRequest): void {
    const publisher = new PublisherSocket(socket, request, this.#host);
    this.#sockets.add(publisher);
    publisher.onClosed = () => this.#sockets.delete(publisher);
    if (this.#closed !== undefined) publisher.close(goingAway());
    else this.#timer ??= this.#host.clock.after(TICK, this.#tick);
  }

  /** Lets every publisher go and ends its broadcast; settles when every journal is put away. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  readonly #tick = (): void => {
    const now = this.#host.clock.now();
    for (const publisher of this.#sockets) publisher.tick(now);
    this.#timer = this.#sockets.size > 0 ? this.#host.clock.after(TICK, this.#tick) : undefined;
  };

  async #close(): Promise<void> {
    this.#timer?.cancel();
    for (const publisher of this.#sockets) publisher.close(goingAway());
    await this.#host.sessions.close();
  }
}

const goingAway = () => new PublishError('going-away', 'The server is stopping. Come back in a moment.');
