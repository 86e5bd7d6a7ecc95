import type { Milliseconds } from '../../media/time.ts';
import type { RecordingState } from '../../wire/publish.ts';
import type { PublishError } from './publish-error.ts';

/** The connection that a session has now. Called from the event loop; must not throw. */
export interface SessionOwner {
  /** Everything before this offset is stored. */
  stored(offset: number): void;
  /** The session is over, or another connection has it. */
  dismissed(error: PublishError): void;
}

/** What a publisher is told of its broadcast about every two seconds. */
export interface SessionStatus {
  readonly viewers: number;
  readonly recording: RecordingState;
  readonly bitrate: number;
  readonly elapsed: number;
  readonly remaining?: number;
}

/** One container stream of a publisher, as its connections deal with it. What throws, throws PublishError. */
export interface PublisherSession {
  /** Bytes of the stream that the server holds: where a returning publisher goes on. */
  readonly received: number;
  /** Bytes that are stored: what the publisher may forget. */
  readonly stored: number;
  /** Media is coming as long as it grows. */
  readonly chunks: number;
  /** How long the publisher is to be held back, in milliseconds; 0 for not at all. */
  readonly holdFor: number;
  /** More bytes wait for the disk than may. */
  readonly congested: boolean;
  /** Gives the session to a connection, and takes it from one that it has still: there are never two writers. */
  attach(owner: SessionOwner): void;
  /** The connection is lost. */
  detach(owner: SessionOwner): void;
  /** Takes the next bytes. */
  push(bytes: Uint8Array): void;
  /** What had timestamp `media` on the container's clock was captured at `wall`. */
  clock(media: Milliseconds, wall: Milliseconds): void;
  /** The stream is complete: answers its recording's id when all is stored; idempotent. Throws `bad-length`. */
  end(length: number): Promise<string | null>;
  /** About once a second, while a connection has it. */
  tick(now: Milliseconds): void;
  /** What the publisher is told from time to time. */
  status(): SessionStatus;
}
