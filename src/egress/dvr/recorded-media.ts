import type { Bytes, Milliseconds, Ticks } from '../../media/time.ts';
import { milliseconds } from '../../media/time.ts';
import type { Track } from '../../media/track.ts';

/** What a recording is cut into: from the first keyframe after that long. */
const SEGMENT = milliseconds(4000);
/** Without a keyframe a segment ends after that long, with whatever frame comes. */
const LONGEST_SEGMENT = milliseconds(8000);
/**
 * What no segment of the track that leads is longer than, and others to the nearest second (rfc8216bis §4.4.3.1): no frame is, for
 * broadcasts close longer holes.
 */
export const TARGET_DURATION = milliseconds(10_000);
/** What no segment is longer than (ISO/IEC 23009-1 §5.3.1.2): sound is cut up to a chunk of it later than the picture. */
export const LONGEST_SEGMENT_OF_ALL = milliseconds(10_500);

/** A segment of a recorded track. Its number is its place in the list, whatever form the file has. */
export interface RecordedSegment {
  /** Of the first sample, on the recording's timeline. */
  readonly start: Ticks;
  /** Up to the next segment's start. */
  readonly duration: Ticks;
  /** Of media; 0 where there is none for this stretch of time. */
  readonly byteLength: Bytes;
  /** It begins with a keyframe. */
  readonly independent: boolean;
}

/** A track of a recording. */
export interface RecordedTrack {
  readonly track: Track;
  /** Those that are complete: they never change, more may follow. As many as every other track of the recording has. */
  readonly segments: readonly RecordedSegment[];
}

/** Some bytes of a file. */
export interface FileRun {
  readonly offset: number;
  readonly size: number;
}

/** A segment as it is sent: what is made for it, and then what is read. */
export interface SegmentBytes {
  readonly head: Uint8Array | undefined;
  readonly runs: readonly FileRun[];
  readonly byteLength: number;
}

/** The file of a recording as players of segments see it, whether it is fragmented or progressive. */
export interface RecordedMedia {
  readonly tracks: readonly RecordedTrack[];
  /** Keyframes may bring parameter sets of their own. */
  readonly inBandParameterSets: boolean;
  /** The same segments in other boxes are other bytes. */
  readonly form: 'fragmented' | 'progressive';
  /** Memory that it takes, about. */
  readonly heldBytes: number;
  /** Where the bytes of a segment are, in the file that it was opened with. Undefined where there is no such segment. */
  locate(kind: Track['kind'], index: number, file: FileReader): Promise<SegmentBytes | undefined>;
}

/** Reads a file at any place. */
export interface FileReader {
  /** Bytes; grows while it is recorded. */
  readonly size: number;
  /** Exactly that many bytes; fewer where the file ends. The caller's own. */
  read(position: number, length: number): Promise<Uint8Array>;
}

/** Whether a segment ends before a sample of the track that leads; `withSample`: how long it would be with that. */
export const endsBefore = (length: Milliseconds, withSample: Milliseconds, keyframe: boolean): boolean =>
  length >= LONGEST_SEGMENT || withSample > TARGET_DURATION || (keyframe && length >= SEGMENT);
