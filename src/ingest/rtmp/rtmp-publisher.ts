import type { Socket } from 'node:net';
import type { Channel } from '../../channel/channel.ts';
import type { Timer } from '../../channel/clock.ts';
import { FlvWriter } from '../../media/flv/flv-writer.ts';
import { RtmpError } from '../../media/rtmp/rtmp-error.ts';
import { type Milliseconds, milliseconds } from '../../media/time.ts';
import { Inflow } from '../session/inflow.ts';
import { PublishError, type PublishErrorCode, toPublishError } from '../session/publish-error.ts';
import type { PublishSessions } from '../session/publish-sessions.ts';
import type { PublisherSession, SessionOwner } from '../session/publisher-session.ts';
import type { DisplacedPublishers } from './displaced-publishers.ts';
import { ReceiveProtocol, type ReceiveProtocolHost } from './receive-protocol.ts';

/** A publisher whose key is right. */
export interface AdmittedPublisher {
  readonly channel: Channel;
  /** It takes the channel from a publisher that is there. */
  readonly takeover: boolean;
}

/** What a publisher's connection is dealt with by. */
export interface RtmpPublisherOptions {
  readonly sessions: PublishSessions;
  readonly displaced: DisplacedPublishers;
  /** For the handshake. */
  readonly random: Uint8Array;
  /** Checks the key in the name of a stream. Rejects with PublishError. */
  admit(streamName: string, address: string): Promise<AdmittedPublisher>;
}

/** So long a connection may take until it publishes. */
const OPENING_TIMEOUT = milliseconds(10_000);
/** So long its other side may take to read why it was closed. */
const CLOSE_TIMEOUT = milliseconds(3000);
/** Answers that wait to be read: who asks and never reads is let go. */
const MAX_ANSWERS = 64 * 1024;

/**
 * One publisher's connection over RTMP: a session of its own, whose messages are journaled as FLV. It ends with what the
 * publisher says, and waits for another connection when it breaks.
 */
export class RtmpPublisher implements SessionOwner, ReceiveProtocolHost {
  /** Called once, when the socket is closed. */
  onClosed: () => void = () => {};
  /** Called once, when it was not taken. */
  onRefused: (error: PublishError) => void = () => {};
  /** Where it connects from. */
  readonly address: string;
  readonly #socket: Socket;
  readonly #options: RtmpPublisherOptions;
  readonly #protocol: ReceiveProtocol;
  readonly #inflow: Inflow;
  readonly #flv = new FlvWriter();
  readonly #openedAt: Milliseconds;
  #session: PublisherSession | undefined;
  #channel: Channel | undefined;
  /** Nothing is taken any more: the socket is closing. */
  #done = false;
  #closeTimer: Timer | undefined;
  /** Another one has its channel, and it is to know. */
  #isDisplaced = false;

