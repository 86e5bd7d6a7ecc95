import type { Bytes, Milliseconds } from '../../media/time.ts';
import type { MediaDate } from '../sync/delay-meter.ts';

/** Why playing HLS cannot go on: nothing comes, what comes is damaged, or this browser cannot decode it. */
export type HlsFailure = 'network' | 'media' | 'codec';

/** What an engine tells its owner. After `failed` it is dead. */
export interface HlsEngineEvents {
  /** What is to be played is known: {@link HlsEngine.take} would show it in a moment. */
  ready(): void;
  /** Media came. */
  received(bytes: Bytes): void;
  /** The playlist is complete: what is in it plays to its end. */
  complete(): void;
  failed(failure: HlsFailure): void;
}

/** What of a playlist can be played, in seconds of the video element. */
export interface HlsWindow {
  readonly start: number;
  readonly end: number;
  /** The server's wall clock at the end; undefined where the playlist does not tell. */
  readonly endDate: Milliseconds | undefined;
}

/** What plays one HLS playlist in a video element: hls.js, or the browser itself. */
export interface HlsEngine {
  /** When what is on the screen was captured, or arrived at the server; undefined before it is known. */
  readonly playingDate: MediaDate | undefined;
  /** How much later than it aims at it plays; undefined before that is known. */
  readonly lateness: Milliseconds | undefined;
  /** The places that can be played; undefined before they are known. */
  readonly window: HlsWindow | undefined;
  /** The delay to keep behind the end of the playlist, where it is more than what the playlist asks for. */
  targetLatency: Milliseconds | undefined;
  /** Begins to load. */
  open(): void;
  /** Plays in the video element: from so far before the end, or at the live edge. */
  take(behind?: Milliseconds): void;
  seekToLive(): void;
  /** Lets go of everything, the video element too; idempotent. */
  close(): void;
}
