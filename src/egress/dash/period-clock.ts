import type { Epoch } from '../../media/chunk.ts';
import { type Milliseconds, milliseconds, ticksToMilliseconds } from '../../media/time.ts';
import type { Segment } from '../../package/segment.ts';
import type { Presentation } from '../http/presentation.ts';

/** An epoch as a period. */
export interface EpochPeriod {
  readonly epoch: Epoch;
  /** On the presentation's timeline. */
  readonly start: Milliseconds;
  /** Media time that is shown there. */
  readonly mediaStart: Milliseconds;
  /** So long before its start it would begin if it followed the epoch before at once, as its media does: whole milliseconds. */
  readonly away: Milliseconds;
}

/** What two epochs are apart by less than this is jitter: they follow one another without a gap. */
const JITTER = 1000;

/** When the presentation of a broadcast began, by the wall clock: the same from whatever process. */
export const availabilityStartOf = ({ broadcast }: Presentation): Milliseconds => broadcast.startedAt;

/**
 * Where epochs are on the timeline that players compare with the wall clock. A broadcast's own timeline has no holes
 * where its publisher was away; here each epoch begins when it was there to be had. What was once said stays.
 */
export class PeriodClock {
  readonly #presentation: Presentation;
  readonly #known = new Map<number, EpochPeriod & { readonly offset: number }>();
  #lastOffset = Number.NEGATIVE_INFINITY;

  constructor(presentation: Presentation) {
    this.#presentation = presentation;
  }

  /** The epochs that any segment is listed of, in their order, at that wall-clock time. */
  periods(now: Milliseconds): EpochPeriod[] {
    const first = firstSegments(this.#presentation);
    const offset = now - availabilityStartOf(this.#presentation) - edgeOf(this.#presentation);
    for (const [index, segments] of first) {
      if (this.#known.has(index)) continue;
      const newest = index === first.at(-1)?.[0];
      this.#add(index, segments, newest ? offset : this.#dateOffset(segments, offset));
    }
    const oldest = first[0]?.[0] ?? 0;
    for (const index of this.#known.keys()) if (index < oldest) this.#known.delete(index);
    return first.flatMap(([index]) => this.#known.get(index) ?? []);
  }

  #add(index: number, segments: readonly Segment[], measured: number): void {
    const [any] = segments;
    if (!any) return;
    // Of the picture, where there is one: sound that is some milliseconds earlier is no gap, and later none that is seen.
    const mediaStart = startOf(any);
    // A publisher's backlog comes faster than it lasts: what is ahead of the clock is played when its time comes.
    const possible = Math.max(measured, -mediaStart);
    const offset = possible - this.#lastOffset < JITTER ? this.#lastOffset : possible;
    const start = milliseconds(Math.round(mediaStart + offset));
    const before = this.#known.get(index - 1);
    const joined = before ? before.start + mediaStart - before.mediaStart : start;
    const away = milliseconds(Math.round(start - joined));
    this.#known.set(index, { epoch: any.epoch, mediaStart, start, offset, away });
    this.#lastOffset = offset;
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