  constructor(socket: Socket, options: RtmpPublisherOptions) {
    const { clock, limits } = options.sessions;
    this.#socket = socket;
    this.#options = options;
    this.#protocol = new ReceiveProtocol(options.random, limits.demuxer.maxElement, this);
    this.#inflow = new Inflow(socket, { clock, noMediaTimeout: limits.noMediaTimeout });
    this.#openedAt = clock.now();
    this.address = socket.remoteAddress ?? '';
    socket.on('data', this.#onData);
    socket.on('end', this.#noteDisplaced);
    // What breaks a connection is nobody's fault here; the close follows.
    socket.on('error', () => {});
    socket.on('close', this.#onClose);
  }

  /** It has shown a key, and feeds a channel. */
  get isPublishing(): boolean {
    return this.#session !== undefined;
  }

  /** About once a second: deadlines. */
  tick(now: Milliseconds): void {
    if (this.#done) return;
    this.#session?.tick(now);
    this.#attempt(() => {
      if (this.#session) this.#inflow.check(now);
      else if (now - this.#openedAt >= OPENING_TIMEOUT)
        throw new PublishError('no-media', 'It did not begin to publish in time.');
    });
  }

  /** For {@link ReceiveProtocol}. */
  send(parts: readonly Uint8Array[]): void {
    const socket = this.#socket;
    if (!socket.writable) return;
    socket.cork();
    for (const part of parts) socket.write(part);
    socket.uncork();
    if (socket.writableLength > MAX_ANSWERS) socket.destroy();
  }

  /** For {@link ReceiveProtocol}: nothing is read until it is known who this is. */
  publish(streamName: string): void {
    this.#socket.pause();
    void this.#options.admit(streamName, this.address).then(
      (publisher) => this.#attempt(() => this.#begin(publisher)),
      (error: unknown) => this.#refuse(error),
    );
  }

  /** For {@link ReceiveProtocol}. The head and the body apart: so the body is never copied. */
  media(type: number, timestamp: number, body: Uint8Array): void {
    const session = this.#session;
    // The rest of what was read when it was let go.
    if (!session || body.length === 0) return;
    session.push(this.#flv.tag(type, timestamp, body.length));
    session.push(body);
    this.#inflow.pushed();
  }

  /** For {@link ReceiveProtocol}: the broadcast is over, as its publisher wants. */
  ended(): void {
    const session = this.#session;
    if (!session) return;
    session.push(this.#flv.end());
    void session.end(session.received);
    this.#protocol.finish();
    this.#finish();
  }

  /** For a {@link PublisherSession}. */
  stored(_offset: number): void {
    this.#inflow.stored();
  }

  /** For a {@link PublisherSession}: it is over. */
  dismissed(error: PublishError): void {
    this.#session = undefined;
    this.#isDisplaced = error.code === 'taken-over';
    this.close(error);
  }

  /** Says why, and closes; idempotent. The session waits for its publisher to come back as another one. */
  close(error: PublishError): void {
    if (this.#done) return;
    const { code } = error;
    if (this.#channel)
      this.#options.sessions.log.info({ channel: this.#channel.name, code }, 'an RTMP publisher was let go');
    else this.onRefused(error);
    this.#protocol.refuse(statusCodeOf(error.code), error.message);
    this.#finish();
  }

  readonly #onData = (received: Buffer): void => {
    if (!this.#done) this.#attempt(() => this.#protocol.push(received));
    else this.#noteDisplaced();
  };

  /** It is still there, so that it will come back: not one whose connection broke, and that took over from itself. */
  readonly #noteDisplaced = (): void => {
    if (!this.#isDisplaced || !this.#channel) return;
    this.#isDisplaced = false;
    this.#options.displaced.add(this.#channel.name, this.address);
  };

  readonly #onClose = (): void => {
    this.#done = true;
    this.#closeTimer?.cancel();
    this.#inflow.close();
    this.#session?.detach(this);
    this.#session = undefined;
    this.onClosed();
  };

  #begin({ channel, takeover: wished }: AdmittedPublisher): void {
    if (this.#done) return;
    const { sessions, displaced } = this.#options;
    const takeover = wished && !displaced.has(channel.name, this.address);
    const session = sessions.open({ channel, takeover, resumable: false });
    session.attach(this);
    this.#session = session;
    this.#channel = channel;
    this.#inflow.begin(session);
    session.push(this.#flv.header());
    this.#protocol.accept();
    // What it had sent already may be more than the disk takes.
    if (!this.#inflow.held) this.#socket.resume();
  }

  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#refuse(error);
    }
  }

  #refuse(error: unknown): void {
    const known = error instanceof RtmpError ? new PublishError('bad-message', error.message) : error;
    const refusal = toPublishError(known);
    // What a session failed of, it has logged itself.
    if (refusal !== known && refusal.code === 'internal')
      this.#options.sessions.log.error({ err: error }, 'an RTMP publisher’s connection failed');
    this.close(refusal);
  }

  #finish(): void {
    if (this.#done) return;
    this.#done = true;
    this.#inflow.close();
    this.#session?.detach(this);
    this.#session = undefined;
    // Read on, and dropped: a close must be seen, and a reset would take the answer from the other side.
    this.#socket.resume();
    this.#socket.end();
    this.#closeTimer = this.#options.sessions.clock.after(CLOSE_TIMEOUT, () => this.#socket.destroy());
  }
}

/** What encoders know: a name that cannot be published under, and all else. */
function statusCodeOf(code: PublishErrorCode): string {
  const isAboutName = code === 'unauthorized' || code === 'channel-busy';
  return isAboutName ? 'NetStream.Publish.BadName' : 'NetStream.Failed';
}
