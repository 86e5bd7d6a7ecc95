import type { WebSocket } from 'ws';
import type { Channel } from '../../channel/channel.ts';
import type { Timer } from '../../channel/clock.ts';
import { type Milliseconds, milliseconds } from '../../media/time.ts';
import { safeNamePrefix } from '../../wire/name-prefix.ts';
import { PeerWatch } from '../../wire/peer-watch.ts';
import { PUBLISH_PROTOCOL, type PublishServerMessage, type PublishStart } from '../../wire/publish.ts';
import { PublishError, toPublishError } from '../session/publish-error.ts';
import { PublishSession, type SessionHost } from '../session/publish-session.ts';
import type { PublisherSession, SessionOwner } from '../session/publisher-session.ts';
import type { SessionRegistry } from '../session/session-registry.ts';
import type { SessionStart } from '../session/session-start.ts';
import { parsePublisherMessage } from './publisher-message.ts';

/** What the server knows of a publisher when its socket is open. */
export interface PublisherRequest {
  readonly channel: Channel;
  /** The stream key came with the upgrade, and is right. */
  readonly authorized: boolean;
  /** Whether a key that comes in the first message is right; compares in constant time. */
  checkKey(key: string): boolean;
}

/** What sockets and sessions have in common. */
export interface PublisherHost extends SessionHost {
  readonly sessions: SessionRegistry;
  newSessionId(): string;
}

/** Writes that follow one another closely are acknowledged together. */
const ACK_DELAY = milliseconds(50);
const STATUS_INTERVAL = milliseconds(2000);
/** Close codes by which a plain publisher says that it is done: normal, going away, none given. */
const CLEAN_CLOSES: readonly number[] = [1000, 1001, 1005];

/**
 * One publisher's connection. Under the publish protocol it is a session's owner for as long as it lasts; a socket
 * without a subprotocol is a session of its own, which its clean close ends.
 */
export class PublisherSocket implements SessionOwner {
  /** Called once, when the socket is closed. */
  onClosed: () => void = () => {};
  readonly #socket: WebSocket;
  readonly #request: PublisherRequest;
  readonly #host: PublisherHost;
  readonly #watch: PeerWatch;
  readonly #speaksProtocol: boolean;
  #session: PublisherSession | undefined;
  /** Nothing is taken any more: the socket is closing. */
  #done = false;
  #ending = false;
  #held = false;
  #holdTimer: Timer | undefined;
  #ackTimer: Timer | undefined;
  #acknowledged = 0;
  #chunks = 0;
  #mediaAt: Milliseconds;
  #statusAt: Milliseconds;

