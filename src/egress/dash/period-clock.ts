import type { Clock } from '../../channel/clock.ts';
import type { Epoch } from '../../media/chunk.ts';
import { type Milliseconds, milliseconds, ticksToMilliseconds } from '../../media/time.ts';
import type { Segment } from '../../package/segment.ts';
import type { SegmentTrack } from '../../package/segment-track.ts';
import type { Presentation } from '../http/presentation.ts';

/** An epoch as a period, or some of its segments. */
export interface EpochPeriod {
  readonly epoch: Epoch;
  /** Number of its first segment, where that is not the epoch's, and behind its last, where others of the epoch follow. */
  readonly first: number | undefined;
  readonly end: number | undefined;
  /** On the presentation's timeline. */
  readonly start: Milliseconds;
  /** Media time that is shown there. */
  readonly mediaStart: Milliseconds;
  /** So long before its start it would begin if it followed the epoch before at once, as its media does: whole milliseconds. */
  readonly away: Milliseconds;
}

/** What two epochs are apart by less than this is jitter: they follow one another without a gap. */
const JITTER = 1000;
/** What first came so soon after the broadcast's start began with it: players that begin there would find a gap before it. */
const AT_ONCE = 200;
/** Media that comes later than this is late. */
const LATE = 3000;
/** What is late for so long and does not catch up stays so. */
const FOR_GOOD = 2000;
/** Whoever catches up is that much less late each time. */
const CATCHING_UP = 500;
/** Dates that are further off are those of a wrong clock. */
const WRONG_CLOCK = 60_000;

type KnownPeriod = EpochPeriod & { readonly offset: number };

/** When the presentation of a broadcast began, by the wall clock: the same from whatever process. */
export const availabilityStartOf = ({ broadcast }: Presentation): Milliseconds => broadcast.startedAt;

/**
 * Where epochs are on the timeline that players compare with the wall clock. A broadcast's own timeline has no holes
 * where its publisher was away; here each epoch begins when it was there to be had, and another period of it where media comes
 * later from then on: its publisher slept, or the wall clock was set. What was once said stays.
 */
export class PeriodClock {
  readonly #presentation: Presentation;
  readonly #clock: Clock;
  #known: KnownPeriod[] = [];
  #lastOffset = Number.NEGATIVE_INFINITY;
  /** Of the newest segment that media came of. */
  #sequence = 0;
  /** Media is late since then (monotonic), by so much at first and at least. */
  #late: { readonly since: number; readonly first: number; readonly least: number } | undefined;

  /** Listens to the presentation for as long as that is there. */
  constructor(presentation: Presentation, clock: Clock) {
    this.#presentation = presentation;
    this.#clock = clock;
    presentation.segmenter.appended.add((track) => this.#arrived(track));
  }

  /** Those that any segment is listed of, in their order, now. */
  periods(): EpochPeriod[] {
    const { segmenter } = this.#presentation;
    const first = firstSegments(this.#presentation);
    const offset = this.#clock.wall() - availabilityStartOf(this.#presentation) - edgeOf(this.#presentation);
    const isFirst = this.#known.length === 0;
    for (const [index, segments] of first) {
      if (this.#known.some(({ epoch }) => epoch.index === index)) continue;
      const newest = index === first.at(-1)?.[0];
      if (!newest) this.#add(index, segments, this.#dateOffset(segments, offset));
      else this.#add(index, segments, isFirst ? this.#offsetOfStalled(offset) : offset);
    }
    const oldest = Math.min(...first.flatMap(([, segments]) => segments.map(({ sequence }) => sequence)));
    const epochs = new Set(first.map(([index]) => index));
    this.#known = this.#known.filter(
      ({ epoch, end }) => epochs.has(epoch.index) && (end === undefined || end > oldest),
    );
    // A player that finds a period without sound may not look for it again.
    return this.#known.filter(
      ({ first }) =>
        first === undefined ||
        this.#sequence > first ||
        segmenter.tracks.every(({ openSequence, open }) => openSequence + (open ? 1 : 0) > first),
    );
  }

  /** A chunk was added to a track. */
  #arrived(track: SegmentTrack): void {
    const { open } = track;
    const last = this.#known.at(-1);
    if (!open || !last || open.epoch !== last.epoch || track !== this.#presentation.segmenter.tracks[0])
      return;
    const begins = open.sequence > this.#sequence;
    this.#sequence = open.sequence;
    const end = startOf(open) + lengthOf(open);
    const behind = this.#clock.wall() - availabilityStartOf(this.#presentation) - end;
    if (behind - last.offset <= LATE) {
      this.#late = undefined;
      return;
    }
    const now = this.#clock.now();
    const before = this.#late;
    const isCatchingUp = before && behind < before.first - CATCHING_UP;
    const late = !before || isCatchingUp ? { since: now, first: behind, least: behind } : before;
    this.#late = { ...late, least: Math.min(late.least, behind) };
    if (begins && now - late.since >= FOR_GOOD) this.#split(last, open, this.#late.least);
  }

  /** From that segment on, of which nobody was told yet, another period follows. */
  #split(last: KnownPeriod, segment: Segment, offset: number): void {
    const mediaStart = startOf(segment);
    const start = milliseconds(Math.round(mediaStart + offset));
    const next = {
      first: segment.sequence,
      end: undefined,
      mediaStart,
      start,
      offset,
      away: milliseconds(0),
    };
    this.#known.splice(-1, 1, { ...last, end: segment.sequence }, { ...next, epoch: last.epoch });
    this.#lastOffset = offset;
    this.#late = undefined;
  }

