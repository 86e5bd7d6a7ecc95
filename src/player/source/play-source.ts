import type { Milliseconds } from '../../media/time.ts';
import type { PlayNews } from '../load/play-connection.ts';
import type { Delay } from '../sync/delay-meter.ts';
import type { PlayerProblem } from '../viewer-state.ts';

/** How media comes here. `native-hls`: the browser's own player of HLS, where it has no Media Source Extensions. */
export type Transport = 'websocket' | 'hls' | 'native-hls';

/** What a source tells its owner. */
export interface SourceEvents {
  /** Something about the broadcast. */
  told(news: PlayNews): void;
  /** The server is reached, and what it says is understood. */
  reached(): void;
  /** The connection is lost, or did not come about; it is tried again by itself. */
  lost(): void;
  /** There is media to begin with: {@link PlaySource.take} would show a picture in a moment. */
  ready(): void;
  /** Other media begins in the broadcast: what could not be played before may be playable now. */
  mediaChanged(): void;
  /** The video element has another source, and has to be told to play again. */
  attached(): void;
  /** The picture is about to go, for a moment. */
  leaving(): void;
  /** Nothing plays until the cause is gone. */
  failed(problem: PlayerProblem): void;
  /** Something that is told here changed. */
  changed(): void;
}

/** What a source knows of how playing goes; the fields are described in {@link PlayerStats}. */
export interface SourceStats {
  readonly targetDelay: Milliseconds | null;
  readonly stalls: number;
  readonly seeks: number;
  readonly skippedChunks: number;
  readonly rebuilds: number;
  readonly reconnects: number;
  readonly bitrate: number;
  readonly roundTrip: Milliseconds | null;
}

/**
 * One way for media to come into the video element. It recovers by itself until it is closed; until it is told to
 * take the element it only gets ready, so that another source can go on playing.
 */
export interface PlaySource {
  readonly transport: Transport;
  /** How far the screen lies behind; undefined while nothing is known. */
  readonly delay: Delay | undefined;
  readonly stats: SourceStats;
  /** The delay to keep where it is more than what is safe; undefined for as little as is safe. */
  targetLatency: Milliseconds | undefined;
  /** Begins to get ready. */
  start(): void;
  /** Feeds the video element from now on. */
  take(): void;
  /** Gives the video element up, with its picture as it is, and goes on getting ready. */
  release(): void;
  /** The next correction may seek over a short way too: playing goes on after a pause, or somebody looks again. */
  catchUp(): void;
  /** Goes to the live edge at once. */
  seekToLive(): void;
  /** The network came back, or somebody looks again: what waits is tried now. */
  hurry(): void;
  /** Lets go of everything but what is in the video element; idempotent. */
  close(): void;
}
