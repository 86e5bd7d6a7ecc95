import type { Chunk, Epoch } from '../media/chunk.ts';
import type { Bytes, Milliseconds, Ticks, Timescale } from '../media/time.ts';

/** A run of whole chunks of a segment that players can have before the segment is complete (rfc8216bis §3.2). */
export interface Part {
  /** Names it: counts up by one over all parts of its track, from 0, from segment to segment and epoch to epoch. */
  readonly sequence: number;
  readonly chunks: readonly Chunk[];
  /** Where players are told that it starts, on the broadcast's timeline and its segment's timescale. */
  readonly start: Ticks;
  /** Never more than the part target: what a longer frame lasts beyond it, the parts after it tell of. */
  readonly duration: Ticks;
  /** A keyframe is in it (rfc8216bis §4.4.4.9). True for all parts of audio. */
  readonly independent: boolean;
  readonly byteLength: Bytes;
}

/**
 * A run of whole chunks of one track in one epoch; the last one of a track may still grow, at its end only. Its bytes
 * are those of its chunks, one behind another: a CMAF segment (ISO/IEC 23000-19 §7.3.3).
 */
export interface Segment {
  /** The media sequence number of its track, from 0; tracks count on their own. */
  readonly sequence: number;
  readonly epoch: Epoch;
  /** Ticks in a second of its times: that of its track in its epoch. */
  readonly timescale: Timescale;
  readonly chunks: readonly Chunk[];
  /** The parts that are ready; all of the chunks when it is complete. */
  readonly parts: readonly Part[];
  /** It is offered in parts. Not, or not any more, where frames come so slowly that no parts as the rules ask can be made. */
  readonly parted: boolean;
  /** Where it starts on the broadcast's timeline: the decode time of its first sample. */
  readonly start: Ticks;
  /** Up to the next segment's start; while it grows, what its chunks last. */
  readonly duration: Ticks;
  /** When its first sample was captured, or arrived. Regular: it follows the wall clock slowly. */
  readonly programDateTime: Milliseconds;
  /** It begins with a keyframe. True for audio. */
  readonly independent: boolean;
  /** There is no media for this stretch of time: it has no chunks (rfc8216bis §4.4.4.7). */
  readonly gap: boolean;
  /** It does not grow any more. */
  readonly complete: boolean;
  readonly byteLength: Bytes;
}

/** How segments and parts are cut. */
export interface SegmentLimits {
  /** About what a segment lasts: it ends at the keyframe that is nearest, and at twice this in any case. */
  readonly segment: Milliseconds;
  /** About what a part lasts. */
  readonly part: Milliseconds;
  /** How much is listed for players to go back in; at least three times the target duration is. */
  readonly window: Milliseconds;
  /** What is held of a track at most, whatever the other limits say. */
  readonly maxBytes: Bytes;
}

/** What no segment is longer than (rfc8216bis §4.4.3.1, DASH `@maxSegmentDuration`): twice the usual, whole seconds. */
export function targetDurationOf({ segment }: SegmentLimits): Milliseconds {
  return (Math.ceil((2 * segment) / 1000) * 1000) as Milliseconds;
}

/** How much longer than the usual a part may be, so that whole frames fit in at all usual rates and their jitter. */
const PART_ROOM = 1.055;

/**
 * What no part is longer than (rfc8216bis §4.4.3.7); none but a segment's last and those with a keyframe is shorter than
 * 85 % of it. With parts of 200 ms it is 211 ms: runs of whole frames of 180 to 211 ms fit, see docs/decisions/0011.
 */
export function partTargetOf({ part }: SegmentLimits): Milliseconds {
  return Math.round(part * PART_ROOM) as Milliseconds;
}

/** The least share of the part target that a part lasts (rfc8216bis §4.4.4.9). */
export const LEAST_PART = 0.85;
