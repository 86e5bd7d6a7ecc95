import type { WebSocket } from 'ws';
import type { Channel } from '../../channel/channel.ts';
import type { Timer } from '../../channel/clock.ts';
import { type Milliseconds, milliseconds } from '../../media/time.ts';
import { safeNamePrefix } from '../../wire/name-prefix.ts';
import { PeerWatch } from '../../wire/peer-watch.ts';
import { PUBLISH_PROTOCOL, type PublishServerMessage, type PublishStart } from '../../wire/publish.ts';
import { Inflow } from '../session/inflow.ts';
import { PublishError, toPublishError } from '../session/publish-error.ts';
import type { PublishSessions } from '../session/publish-sessions.ts';
import type { PublisherSession, SessionOwner } from '../session/publisher-session.ts';
import { parsePublisherMessage } from './publisher-message.ts';

/** What the server knows of a publisher when its socket is open. */
export interface PublisherRequest {
  readonly channel: Channel;
  /** The stream key came with the upgrade, and is right. */
  readonly authorized: boolean;
  /** Whether a key that comes in the first message is right; compares in constant time. */
  checkKey(key: string): boolean;
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
  readonly #sessions: PublishSessions;
  readonly #watch: PeerWatch;
  readonly #inflow: Inflow;
  readonly #speaksProtocol: boolean;
  #session: PublisherSession | undefined;
  /** Nothing is taken any more: the socket is closing. */
  #done = false;
  #ending = false;
  #ackTimer: Timer | undefined;
  #acknowledged = 0;
  #statusAt: Milliseconds;

  constructor(socket: WebSocket, request: PublisherRequest, sessions: PublishSessions) {
    this.#socket = socket;
    this.#request = request;
    this.#sessions = sessions;
    this.#speaksProtocol = socket.protocol === PUBLISH_PROTOCOL;
    const now = sessions.clock.now();
    this.#watch = new PeerWatch(now);
    const { clock, limits } = sessions;
    this.#inflow = new Inflow(socket, { clock, noMediaTimeout: limits.noMediaTimeout });
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
    if (this.#inflow.held) this.#watch.heard(now);
    const verdict = this.#watch.check(now);
    if (verdict === 'ping') this.#socket.ping();
    if (verdict === 'gone') {
      this.#socket.terminate();
      return;
    }
    if (this.#ending) return;
    this.#session?.tick(now);
    this.#attempt(() => this.#inflow.check(now));
    if (this.#session && !this.#done && now - this.#statusAt >= STATUS_INTERVAL) {
      this.#statusAt = now;
      this.#send({ type: 'status', ...this.#session.status() });
    }
  }

  /** For a {@link PublisherSession}. */
  stored(_offset: number): void {
    this.#inflow.stored();
    if (!this.#speaksProtocol || this.#ackTimer || this.#done) return;
    this.#ackTimer = this.#sessions.clock.after(ACK_DELAY, this.#acknowledge);
  }

  /** For a {@link PublisherSession}: it is over, or goes on elsewhere. */
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
    const now = this.#sessions.clock.now();
    this.#watch.heard(now);
    try {
      if (isBinary) this.#takeBytes(data);
      else this.#takeText(data, now);
    } catch (error) {
      this.#refuse(error);
    }
  };

  readonly #onHeard = (): void => {
    this.#watch.heard(this.#sessions.clock.now());
  };

  // What is wrong with the frames, ws answers itself (1002, 1007, 1009); the close follows.
  readonly #onError = (error: Error): void => {
    this.#sessions.log.info(
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
      this.#sessions.log.error(
        { channel: this.#request.channel.name, err: error },
        'a publisher socket failed',
      );
    }
    this.close(refusal);
  }

  #takeBytes(bytes: Buffer): void {
    const session = this.#session;
    if (!session) throw new PublishError('bad-message', 'The first message must be a start.');
    session.push(bytes);
    this.#inflow.pushed();
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
        this.#send({ type: 'pong', id: message.id, time: this.#sessions.clock.wall() });
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
    const found = this.#sessions.find(id, request.channel, message.late === true);
    if ((found?.received ?? 0) < (message.from ?? 0)) throw forgotten();
    const session =
      found ??
      this.#sessions.open({
        id,
        channel: request.channel,
        title: message.name,
        takeover: message.takeover,
        mimeType: message.mimeType,
        namePrefix: message.namePrefix === undefined ? undefined : safeNamePrefix(message.namePrefix),
        resumable: true,
      });
    this.#own(session);
    this.#acknowledged = session.stored;
    this.#send({ type: 'ready', offset: session.received });
  }

  #startPlain(): void {
    if (!this.#request.authorized) throw unauthorized();
    this.#own(this.#sessions.open({ channel: this.#request.channel, resumable: false }));
  }

  #own(session: PublisherSession): void {
    session.attach(this);
    this.#session = session;
    this.#inflow.begin(session);
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
    this.#session?.detach(this);
    this.#inflow.close();
    if (code !== undefined) this.#socket.close(code, reason);
  }
}

const forgotten = () =>
  new PublishError(
    'session-over',
    'The server does not hold that session as far as its publisher has forgotten it.',
  );
const unauthorized = () => new PublishError('unauthorized', 'The stream key is missing or wrong.');
