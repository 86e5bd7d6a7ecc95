import type {
  AdaptationSet,
  EarlyAvailability,
  Manifest,
  Period,
  TimelineEntry,
} from '../../media/dash/manifest.ts';
import {
  type Milliseconds,
  milliseconds,
  millisecondsToTicks,
  ticks,
  ticksToMilliseconds,
} from '../../media/time.ts';
import { type Segment, type SegmentLimits, targetDurationOf } from '../../package/segment.ts';
import type { SegmentTrack } from '../../package/segment-track.ts';
import { firstOfEpoch, holdMedia, LONGEST_HOLD } from '../http/hold-media.ts';
import { formatMediaName } from '../http/media-resource.ts';
import type { Presentation, TrackName } from '../http/presentation.ts';
import { availabilityStartOf, type EpochPeriod, type PeriodClock } from './period-clock.ts';

/** How often players look for the next segment: as often as delay to the live edge is worth. */
const UPDATE_PERIOD = milliseconds(500);
/** What players stay behind: the next segment is known half a second late, and networks jitter. */
const LATENCY = { target: milliseconds(3000), min: milliseconds(1500), max: milliseconds(8000) } as const;
/** What players stay behind that do not read {@link LATENCY}: Shaka learns of segments later than others, and stalls at less. */
const SEGMENTS_BEHIND = 2;
/** A segment that is being made is said to be this much longer than the one before: never shorter than it becomes. */
const ROOM = 1.1;
/** A segment can be had that long after its start. */
const FIRST_CHUNK = 100;
/** Less is no hole to any player. */
const SHORTEST_HOLD = 20;
/** Of that many target durations a live window must be, as `SegmentWindow` has it. */
const LEAST_WINDOW = 4;
/** Relative to `/live/{channel}/manifest.mpd`. */
const TIME_SOURCE = '../time';

/** What is there to play of a presentation, at that wall-clock time; `aac`: its sound as AAC, too. Addresses are relative to the channel's. */
export function manifestOf(
  presentation: Presentation,
  clock: PeriodClock,
  now: Milliseconds,
  aac?: SegmentTrack,
): Manifest {
  const { segmenter, broadcast } = presentation;
  const { limits, ended } = segmenter;
  const periods = clock.periods();
  const own = segmenter.tracks.map((track): [TrackName, SegmentTrack] => [track.kind, track]);
  const tracks: [TrackName, SegmentTrack][] = aac ? [...own, ['aac', aac]] : own;
  const sets = periods.flatMap((period, index): Period[] => {
    const { epoch, first } = period;
    const id = `${presentation.id}-${epoch.index}${first === undefined ? '' : `.${first}`}`;
    const adaptationSets = tracks.flatMap(
      ([name, track]) => adaptationSetOf(presentation, name, track, period) ?? [],
    );
    if (adaptationSets.length === 0) return [];
    const hold = holdOf(presentation, tracks, periods[index - 1], period, adaptationSets);
    return [...(hold ? [{ ...hold, id: `${id}-hold` }] : []), { id, start: period.start, adaptationSets }];
  });
  const last = periods.at(-1);
  return {
    title: broadcast.title,
    live: ended
      ? undefined
      : {
          availabilityStart: availabilityStartOf(presentation),
          publishTime: now,
          updatePeriod: UPDATE_PERIOD,
          window: milliseconds(Math.max(limits.window, LEAST_WINDOW * targetDurationOf(limits))),
          delay: milliseconds(SEGMENTS_BEHIND * limits.segment),
          timeSource: TIME_SOURCE,
          latency: LATENCY,
        },
    duration: ended && last ? milliseconds(last.start + lengthOf(presentation, last)) : undefined,
    minBufferTime: milliseconds(limits.part * 2),
    longestSegment: targetDurationOf(limits),
    periods: sets,
  };
}

