import type { Milliseconds } from '../../media/time.ts';
import type { DestinationErrorCode } from './destination-error.ts';

/**
 * `connecting`: being dialled, or asked to take the stream. `live`: the server acknowledged publishing and takes media.
 * `retrying`: lost or not reached, tried again. `failed`: trying again would not help. `over`: the broadcast or its time is.
 */
export type PushState = 'connecting' | 'live' | 'retrying' | 'failed' | 'over';

/** How a push is doing, for people and for the API. */
export interface PushStatus {
  readonly state: PushState;
  readonly code: DestinationErrorCode | 'time-limit' | null;
  /** What is wrong, or worth knowing; without the stream key. */
  readonly words: string | null;
  /** Wall clock, since when it has been live. */
  readonly liveSince: Milliseconds | null;
  /** Wall clock, of the next attempt. */
  readonly nextTry: Milliseconds | null;
  /** Bits a second, of media, over the last seconds. */
  readonly bitrate: number;
  readonly sentBytes: number;
  /** Of the present connection, as its server says; 0 where it never does. */
  readonly acknowledgedBytes: number;
  /** Groups that the server did not take in time, or that came too late to be live. */
  readonly droppedGroups: number;
  /** The publisher is lost, and its last picture repeated. */
  readonly holding: boolean;
  /** Until its `maxDuration` ends it. */
  readonly remaining: Milliseconds | null;
}
