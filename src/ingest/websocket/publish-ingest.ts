import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { WebSocket } from 'ws';
import type { Channel } from '../../channel/channel.ts';
import type { Timer } from '../../channel/clock.ts';
import type { SyncBatch } from '../../disk/sync-batch.ts';
import { milliseconds } from '../../media/time.ts';
import { JournalFolder } from '../session/journal-folder.ts';
import { JournalKeeper } from '../session/journal-keeper.ts';
import { PublishError } from '../session/publish-error.ts';
import type { SessionHost } from '../session/publish-session.ts';
import { restoreSessions } from '../session/restore-sessions.ts';
import type { SessionArchive } from '../session/session-archive.ts';
import { SessionRegistry } from '../session/session-registry.ts';
import { type PublisherHost, type PublisherRequest, PublisherSocket } from './publisher-socket.ts';

/** What publishers are taken in with. */
export interface PublishIngestOptions extends Omit<SessionHost, 'journals' | 'tidy'> {
  /** Where journals are kept. */
  readonly journalFolder: string;
  /** Makes journals survive a power loss before they are acknowledged; without it they survive the end of the process. */
  readonly sync?: SyncBatch | undefined;
  readonly archive: SessionArchive;
  /** So long an unfinished session's publisher may bring the rest, in milliseconds; default 7 days. */
  readonly keepUnfinished?: number | undefined;
}

const KEEP_UNFINISHED = 7 * 24 * 60 * 60_000;
const SWEEP_INTERVAL = milliseconds(60 * 60_000);
const TICK = milliseconds(1000);

/** Takes publishers in over WebSocket: the only thing of this folder that the server deals with. */
export class PublishIngest {
  readonly #host: PublisherHost;
  readonly #archive: SessionArchive;
  readonly #keeper: JournalKeeper;
  readonly #sockets = new Set<PublisherSocket>();
  #timer: Timer | undefined;
  #sweepTimer: Timer | undefined;
  #closed: Promise<void> | undefined;

  /** Makes the journal folder where it is missing. */
  constructor(options: PublishIngestOptions) {
    const { journalFolder: folder, archive, clock, log, limits, sync } = options;
    const { keepUnfinished = KEEP_UNFINISHED } = options;
    mkdirSync(folder, { recursive: true });
    const journals = new JournalFolder({ folder, clock, log, maxQueue: limits.journalQueue, sync });
    this.#archive = archive;
    this.#keeper = new JournalKeeper({ journals, archive, clock, log, keepUnfinished });
    const host: SessionHost = {
      ...options,
      journals,
      tidy: (broadcast) => this.#keeper.tidy(broadcast),
    };
    this.#host = { ...host, sessions: new SessionRegistry(host), newSessionId: randomUUID };
  }

  /**
   * Goes on with what another process had: before anything is accepted, and once. Sessions that were open wait for their
   * publishers; what nobody needs any more is deleted. Rejects when the journals cannot be read.
   */
  async restore(channelOf: (name: string) => Promise<Channel | undefined>): Promise<void> {
    const { sessions } = this.#host;
    await this.#host.journals.load();
    await restoreSessions({ host: this.#host, sessions, archive: this.#archive, channelOf });
    this.#sweep();
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

  /**
   * Lets every publisher go; what is on disk is left for the next process, which goes on with their broadcasts. Settles
   * when every journal is put away. Idempotent.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  readonly #tick = (): void => {
    const now = this.#host.clock.now();
    for (const publisher of this.#sockets) publisher.tick(now);
    this.#timer = this.#sockets.size > 0 ? this.#host.clock.after(TICK, this.#tick) : undefined;
  };

  /** Not waited for: a recording may be made anew. */
  #sweep(): void {
    void this.#keeper.sweep();
    this.#sweepTimer = this.#host.clock.after(SWEEP_INTERVAL, () => this.#sweep());
  }

  async #close(): Promise<void> {
    this.#timer?.cancel();
    this.#sweepTimer?.cancel();
    for (const publisher of this.#sockets) publisher.close(goingAway());
    await this.#host.sessions.close();
    await this.#keeper.idle();
  }
}

const goingAway = () => new PublishError('going-away', 'The server is stopping. Come back in a moment.');