  constructor(socket: WebSocket, request: PublisherRequest, host: PublisherHost) {
    this.#socket = socket;
    this.#request = request;
    this.#host = host;
    this.#speaksProtocol = socket.protocol === PUBLISH_PROTOCOL;
    const now = host.clock.now();
    this.#watch = new PeerWatch(now);
    this.#mediaAt = now;
    this.#statusAt = now;
    // In one piece, and without a copy where the message came in one read.
    socket.binaryType = 'nodebuffer';
    socket.on('message', this.#onMessage);
    socket.on('pong', this.#onHeard);
    socket.on('ping', this.#onHeard);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
    if (!this.#speaksProtocol) this.#attempt(() => this.#startPlain());
  }

  /** About once a second: pings, deadlines, status. */
  tick(now: Milliseconds): void {
    if (this.#done) return;
    // A publisher that is held back cannot be heard.
    if (this.#held) this.#watch.heard(now);
    const verdict = this.#watch.check(now);
    if (verdict === 'ping') this.#socket.ping();
    if (verdict === 'gone') {
      this.#socket.terminate();
      return;
    }
    if (this.#ending) return;
    this.#session?.tick(now);
    this.#attempt(() => this.#checkMedia(now));
    if (this.#session && !this.#done && now - this.#statusAt >= STATUS_INTERVAL) {
      this.#statusAt = now;
      this.#send({ type: 'status', ...this.#session.status() });
    }
  }

  /** For {@link PublishSession}. */
  stored(_offset: number): void {
    if (this.#held && !this.#holdTimer && this.#session?.congested === false) this.#release();
    if (!this.#speaksProtocol || this.#ackTimer || this.#done) return;
    this.#ackTimer = this.#host.clock.after(ACK_DELAY, this.#acknowledge);
  }

  /** For {@link PublishSession}: it is over, or goes on elsewhere. */
  dismissed(error: PublishError): void {
    this.#session = undefined;
    this.close(error);
  }

  /** Says why, and closes; idempotent. The session waits for its publisher to come back. */
  close(error: PublishError): void {
    if (this.#done) return;
    const { code, message, since, recording, closeCode } = error;
    this.#send({
      type: 'error',
      code,
      message,
      ...(since !== undefined && { since }),
      ...(recording && { recording }),
    });
    this.#finish(closeCode, code);
  }

  readonly #onMessage = (data: unknown, isBinary: boolean): void => {
    if (this.#done || !Buffer.isBuffer(data)) return;
    const now = this.#host.clock.now();
    this.#watch.heard(now);
    try {
      if (isBinary) this.#takeBytes(data);
      else this.#takeText(data, now);
    } catch (error) {
      this.#refuse(error);
    }
  };

  readonly #onHeard = (): void => {
    this.#watch.heard(this.#host.clock.now());
  };

  // What is wrong with the frames, ws answers itself (1002, 1007, 1009); the close follows.
  readonly #onError = (error: Error): void => {
    this.#host.log.info(
      { channel: this.#request.channel.name, reason: error.message },
      'a publisher socket failed',
    );
  };

  readonly #onClose = (code: number): void => {
    const session = this.#session;
    if (!this.#done && !this.#speaksProtocol && CLEAN_CLOSES.includes(code)) {
      this.#attempt(() => void session?.end(session.received));
    }
    this.#finish();
    this.onClosed();
  };

  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#refuse(error);
    }
  }

  #refuse(error: unknown): void {
    const refusal = toPublishError(error);
    // What a session failed of, it has logged itself.
    if (refusal !== error && refusal.code === 'internal') {
      this.#host.log.error({ channel: this.#request.channel.name, err: error }, 'a publisher socket failed');
    }
    this.close(refusal);
  }

  #takeBytes(bytes: Buffer): void {
    const session = this.#session;
    if (!session) throw new PublishError('bad-message', 'The first message must be a start.');
    session.push(bytes);
    if (session.congested) this.#hold();
    const wait = session.holdFor;
    if (wait > 0) {
      this.#hold();
      this.#holdTimer ??= this.#host.clock.after(milliseconds(wait), this.#onPaced);
    }
  }

  #takeText(data: Buffer, now: Milliseconds): void {
    if (!this.#speaksProtocol) {
      throw new PublishError('bad-message', 'Without a subprotocol only the bytes of a stream may be sent.');
    }
    if (!this.#watch.allowText(now))
      throw new PublishError('bad-message', 'Too many text messages in a second.');
    const message = parsePublisherMessage(data);
    switch (message.type) {
      case 'start':
        this.#start(message);
        return;
      case 'ping':
        this.#send({ type: 'pong', id: message.id, time: this.#host.clock.wall() });
        return;
      case 'clock':
        this.#session?.clock(milliseconds(message.media), milliseconds(message.wall));
        return;
      case 'end':
        this.#end(message.length);
    }
  }

  #start(message: PublishStart): void {
    if (this.#session) throw new PublishError('bad-message', 'The session has started already.');
    const request = this.#request;
    const authorized = request.authorized || (message.key !== undefined && request.checkKey(message.key));
    if (!authorized) throw unauthorized();
    const id = message.session.toLowerCase();
    const found = this.#host.sessions.find(id, request.channel, message.late === true);
    if ((found?.received ?? 0) < (message.from ?? 0)) throw forgotten();
    const session =
      found ??
      this.#open(id, {
        title: message.name,
        takeover: message.takeover,
        namePrefix: message.namePrefix === undefined ? undefined : safeNamePrefix(message.namePrefix),
        resumable: true,
      });
    this.#own(session);
    this.#acknowledged = session.stored;
    this.#send({ type: 'ready', offset: session.received });
  }

  #startPlain(): void {
    if (!this.#request.authorized) throw unauthorized();
    this.#own(this.#open(this.#host.newSessionId(), { resumable: false }));
  }

  #open(id: string, options: Omit<SessionStart, 'id' | 'channel'>): PublishSession {
    this.#host.sessions.flushLost(this.#request.channel);
    const session = new PublishSession({ id, channel: this.#request.channel, ...options }, this.#host);
    this.#host.sessions.add(session);
    return session;
  }

  #own(session: PublisherSession): void {
    session.attach(this);
    this.#session = session;
    this.#chunks = session.chunks;
    this.#mediaAt = this.#host.clock.now();
  }

  #end(length: number): void {
    const session = this.#session;
    if (!session) throw new PublishError('bad-message', 'The first message must be a start.');
    this.#ending = true;
    void session.end(length).then((recording) => {
      if (this.#done) return;
      this.#acknowledge();
      this.#send({ type: 'ended', recording });
      this.#finish(1000, 'ended');
    });
  }

  #checkMedia(now: Milliseconds): void {
    const chunks = this.#session?.chunks ?? 0;
    if (chunks !== this.#chunks || this.#held) {
      this.#chunks = chunks;
      this.#mediaAt = now;
    }
    const { noMediaTimeout } = this.#host.limits;
    if (now - this.#mediaAt < noMediaTimeout) return;
    throw new PublishError('no-media', `No media came for ${noMediaTimeout / 1000} seconds.`);
  }

  #hold(): void {
    if (this.#held) return;
    this.#held = true;
    this.#socket.pause();
  }

  readonly #onPaced = (): void => {
    this.#holdTimer = undefined;
    if (!this.#session?.congested) this.#release();
  };

  #release(): void {
    this.#held = false;
    this.#socket.resume();
  }

  readonly #acknowledge = (): void => {
    this.#ackTimer?.cancel();
    this.#ackTimer = undefined;
    const stored = this.#session?.stored ?? 0;
    if (stored === this.#acknowledged) return;
    this.#acknowledged = stored;
    this.#send({ type: 'ack', offset: stored });
  };

  #send(message: PublishServerMessage): void {
    if (!this.#speaksProtocol || this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(JSON.stringify(message));
  }

  #finish(code?: number, reason?: string): void {
    if (this.#done) return;
    this.#done = true;
    this.#ackTimer?.cancel();
    this.#holdTimer?.cancel();
    this.#session?.detach(this);
    // A paused socket would never read the other side's close frame.
    if (this.#held) this.#release();
    if (code !== undefined) this.#socket.close(code, reason);
  }
}

const forgotten = () =>
  new PublishError(
    'session-over',
    'The server does not hold that session as far as its publisher has forgotten it.',
  );
const unauthorized = () => new PublishError('unauthorized', 'The stream key is missing or wrong.');