  #add(index: number, segments: readonly Segment[], measured: number): void {
    const [any] = segments;
    if (!any) return;
    // Of the picture, where there is one: sound that is some milliseconds earlier is no gap, and later none that is seen.
    const mediaStart = startOf(any);
    // A publisher's backlog comes faster than it lasts: what is ahead of the clock is played when its time comes.
    const fromZero = Math.max(measured, -mediaStart);
    const possible = mediaStart + fromZero < AT_ONCE ? -mediaStart : fromZero;
    const offset = possible - this.#lastOffset < JITTER ? this.#lastOffset : possible;
    const start = milliseconds(Math.round(mediaStart + offset));
    const before = this.#known.findLast(({ epoch }) => epoch.index === index - 1);
    const joined = before ? before.start + mediaStart - before.mediaStart : start;
    const away = milliseconds(Math.round(start - joined));
    const place = this.#known.findLastIndex(({ epoch }) => epoch.index < index) + 1;
    const { epoch } = any;
    this.#known.splice(place, 0, {
      epoch,
      first: undefined,
      end: undefined,
      mediaStart,
      start,
      offset,
      away,
    });
    this.#lastOffset = offset;
  }

  /** Nothing may have come for long when somebody looks for the first time: then the newest date tells. */
  #offsetOfStalled(measured: number): number {
    const [leader] = this.#presentation.segmenter.tracks;
    const newest = leader?.open ?? leader?.window.last;
    if (!newest) return measured;
    const dated = newest.programDateTime - availabilityStartOf(this.#presentation) - startOf(newest);
    const stalled = measured - dated;
    return stalled > JITTER && stalled < WRONG_CLOCK ? dated : measured;
  }

  /** Nobody looked when it came: its dates tell, which may be those of a wrong clock. */
  #dateOffset(segments: readonly Segment[], latest: number): number {
    const [any] = segments;
    if (!any) return latest;
    return Math.min(latest, any.programDateTime - availabilityStartOf(this.#presentation) - startOf(any));
  }
}

/** The first segment of each track in each epoch, by the epochs' order. */
function firstSegments({ segmenter }: Presentation): [number, Segment[]][] {
  const found = new Map<number, Segment[]>();
  for (const track of segmenter.tracks) {
    const seen = new Set<number>();
    for (const segment of [...track.window.listed, ...(track.open ? [track.open] : [])]) {
      const { index } = segment.epoch;
      if (seen.has(index)) continue;
      seen.add(index);
      found.set(index, [...(found.get(index) ?? []), segment]);
    }
  }
  return [...found].sort(([one], [other]) => one - other);
}

/** Where the newest media ends. */
function edgeOf({ segmenter }: Presentation): number {
  const ends = segmenter.tracks.flatMap(({ open, window }) => {
    const segment = open ?? window.last;
    return segment ? startOf(segment) + lengthOf(segment) : [];
  });
  return Math.max(0, ...ends);
}

const lengthOf = ({ duration, timescale }: Segment): Milliseconds => ticksToMilliseconds(duration, timescale);

const startOf = ({ start, timescale }: Segment): Milliseconds => ticksToMilliseconds(start, timescale);
