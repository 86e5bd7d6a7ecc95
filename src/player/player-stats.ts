import type { Milliseconds } from '../media/time.ts';
import type { Transport } from './source/play-source.ts';
import type { DelaySource } from './sync/delay-meter.ts';
import type { PlayerState } from './viewer-state.ts';

/** How playing goes, for panels and tests. Counts are of the way that media comes now, since it was opened. */
export interface PlayerStats {
  /** How media comes now; null before anything could. */
  readonly transport: Transport | null;
  /** How often another live transport took over, since `src` was set. */
  readonly switches: number;
  readonly state: PlayerState;
  /** From the moment that `delayFrom` names to the screen; null before it is known. */
  readonly delay: Milliseconds | null;
  readonly delayFrom: DelaySource | null;
  /** The delay that the player steers to. */
  readonly targetDelay: Milliseconds | null;
  /** Media that is ready in front of the playhead. */
  readonly bufferAhead: Milliseconds;
  readonly playbackRate: number;
  /** How often the picture stood still for want of media. */
  readonly stalls: number;
  /** Jumps of the playhead, the first of each source not counted. */
  readonly seeks: number;
  /** Chunks that were left out, here or by the server; over WebSocket only. */
  readonly skippedChunks: number;
  /** Of the present source, as the browser counts them. */
  readonly droppedFrames: number;
  /** Bits a second, received over the last three seconds. */
  readonly bitrate: number;
  readonly width: number;
  readonly height: number;
  /** Of a small message to the server and back. */
  readonly roundTrip: Milliseconds | null;
  /** How often the connection was lost, or never came about. */
  readonly reconnects: number;
  /** How often the video element had to start over because of damaged media. */
  readonly rebuilds: number;
}