function adaptationSetOf(
  presentation: Presentation,
  name: TrackName,
  { kind, window, open }: SegmentTrack,
  { epoch, mediaStart, first: from = 0, end = Number.POSITIVE_INFINITY }: EpochPeriod,
): AdaptationSet | undefined {
  const { id, segmenter } = presentation;
  const listed = window.listed.filter((segment) => segment.epoch.index === epoch.index);
  const growing = open?.epoch.index === epoch.index ? open : undefined;
  const segments = (growing ? [...listed, growing] : listed).filter(
    ({ sequence }) => sequence >= from && sequence < end,
  );
  const [first] = segments;
  const track = first?.epoch.tracks.find((candidate) => candidate.kind === kind);
  if (!first || !track) return undefined;
  const { timescale } = first;
  return {
    track,
    alternative: name === 'aac',
    timescale,
    bandwidth: window.rates.peak,
    frameRate: kind === 'video' ? window.rates.frameRate : undefined,
    initialization: `${id}/${name}/${formatMediaName({ type: 'init', epoch: epoch.index })}`,
    media: `${id}/${name}/$Number$.m4s`,
    startNumber: first.sequence,
    presentationTimeOffset: millisecondsToTicks(mediaStart, timescale),
    timeline: segments.map((segment) =>
      segment.complete ? entryOf(segment) : expected(segment, listed.at(-1), segmenter.limits),
    ),
    independent: segments.every(({ independent }) => independent),
    early: earlyAvailability(segmenter.limits),
    referenceTime: {
      wallClock: first.programDateTime,
      mediaTime: first.start,
      inBand: kind === 'video',
    },
  };
}

/**
 * The time that the publisher was away, where it was not long: a period of its own in which the next one's first picture is shown, so
 * that players need not step over a hole. Their distance from live stays what it was.
 */
function holdOf(
  presentation: Presentation,
  tracks: readonly (readonly [TrackName, SegmentTrack])[],
  before: EpochPeriod | undefined,
  { epoch, start, away }: EpochPeriod,
  sets: readonly AdaptationSet[],
): Omit<Period, 'id'> | undefined {
  const length = before ? away : 0;
  // No segment is longer than `MPD@maxSegmentDuration` says.
  const longest = Math.min(LONGEST_HOLD, targetDurationOf(presentation.segmenter.limits));
  if (length < SHORTEST_HOLD || length > longest) return undefined;
  const held = tracks.flatMap(([name, track]) => {
    const first = firstOfEpoch(track, epoch.index);
    const set = sets.find(({ media }) => media.startsWith(`${presentation.id}/${name}/`));
    if (!first || !set || !holdMedia(first, milliseconds(length))) return [];
    const duration = millisecondsToTicks(milliseconds(length), set.timescale);
    const media = `${presentation.id}/${name}/hold-${epoch.index}-$Number$.m4s`;
    const timeline = [{ start: first.start, duration }];
    return [{ ...set, media, startNumber: length, timeline, early: undefined, referenceTime: undefined }];
  });
  if (held.length < sets.length) return undefined;
  return { start: milliseconds(start - length), adaptationSets: held };
}

const entryOf = ({ start, duration }: Segment): TimelineEntry => ({ start, duration });

/**
 * How long the segment that is being made will be, as far as anybody knows: dash.js and Shaka ask for it again when it
 * becomes longer than they were told, and for the next one all the same when it becomes shorter.
 */
function expected(
  { start, duration, timescale }: Pick<Segment, 'start' | 'duration' | 'timescale'>,
  before: Segment | undefined,
  limits: SegmentLimits,
): TimelineEntry {
  const usual = before ? before.duration : millisecondsToTicks(limits.segment, timescale);
  const longest = millisecondsToTicks(targetDurationOf(limits), timescale);
  const expectation = Math.min(Math.round(usual * ROOM), longest);
  return { start, duration: ticks(duration < expectation ? expectation : longest) };
}

/** Whether the segment that is being made is longer than players were told. */
export function outgrew({ open, window }: SegmentTrack, limits: SegmentLimits): boolean {
  if (!open) return false;
  const { last } = window;
  const before = last?.epoch === open.epoch ? last : undefined;
  const { start, timescale } = open;
  return open.duration >= expected({ start, timescale, duration: ticks(0) }, before, limits).duration;
}

const earlyAvailability = ({ segment }: SegmentLimits): EarlyAvailability => ({
  offset: milliseconds(segment - FIRST_CHUNK),
});

/** From a period's start to the end of its last segment. */
function lengthOf({ segmenter }: Presentation, { epoch, mediaStart }: EpochPeriod): number {
  const ends = segmenter.tracks.flatMap(({ window }) => {
    const last = window.listed.findLast((segment) => segment.epoch === epoch);
    return last ? ticksToMilliseconds(ticks(last.start + last.duration), last.timescale) : [];
  });
  return Math.max(0, ...ends) - mediaStart;
}
