import type { PublishError } from './publish-error.ts';
import type { SessionOwner } from './publisher-session.ts';
import { sessionResumed } from './session-refusals.ts';

/** The connection that has a session now: one at most, and the newest is right. */
export class OwnerSlot {
  #owner: SessionOwner | undefined;

  get isEmpty(): boolean {
    return this.#owner === undefined;
  }

  /** Gives the session to a connection; one that had it, hanging or not, is let go. */
  give(owner: SessionOwner): void {
    const displaced = this.#owner;
    this.#owner = owner;
    displaced?.dismissed(sessionResumed());
  }

  /** The connection is lost. False when another one has the session. */
  leave(owner: SessionOwner): boolean {
    if (this.#owner !== owner) return false;
    this.#owner = undefined;
    return true;
  }

  /** Everything before this offset is stored. */
  stored(offset: number): void {
    this.#owner?.stored(offset);
  }

  /** The session is over for its connection. */
  dismiss(error: PublishError): void {
    const owner = this.#owner;
    this.#owner = undefined;
    owner?.dismissed(error);
  }
}
