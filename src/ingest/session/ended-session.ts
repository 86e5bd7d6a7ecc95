import { PublishError } from './publish-error.ts';
import type { PublisherSession, SessionOwner, SessionStatus } from './publisher-session.ts';
import type { SessionRecord } from './session-record.ts';
import { nothingMayFollow } from './session-refusals.ts';

/** A session that its publisher ended, for a publisher that was not told: the answer was lost with a connection. */
export class EndedSession implements PublisherSession {
  readonly received: number;
  readonly stored: number;
  readonly chunks = 0;
  readonly holdFor = 0;
  readonly congested = false;
  readonly #recording: string | null;

  constructor({ length, recording }: SessionRecord) {
    this.received = length ?? 0;
    this.stored = this.received;
    this.#recording = recording;
  }

  attach(_owner: SessionOwner): void {}

  detach(_owner: SessionOwner): void {}

  push(): void {
    throw nothingMayFollow();
  }

  clock(): void {}

  tick(): void {}

  end(length: number): Promise<string | null> {
    if (length === this.received) return Promise.resolve(this.#recording);
    throw new PublishError('bad-length', `The stream ended with ${this.received} bytes, not with ${length}.`);
  }

  status(): SessionStatus {
    return { viewers: 0, recording: 'off', bitrate: 0, elapsed: 0 };
  }
}
