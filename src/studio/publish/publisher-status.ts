import type { Milliseconds } from '../../media/time.ts';
import type { RecordingState } from '../../wire/publish.ts';
import type { CatchUpProgress } from './catch-up.ts';
import type { PublishError } from './publish-error.ts';

/**
 * Where a publisher stands. `connecting` until the server acknowledged media, `live` only while it does,
 * `reconnecting` after that was lost, `ending` while the last bytes are on their way.
 */
export type PublisherState = 'ready' | 'connecting' | 'live' | 'reconnecting' | 'ending' | 'ended' | 'failed';

/** Nothing more comes of it. */
export const isOver = (state: PublisherState): boolean => state === 'ended' || state === 'failed';

/** A publisher at one moment. Immutable: each change makes a new one. */
export interface PublisherStatus {
  readonly state: PublisherState;
  /** Set once the state is `failed`. */
  readonly error: PublishError | null;
  /** Why there is no connection just now, in words. */
  readonly problem: string | null;
  /** Bytes of the session that the server stored. */
  readonly acknowledged: number;
  /** Bytes of the session so far. */
  readonly total: number;
  readonly viewers: number;
  /** As the server measures it, in bits a second; 0 without a connection. */
  readonly bitrate: number;
  /** Null before the server told. */
  readonly recording: RecordingState | null;
  /** Length of the broadcast on the server, in ms. */
  readonly elapsed: Milliseconds;
  /** The shortest round trip to the server of late. */
  readonly roundTrip: Milliseconds | null;
  /** The id of the finished recording, once it is over and where the server told. */
  readonly recordingId: string | null;
  /** Until the channel's longest duration ends the broadcast, as last told; null where nothing does. */
  readonly remaining: Milliseconds | null;
  /** Set while more is being uploaded than is captured: what a cut has left. */
  readonly catchUp: CatchUpProgress | null;
}
