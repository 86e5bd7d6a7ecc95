import { type Milliseconds, milliseconds } from '../../media/time.ts';
import type { BufferedRange } from '../buffer/media-buffer.ts';
import { ArrivalWindow } from './arrival-window.ts';

/** What the controller looks at. Media times are on the broadcast's timeline. */
export interface PlaybackSnapshot {
  /** Local and monotonic. */
  readonly now: Milliseconds;
  readonly position: Milliseconds;
  readonly ranges: readonly BufferedRange[];
  /** The picture is meant to move: not paused, not seeking. */
  readonly moving: boolean;
  /** A seek is under way, and the picture is meant to move after it. */
  readonly seeking: boolean;
}

/** Why a seek was made: the first one, too far behind, over a hole, or stuck although there is media. */
export type SeekCause = 'start' | 'behind' | 'gap' | 'stuck';

/** What to do with the video element. */
export interface Correction {
  readonly rate: number;
  readonly seek?: { readonly to: Milliseconds; readonly cause: SeekCause };
}

/**
 * How long before its time a chunk has to be there. Chromium runs dry with less than about 110 ms of sound ahead (it
 * decodes and resamples in advance); a late picture only costs itself.
 */
const MARGIN = { audio: 120, video: 60 };
const STALL_MARGIN = 60;
const MOST_STALL_MARGIN = 360;
const STALL_FORGIVEN = 120_000;
/** After a silence this long the network is to blame, which the arrivals tell better than a margin. */
const SILENCE = 300;
/** Behind its target by more than this, the playhead seeks; after a pause or in a tab that was hidden, sooner. */
const SEEK_BEHIND = 1500;
const SEEK_BEHIND_ON_RETURN = 300;
const SEEK_COOLDOWN = 1000;
/** A seek that takes longer waits for media that does not come: it landed just before a hole. */
const SEEK_HANGS = 1000;
/**
 * Standing still with this much ahead, the playhead seeks: after each stall Chromium waits for twice as much as
 * before, and only a seek makes it forget.
 */
const STUCK_AFTER = 250;
const STUCK_AHEAD = 300;
const STUCK_COOLDOWN = 2000;
const HOLE_EDGE = 40;
/** Before the end of a range: a seek to its very end waits for more. */
const SEEK_SHORT_OF_END = 20;
/** Behind a range's start, so that rounding never lands before it. */
const SEEK_PAST_START = 1;

const RATE_START = 40;
const RATE_STOP = 10;
const RATE_DEAD_BAND = 0.015;
const FASTEST = 1.08;
const SLOWEST = 0.95;
const RATE_PER_MILLISECOND = 0.0005;
const LEAST_CHANGE = 0.02;

/**
 * Keeps the playhead as close to the live edge as the arrivals allow: with small changes of the rate where that is
 * enough, with a seek where it is not. Pure: time and playback are passed in.
 */
export class LiveEdge {
  readonly #arrivals = new ArrivalWindow();
  #extraDelay = 0;
  #stallMargin = 0;
  #stalledAt = 0;
  #arrivedAt = Number.NEGATIVE_INFINITY;
  #rate = 1;
  #started = false;
  #returning = false;
  #seekAt = Number.NEGATIVE_INFINITY;
  #movedAt = 0;
  #lastPosition = -1;

