import type { Milliseconds } from '../../media/time.ts';
import type { Track } from '../../media/track.ts';
import type { RecordedMedia } from './recorded-media.ts';

/** A recording of a broadcast. */
export interface ReplayRecording {
  /** The server's own id. */
  readonly id: string;
  readonly path: string;
  /** Wall clock. */
  readonly startedAt: Milliseconds;
  /** It is being written. */
  readonly growing: boolean;
  /** How often its file was made anew: other media under the same numbers, and so under other addresses. */
  readonly generation: number;
}

/** A broadcast as it can be played from its beginning, while it is on and afterwards: as it was at one moment. */
export interface Replay {
  /** Of the broadcast, or of its recording where just that is meant; part of its addresses. */
  readonly id: string;
  readonly title: string | null;
  /** Wall clock. */
  readonly startedAt: Milliseconds;
  /** More follows. */
  readonly live: boolean;
  /** In their order: a broadcast goes on in another one where it cannot be in the same file. */
  readonly recordings: readonly ReplayRecording[];
}

/** A recording with its media. */
export interface OpenedRecording {
  readonly recording: ReplayRecording;
  readonly media: RecordedMedia;
}

/** What the addresses of a recording's media have in common, below the replay's: nothing else is ever there. */
export const folderOf = ({ id, generation }: ReplayRecording): string =>
  generation === 0 ? id : `${id}.${generation}`;

/** Address of a recording's init segment, below the replay's. */
export const initName = ({ inBandParameterSets }: RecordedMedia): string =>
  inBandParameterSets ? 'init-in-band.mp4' : 'init.mp4';

/** A track as its init segment says that it is: keyframes that bring parameter sets have names of their own (RFC 6381). */
export function describedTrack<T extends Track>(track: T, { inBandParameterSets }: RecordedMedia): T {
  if (!inBandParameterSets) return track;
  const codecString = track.codecString.replace(/^avc1/, 'avc3').replace(/^hvc1/, 'hev1');
  return { ...track, codecString };
}
