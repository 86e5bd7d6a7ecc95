import type { DemuxerLimits } from '../../media/demuxer.ts';
import type { SessionRecord } from './session-record.ts';

/** What a session sent, on disk. */
export interface SentStream {
  readonly path: string;
  /** Wall clock at its beginning, in milliseconds. */
  readonly openedAt: number;
  /** Wall clock less the container's clock, in milliseconds, where its publisher told. */
  readonly captureDistance: number | null;
  /** The recording that it went into; null where none was made. */
  readonly recording: string | null;
  readonly channel: string;
  readonly title: string | null;
  readonly namePrefix: string | null;
  /** Some of it could not be stored, and its publisher has not brought it since. */
  readonly incomplete: boolean;
}

/** Recordings to be made anew. */
export interface RemakeRequest {
  readonly broadcast: string;
  /** All that its sessions sent, in their order. */
  readonly streams: readonly SentStream[];
  /** What the streams were held to when they came. */
  readonly limits: DemuxerLimits;
  /** The process stops. */
  readonly signal: AbortSignal;
}

/** A broadcast that a session of another process fed. */
export interface RestoredBroadcast {
  readonly id: string;
  /** `begin`: nothing of it is to be kept. `go-on`: what its recording had of it is in `recording`. */
  readonly how: 'begin' | 'go-on';
  /** As `RecordingView.checkpoint` answered; null where none was made. */
  readonly recording: unknown;
}

/** What becomes of sessions beyond their broadcasts; the server implements it with its recordings. */
export interface SessionArchive {
  /** A broadcast is about to start that another process began. */
  expect(broadcast: RestoredBroadcast): Promise<void>;
  /** Takes what a session sent, where that is to be kept with the recording. False: it may be deleted. */
  adopt(session: SessionRecord, path: string): Promise<boolean>;
  /**
   * Makes the recordings of a broadcast anew, or its first one where it was over before it was recorded. Answers the ids
   * of all that it has now, none where there is none to be made. Rejects when it cannot, and soon after the request's `signal`.
   */
  remake(request: RemakeRequest): Promise<readonly string[]>;
}
