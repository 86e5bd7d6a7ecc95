import { type Milliseconds, milliseconds } from '../../media/time.ts';
import type { BufferedRange } from '../buffer/media-buffer.ts';
import type { Clock, Timer } from '../clock.ts';
import type { LiveEdge, SeekCause } from './live-edge.ts';

/** The part of a video element that following needs. */
type FollowedMedia = Pick<
  HTMLMediaElement,
  'currentTime' | 'playbackRate' | 'paused' | 'seeking' | 'ended' | 'readyState' | 'addEventListener'
>;

/** What following is made of. */
export interface FollowOptions {
  readonly media: FollowedMedia;
  readonly edge: LiveEdge;
  readonly clock: Clock;
  readonly ranges: () => readonly BufferedRange[];
  /** The playhead ran dry. */
  readonly onStall: () => void;
  /** After each correction. */
  readonly onCorrected: (seek: SeekCause | undefined) => void;
}

const INTERVAL = milliseconds(50);

/** Carries out a {@link LiveEdge}'s decisions on a video element, until it is closed. */
export class LiveEdgeFollower {
  readonly #options: FollowOptions;
  readonly #scope = new AbortController();
  #timer: Timer | undefined;
  #hasPlayed = false;
  #following = false;

  constructor(options: FollowOptions) {
    this.#options = options;
    const { signal } = this.#scope;
    const { media } = options;
    media.addEventListener('playing', () => this.#played(), { signal });
    media.addEventListener('waiting', () => this.#waited(), { signal });
    media.addEventListener('emptied', () => this.#emptied(), { signal });
  }

  /** Media is to come: only while this is so are stalls counted and corrections made. */
  set following(following: boolean) {
    if (this.#following === following) return;
    this.#following = following;
    if (following) this.#tick();
    else this.#rest();
  }

  /** Corrects now: what is buffered changed. */
  correct(): void {
    if (!this.#following) return;
    const { media, edge, clock, ranges } = this.#options;
    const { rate, seek } = edge.correct({
      now: clock.now(),
      position: milliseconds(media.currentTime * 1000),
      ranges: ranges(),
      moving: !media.paused && !media.seeking && !media.ended,
      seeking: !media.paused && media.seeking,
    });
    if (media.playbackRate !== rate) media.playbackRate = rate;
    if (seek) this.#seek(seek.to);
    this.#options.onCorrected(seek?.cause);
  }

  /** Ends; idempotent. */
  close(): void {
    this.following = false;
    this.#scope.abort();
  }

  #tick(): void {
    this.#timer = this.#options.clock.after(INTERVAL, () => this.#tick());
    this.correct();
  }

  #rest(): void {
    this.#timer?.cancel();
    if (this.#options.media.playbackRate !== 1) this.#options.media.playbackRate = 1;
  }

  #seek(to: Milliseconds): void {
    this.#hasPlayed = false;
    this.#options.media.currentTime = to / 1000;
  }

  #played(): void {
    this.#hasPlayed = true;
  }

  #waited(): void {
    const { media, edge, clock, onStall } = this.#options;
    if (!this.#hasPlayed || !this.#following || media.seeking || media.paused) return;
    this.#hasPlayed = false;
    edge.stalled(clock.now());
    onStall();
  }

  #emptied(): void {
    this.#hasPlayed = false;
  }
}
