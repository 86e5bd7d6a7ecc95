import type { AdaptationSet, Manifest, Period } from '../../media/dash/manifest.ts';
import { type Milliseconds, milliseconds, ticks, ticksToMilliseconds } from '../../media/time.ts';
import { ratesOf } from './playlist-of-replay.ts';
import { LONGEST_SEGMENT_OF_ALL, type RecordedTrack } from './recorded-media.ts';
import { describedTrack, folderOf, initName, type OpenedRecording, type Replay } from './replay.ts';
import type { ReplayPeriod } from './replay-clock.ts';

const UPDATE_PERIOD = milliseconds(4000);
const MIN_BUFFER_TIME = milliseconds(2000);
/** What players stay behind now: two segments, and the time until they are complete and known of. */
const DELAY = milliseconds(24_000);

/** Where things are, relative to the manifest. */
export interface ManifestPlace {
  /** What comes before the recordings' addresses. */
  readonly base: string;
  readonly timeSource: string;
  readonly availabilityStart: Milliseconds;
}

/** A replay at that wall-clock time, in the periods that its clock says. */
export function manifestOfReplay(
  { live, title }: Replay,
  opened: readonly OpenedRecording[],
  periods: readonly ReplayPeriod[],
  { base, timeSource, availabilityStart }: ManifestPlace,
  now: Milliseconds,
): Manifest {
  const found = periods.flatMap((period): (Period & { readonly end: number })[] => {
    const recording = opened.find((candidate) => candidate.recording.id === period.recording);
    if (!recording) return [];
    const sets = recording.media.tracks.flatMap(
      (track) => adaptationSetOf(recording, track, period, base) ?? [],
    );
    if (sets.length === 0) return [];
    const lengths = sets.map(({ timeline, timescale, presentationTimeOffset }) => {
      const last = timeline.at(-1);
      const end = last ? ticks(last.start + last.duration - presentationTimeOffset) : ticks(0);
      return ticksToMilliseconds(end, timescale);
    });
    const end = period.start + Math.max(...lengths);
    return [{ id: period.id, start: period.start, adaptationSets: sets, end }];
  });
  return {
    title,
    live: live
      ? {
          availabilityStart,
          publishTime: now,
          updatePeriod: UPDATE_PERIOD,
          window: undefined,
          delay: DELAY,
          timeSource,
        }
      : undefined,
    duration: live ? undefined : milliseconds(Math.max(0, ...found.map(({ end }) => end))),
    minBufferTime: MIN_BUFFER_TIME,
    longestSegment: LONGEST_SEGMENT_OF_ALL,
    periods: found,
  };
}

function adaptationSetOf(
  { recording, media }: OpenedRecording,
  recorded: RecordedTrack,
  { first, end, mediaStart }: ReplayPeriod,
  base: string,
): AdaptationSet | undefined {
  const track = describedTrack(recorded.track, media);
  const segments = recorded.segments.slice(first, end);
  if (segments.length === 0) return undefined;
  return {
    track,
    timescale: track.timescale,
    bandwidth: ratesOf(recorded).peak,
    initialization: `${base}${folderOf(recording)}/${track.kind}/${initName(media)}`,
    media: `${base}${folderOf(recording)}/${track.kind}/$Number$.m4s`,
    startNumber: first,
    presentationTimeOffset: ticks(Math.round((mediaStart / 1000) * track.timescale)),
    timeline: segments.map(({ start, duration }) => ({ start, duration })),
    independent: segments.every(({ independent }) => independent),
  };
}
