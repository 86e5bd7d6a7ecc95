import { type Milliseconds, milliseconds } from '../../media/time.ts';
import type { Clock, Timer } from '../clock.ts';

/** What the policy decides. */
export interface FallbackDecisions {
  /** The WebSocket does not come about or does not last: the other way is to get ready, and to play when it is. */
  fallBack(): void;
  /** The WebSocket has shown that it lasts: it is to play again. */
  climb(): void;
}

/** A WebSocket that says nothing for so long is not waited for any more. */
const PATIENCE = milliseconds(4000);
/** Failures in a row before that is decided at once. */
const MOST_FAILURES = 2;
/** A connection that lasted so long did not fail for being a WebSocket. */
const SETTLED = 10_000;
/** Media has to come for so long before a picture that plays is given up for it; longer after each vain climb. */
const PROBATION = 2000;
const LONGEST_PROBATION = 60_000;

/** When to leave the WebSocket for HLS, and when to go back. Pure but for its timers. */
export class FallbackPolicy {
  readonly #clock: Clock;
  readonly #decisions: FallbackDecisions;
  #timer: Timer | undefined;
  #failures = 0;
  #vainClimbs = 0;
  #reachedAt: Milliseconds | undefined;
  #climbedAt: Milliseconds | undefined;
  #fallen = false;
  #otherPlays = false;

  constructor(clock: Clock, decisions: FallbackDecisions) {
    this.#clock = clock;
    this.#decisions = decisions;
  }

  /** The WebSocket is given up for now. */
  get fallen(): boolean {
    return this.#fallen;
  }

  /** The first connection is begun. */
  start(): void {
    this.#wait();
  }

  /** The server was heard over the WebSocket. */
  reached(): void {
    this.#reachedAt ??= this.#clock.now();
    if (!this.#fallen) this.#cancel();
    else if (!this.#otherPlays && this.#vainClimbs === 0) this.#climb();
  }

  /** Media that playing can begin with came over the WebSocket, while the other way plays or gets ready. */
  ready(): void {
    if (!this.#fallen || this.#timer) return;
    if (!this.#otherPlays && this.#vainClimbs === 0) {
      this.#climb();
      return;
    }
    const probation = Math.min(LONGEST_PROBATION, PROBATION * 2 ** this.#vainClimbs);
    this.#timer = this.#clock.after(milliseconds(probation), () => this.#climb());
  }

  /** The WebSocket was lost, or did not come about. */
  lost(): void {
    const now = this.#clock.now();
    const lasted = this.#reachedAt === undefined ? 0 : now - this.#reachedAt;
    this.#reachedAt = undefined;
    this.#failures = lasted >= SETTLED ? 1 : this.#failures + 1;
    if (lasted >= LONGEST_PROBATION) this.#vainClimbs = 0;
    if (this.#fallen) {
      this.#cancel();
      return;
    }
    const climbedInVain = this.#climbedAt !== undefined && now - this.#climbedAt < SETTLED;
    if (climbedInVain) this.#vainClimbs += 1;
    if (climbedInVain || this.#failures >= MOST_FAILURES) this.#fall();
    else this.#wait();
  }

  /** The other way shows a picture, or does not any more. */
  set otherPlays(plays: boolean) {
    this.#otherPlays = plays;
  }

  /** Decides nothing more; idempotent. */
  close(): void {
    this.#cancel();
  }

  #wait(): void {
    this.#timer ??= this.#clock.after(PATIENCE, () => this.#fall());
  }

  #fall(): void {
    this.#cancel();
    this.#fallen = true;
    this.#otherPlays = false;
    this.#climbedAt = undefined;
    this.#decisions.fallBack();
  }

  #climb(): void {
    this.#cancel();
    this.#fallen = false;
    this.#failures = 0;
    this.#climbedAt = this.#clock.now();
    this.#decisions.climb();
  }

  #cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
