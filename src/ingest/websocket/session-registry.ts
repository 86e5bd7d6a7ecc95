import type { Channel } from '../../channel/channel.ts';
import { PublishError } from './publish-error.ts';
import type { PublishSession } from './publish-session.ts';

/** How many sessions that are over are remembered, so that one that comes back is told what became of it. */
const MAX_SETTLED = 256;

/** The sessions of this process, by their UUID. */
export class SessionRegistry {
  readonly #sessions = new Map<string, PublishSession>();

  /** The session of that id, if there is one. Throws PublishError when it belongs to another channel. */
  find(id: string, channel: Channel): PublishSession | undefined {
    const session = this.#sessions.get(id);
    if (!session || session.channel === channel) return session;
    // A channel that was deleted and made anew is another one: its old sessions are over.
    throw new PublishError(
      'session-elsewhere',
      'That session belongs to another channel. Start another one.',
    );
  }

  /** A publisher is about to take the channel: what a lost one's packager holds goes out before. */
  flushLost(channel: Channel): void {
    for (const session of this.#sessions.values()) {
      if (session.channel === channel && session.lost) session.flush();
    }
  }

  /** Keeps a new session, and forgets the oldest of those that are over. */
  add(session: PublishSession): void {
    this.#sessions.set(session.id, session);
    let surplus = this.#sessions.size - MAX_SETTLED;
    for (const [id, other] of this.#sessions) {
      if (surplus <= 0) return;
      if (!other.settled) continue;
      this.#sessions.delete(id);
      surplus -= 1;
    }
  }

  /** Ends every session; settles when all journals are put away. */
  async close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => session.close()));
  }
}
