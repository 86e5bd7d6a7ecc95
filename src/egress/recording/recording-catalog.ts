import type { BroadcastInfo } from '../../channel/broadcast.ts';
import type { Milliseconds } from '../../media/time.ts';

/** A recording that begins. */
export interface RecordingStart {
  /** The server's own id: the name of its folder. */
  readonly id: string;
  readonly broadcast: BroadcastInfo;
  /** Wall clock. */
  readonly startedAt: Milliseconds;
  /** With codecs, for a player. */
  readonly mime: string;
}

/** How long and how large a recording is by now. */
export interface RecordingExtent {
  /** Bytes. */
  readonly size: number;
  readonly duration: Milliseconds;
  readonly gaps: readonly RecordingGap[];
}

/** Where media is missing that was captured: the file's own timeline goes on without a hole. */
export interface RecordingGap {
  /** On the recording's timeline, whole. */
  readonly at: Milliseconds;
  /** By the wall clock, whole. */
  readonly duration: Milliseconds;
}

/**
 * Where recordings are listed; the server implements it with its store. Calls for one recording come one after
 * another, each when the one before has settled; a rejection is logged, and the recording goes on.
 */
export interface RecordingCatalog {
  created(recording: RecordingStart): Promise<void>;
  /** At most every ten seconds. */
  progressed(id: string, extent: RecordingExtent): Promise<void>;
  /** The file is finished and on the disk. */
  completed(id: string, extent: RecordingExtent): Promise<void>;
  /** Nothing more can be written; what was written plays. */
  damaged(id: string, extent: RecordingExtent, reason: string): Promise<void>;
}
