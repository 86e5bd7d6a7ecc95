import type { BroadcastInfo } from '../../channel/broadcast.ts';
import type { Clock } from '../../channel/clock.ts';
import type { Epoch } from '../../media/chunk.ts';
import { type Milliseconds, milliseconds, type Ticks, ticks } from '../../media/time.ts';
import type { Track } from '../../media/track.ts';
import type { RecordingGap } from './recording-catalog.ts';
import { type RecordingState, restoreTracks } from './recording-state.ts';

/** What a recording begins with. */
export interface RecordingBeginning {
  readonly id: string;
  readonly broadcast: BroadcastInfo;
  readonly epoch: Epoch;
  /** Where it begins on the broadcast's timeline: nothing that is added starts earlier. */
  readonly startAt: Milliseconds;
}

/** A recording that another process began. */
export interface RecordingContinuation {
  readonly broadcast: BroadcastInfo;
  /** With codecs, for a player. */
  readonly mime: string;
  readonly state: RecordingState;
}

/** A file whose media starts earlier than this keeps the broadcast's own times: its chunks are written as they are. */
const NEGLIGIBLE_START = 1000;

/** What a recording goes by, however it began. */
export interface BegunRecording extends Pick<RecordingState, 'id' | 'inBandParameterSets'> {
  readonly tracks: readonly Track[];
  readonly mime: string;
  readonly gaps: readonly RecordingGap[];
  readonly startedAt: Milliseconds;
  readonly startAt: Milliseconds;
  readonly end: Milliseconds;
  readonly referenceEnd: Ticks;
}

/** One that begins now. */
export function beginRecording({ id, epoch, startAt }: RecordingBeginning, clock: Clock): BegunRecording {
  const start = startAt < NEGLIGIBLE_START ? milliseconds(0) : startAt;
  return {
    id,
    tracks: epoch.tracks,
    mime: epoch.mime,
    inBandParameterSets: false,
    gaps: [],
    startedAt: clock.wall(),
    startAt: start,
    end: start,
    referenceEnd: ticks(0),
  };
}

/** One that another process began. */
export function continueRecording({ state, mime }: RecordingContinuation): BegunRecording {
  return {
    id: state.id,
    tracks: restoreTracks(state.tracks),
    mime,
    inBandParameterSets: state.inBandParameterSets,
    gaps: state.gaps.map(({ at, duration }) => ({ at: milliseconds(at), duration: milliseconds(duration) })),
    startedAt: milliseconds(state.startedAt),
    startAt: milliseconds(state.startAt),
    end: milliseconds(state.end),
    referenceEnd: ticks(state.referenceEnd),
  };
}
