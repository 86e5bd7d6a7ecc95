import type { WebSocket } from 'ws';
import type { Timer } from '../../channel/clock.ts';
import { milliseconds } from '../../media/time.ts';
import { PublishError } from '../session/publish-error.ts';
import type { PublishSessions } from '../session/publish-sessions.ts';
import { type PublisherRequest, PublisherSocket } from './publisher-socket.ts';

const TICK = milliseconds(1000);

/** Takes publishers in over WebSocket: the only thing of this folder that the server deals with. */
export class PublishIngest {
  readonly #sessions: PublishSessions;
  readonly #sockets = new Set<PublisherSocket>();
  #timer: Timer | undefined;
  #closed = false;

  constructor(sessions: PublishSessions) {
    this.#sessions = sessions;
  }

  /** How many publishers are connected. */
  get connected(): number {
    return this.#sockets.size;
  }

  /** Takes an open WebSocket, whose subprotocol is PUBLISH_PROTOCOL or none. Its errors are handled here. */
  accept(socket: WebSocket, request: PublisherRequest): void {
    const publisher = new PublisherSocket(socket, request, this.#sessions);
    this.#sockets.add(publisher);
    publisher.onClosed = () => this.#sockets.delete(publisher);
    if (this.#closed) publisher.close(goingAway());
    else this.#timer ??= this.#sessions.clock.after(TICK, this.#tick);
  }

  /** Lets every publisher go; their sessions are left to who owns them. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const publisher of this.#sockets) publisher.close(goingAway());
  }

  readonly #tick = (): void => {
    const now = this.#sessions.clock.now();
    for (const publisher of this.#sockets) publisher.tick(now);
    this.#timer = this.#sockets.size > 0 ? this.#sessions.clock.after(TICK, this.#tick) : undefined;
  };
}

const goingAway = () => new PublishError('going-away', 'The server is stopping. Come back in a moment.');
