import type { Channel } from '../../channel/channel.ts';
import { EndedSession } from './ended-session.ts';
import { LateSession } from './late-session.ts';
import type { PublishSession } from './publish-session.ts';
import type { PublisherSession } from './publisher-session.ts';
import type { SessionHost } from './session-host.ts';
import type { SessionRecord } from './session-record.ts';
import { sessionElsewhere, sessionExpired, sessionOver } from './session-refusals.ts';

/** How many sessions that are over are remembered, so that one that comes back is told what became of it. */
const MAX_SETTLED = 256;

/** The sessions of this process, by their UUID. */
export class SessionRegistry {
  readonly #host: SessionHost;
  readonly #sessions = new Map<string, PublishSession>();
  readonly #late = new Map<string, LateSession>();

  constructor(host: SessionHost) {
    this.#host = host;
  }

  /**
   * The session of that id, if there is one. With `late` its publisher brings the rest of one whose broadcast may be over.
   * Throws PublishError when it belongs to another channel, or nothing may follow.
   */
  find(id: string, channel: Channel, late: boolean): PublisherSession | undefined {
    const session = this.#sessions.get(id);
    // A channel that was deleted and made anew is another one: its old sessions are over.
    if (session && session.channel !== channel) throw sessionElsewhere();
    if (session && !(late && session.settled)) return session;
    const { journals } = this.#host;
    const record = journals.find(id);
    if (!record) {
      // Its bytes are there, but what they are could not be read: they are left alone.
      if (!session && journals.sizeOf(id) > 0) this.#refuse('over');
      return session;
    }
    if (record.channel !== channel.name) throw sessionElsewhere();
    if (record.status === 'ended') return new EndedSession(record);
    if (record.status === 'unfinished' && late) return this.#findLate(record);
    return session ?? this.#refuse(record.status);
  }

  /** A publisher is about to take the channel from a lost one, or from any: what its packager holds goes out before. */
  flush(channel: Channel, takeover: boolean): void {
    for (const session of this.#sessions.values()) {
      if (session.channel === channel && (takeover || session.lost)) session.flush();
    }
  }

  /** Its broadcast is on, or a publisher is bringing the rest of it. */
  isInUse(id: string): boolean {
    return this.#late.has(id) || this.#sessions.get(id)?.isOn === true;
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
    const all = [...this.#sessions.values(), ...this.#late.values()];
    await Promise.all(all.map((session) => session.close()));
  }

  #findLate(record: SessionRecord): LateSession {
    const found = this.#late.get(record.id);
    if (found) return found;
    const session = new LateSession(record, this.#host, () => this.#late.delete(record.id));
    this.#late.set(record.id, session);
    return session;
  }

  #refuse(status: string): never {
    throw status === 'unfinished' ? sessionExpired() : sessionOver();
  }
}
