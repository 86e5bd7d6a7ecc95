import { type Milliseconds, milliseconds } from '../media/time.ts';

/** The server pings every peer this often. */
const PING_INTERVAL = milliseconds(10_000);
/** A peer that nothing was heard of for this long is gone. */
const PEER_TIMEOUT = milliseconds(20_000);
/** Text messages that a peer may send in a second. */
const MAX_TEXTS_PER_SECOND = 50;
/** Bytes of one text message of a peer. */
export const MAX_TEXT_BYTES = 4096;

/** What to do about a peer now. */
export type PeerVerdict = 'well' | 'ping' | 'gone';

/** Tells when a WebSocket's peer is to be pinged, when it is gone, and when it says too much. Time is an input. */
export class PeerWatch {
  #heardAt: Milliseconds;
  #pingedAt: Milliseconds;
  #textsSince: Milliseconds;
  #texts = 0;

  constructor(now: Milliseconds) {
    this.#heardAt = now;
    this.#pingedAt = now;
    this.#textsSince = now;
  }

  /** Something came from the peer, or it took something. */
  heard(now: Milliseconds): void {
    this.#heardAt = now;
  }

  /** A text message came; false when it was one too many. */
  allowText(now: Milliseconds): boolean {
    if (now - this.#textsSince >= 1000) {
      this.#textsSince = now;
      this.#texts = 0;
    }
    this.#texts += 1;
    return this.#texts <= MAX_TEXTS_PER_SECOND;
  }

  /** Asked about once a second; a `ping` is counted as sent. */
  check(now: Milliseconds): PeerVerdict {
    if (now - this.#heardAt >= PEER_TIMEOUT) return 'gone';
    if (now - this.#pingedAt < PING_INTERVAL) return 'well';
    this.#pingedAt = now;
    return 'ping';
  }
}