  /** A chunk arrived that starts there. */
  arrived(at: Milliseconds, start: Milliseconds, kind: 'video' | 'audio'): void {
    this.#arrivedAt = at;
    if (this.#arrivals.add(at, milliseconds(start - MARGIN[kind]))) this.#returning = true;
  }

  /** The playhead ran dry. Where media kept coming, it keeps more distance for a while. */
  stalled(now: Milliseconds): void {
    if (now - this.#arrivedAt > SILENCE) return;
    this.#stallMargin = Math.min(MOST_STALL_MARGIN, this.#stallMargin + STALL_MARGIN);
    this.#stalledAt = now;
  }

  /** Playing goes on after a pause or in the foreground: the next correction may seek over a short way too. */
  catchUp(): void {
    this.#returning = true;
  }

  /** Asks for that much more delay than is safe; 0 is the default. */
  set extraDelay(delay: Milliseconds) {
    this.#extraDelay = Math.max(0, delay);
  }

  /** What arrives from here on has nothing to do with what arrived before. With `restart`, nor has the playhead. */
  reset(restart: boolean): void {
    this.#returning = true;
    if (restart) {
      this.#arrivals.reset();
      this.#started = false;
    } else {
      this.#arrivals.resume();
    }
  }

  /** The nearest to the live edge that the playhead can be without running dry; undefined before the first arrival. */
  safeTarget(now: Milliseconds): Milliseconds | undefined {
    const lag = this.#arrivals.safeLag;
    if (lag === undefined) return undefined;
    this.#forgive(now);
    return milliseconds(now - lag - this.#stallMargin);
  }

  /** Where the playhead ought to be; undefined before the first arrival. */
  target(now: Milliseconds): Milliseconds | undefined {
    const safe = this.safeTarget(now);
    return safe === undefined ? undefined : milliseconds(safe - this.#extraDelay);
  }

  /** Decides what to do now. To be asked about twenty times a second, and when what is buffered changed. */
  correct(playback: PlaybackSnapshot): Correction {
    const { now, position, ranges } = playback;
    const target = this.target(now);
    if (target === undefined || ranges.length === 0) return this.#keep(1);
    if (!this.#started) return this.#start(playback, target);
    const hangs = playback.seeking && now - this.#seekAt > SEEK_HANGS;
    if (!playback.moving && !hangs) {
      this.#movedAt = now;
      return this.#keep(1);
    }
    const seek = this.#findSeek(playback, target);
    if (seek) return this.#seekTo(seek.to, seek.cause, now);
    return this.#keep(this.#rateFor(target - position));
  }

  #start({ now, ranges, position }: PlaybackSnapshot, target: Milliseconds): Correction {
    if (!this.#arrivals.isSettled(now)) return this.#keep(1);
    this.#started = true;
    this.#movedAt = now;
    const to = placeIn(ranges, target);
    return to === undefined || Math.abs(to - position) < RATE_START
      ? this.#keep(1)
      : this.#seekTo(to, 'start', now);
  }

  #findSeek(playback: PlaybackSnapshot, target: Milliseconds): Correction['seek'] {
    const { now, position, ranges } = playback;
    const to = placeIn(ranges, target);
    if (to === undefined) return undefined;
    const here = ranges.find(
      ({ start, end }) => position >= start - SEEK_PAST_START && position < end - HOLE_EDGE,
    );
    const stuck = this.#isStuck(playback, here);
    const next = ranges.find(({ start }) => start > position);
    if (next && (!here || stuck)) return { to: placeIn([next], target) ?? to, cause: 'gap' };
    const returning = this.#returning && this.#arrivals.isSettled(now);
    const limit = returning ? SEEK_BEHIND_ON_RETURN : SEEK_BEHIND;
    if (returning) this.#returning = false;
    if (to - position > limit && now - this.#seekAt > SEEK_COOLDOWN) return { to, cause: 'behind' };
    if (stuck) return { to: milliseconds(Math.max(to, position + SEEK_PAST_START)), cause: 'stuck' };
    return undefined;
  }

  #isStuck({ now, position, ranges }: PlaybackSnapshot, here: BufferedRange | undefined): boolean {
    const canMove = here && (here.end - position >= STUCK_AHEAD || here !== ranges.at(-1));
    if (position !== this.#lastPosition || !canMove) {
      this.#lastPosition = position;
      this.#movedAt = now;
      return false;
    }
    return now - this.#movedAt > STUCK_AFTER && now - this.#seekAt > STUCK_COOLDOWN;
  }

  #seekTo(to: Milliseconds, cause: SeekCause, now: Milliseconds): Correction {
    this.#seekAt = now;
    this.#movedAt = now;
    this.#rate = 1;
    return { rate: 1, seek: { to, cause } };
  }

  /** Positive `behind`: late against the target. Starts at a clear difference and stops at a small one. */
  #rateFor(behind: number): number {
    const distance = Math.abs(behind);
    const isCorrecting = this.#rate !== 1 && Math.sign(this.#rate - 1) === Math.sign(behind);
    if (distance < (isCorrecting ? RATE_STOP : RATE_START)) return 1;
    const wanted = 1 + Math.sign(behind) * Math.max(RATE_DEAD_BAND, distance * RATE_PER_MILLISECOND);
    const rate = Math.min(FASTEST, Math.max(SLOWEST, wanted));
    return isCorrecting && Math.abs(rate - this.#rate) < LEAST_CHANGE ? this.#rate : rate;
  }

  #keep(rate: number): Correction {
    this.#rate = rate;
    return { rate };
  }

  #forgive(now: Milliseconds): void {
    if (this.#stallMargin === 0 || now - this.#stalledAt < STALL_FORGIVEN) return;
    this.#stallMargin = Math.max(0, this.#stallMargin - STALL_MARGIN);
    this.#stalledAt = now;
  }
}

/** The place in the buffer that is nearest to a target, favouring the newest range that starts before it. */
function placeIn(ranges: readonly BufferedRange[], target: Milliseconds): Milliseconds | undefined {
  const range = ranges.findLast(({ start }) => start <= target) ?? ranges[0];
  if (!range) return undefined;
  const latest = Math.max(range.start + SEEK_PAST_START, range.end - SEEK_SHORT_OF_END);
  return milliseconds(Math.min(latest, Math.max(range.start + SEEK_PAST_START, target)));
}
