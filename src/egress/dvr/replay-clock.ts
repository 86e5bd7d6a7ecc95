import { type Milliseconds, milliseconds, ticks, ticksToMilliseconds } from '../../media/time.ts';
import type { OpenedRecording } from './replay.ts';

/** Some segments of a recording as a period. */
export interface ReplayPeriod {
  /** Unique among the periods of a replay. */
  readonly id: string;
  readonly recording: string;
  /** Number of the first segment, and behind the last; undefined for all that come. */
  readonly first: number;
  readonly end: number | undefined;
  /** On the presentation's timeline. */
  readonly start: Milliseconds;
  /** Media time that is shown there. */
  readonly mediaStart: Milliseconds;
}

/** A broadcast that falls behind by more than this was interrupted. */
const INTERRUPTION = 10_000;
/** The newest segment of a broadcast that goes on was complete no longer ago. */
const NEWEST = 10_000;

/**
 * Where the segments of a broadcast that is on are on the timeline that DASH players compare with the wall clock. A recording's
 * own timeline has no holes where its publisher was away; here a period ends there, and the next one begins later. What was once
 * said stays.
 */
export class ReplayClock {
  readonly #availabilityStart: Milliseconds;
  readonly #periods: ReplayPeriod[] = [];
  /** Of the last period: what its media time is moved by. */
  #offset = 0;
  #seen = 0;
  /** Wall clock: what came since was not there then. */
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** `availabilityStart`: wall clock at 0 of the presentation. */
  constructor(availabilityStart: Milliseconds) {
    this.#availabilityStart = availabilityStart;
  }

  /** All periods at that wall-clock time. */
  periods(opened: readonly OpenedRecording[], now: Milliseconds): readonly ReplayPeriod[] {
    const newest = opened.at(-1);
    const said = this.#lastSaid(opened);
    for (const [index, { recording, media }] of opened.entries()) {
      if (index < said) continue;
      const { id } = recording;
      const leader = media.tracks.find(({ track }) => track.kind === 'video') ?? media.tracks[0];
      const last = leader?.segments.at(-1);
      const place = this.#periods.findLastIndex((period) => period.recording === id);
      if (!leader || !last || (place >= 0 && place < this.#periods.length - 1)) continue;
      const { timescale } = leader.track;
      const edge = ticksToMilliseconds(ticks(last.start + last.duration), timescale);
      // Never later than it was: what is listed may be asked for.
      const came = recording === newest?.recording ? Math.max(this.#lookedAt, now - NEWEST) - edge : 0;
      const at = place < 0 ? Math.max(came, recording.startedAt) : came;
      const behind = at - this.#availabilityStart;
      if (place < 0) this.#seen = 0;
      const grown = leader.segments.length > this.#seen;
      const first = leader.segments[this.#seen];
      if (first && grown && (place < 0 || behind - this.#offset > INTERRUPTION))
        this.#begin(id, this.#seen, ticksToMilliseconds(first.start, timescale), behind);
      this.#seen = leader.segments.length;
    }
    this.#lookedAt = now;
    return this.#periods;
  }

  /**
   * All periods when it is over: what was said stays, and what nobody saw yet follows without a hole. All anew where what was
   * said is no more, or not in order.
   */
  finished(opened: readonly OpenedRecording[]): readonly ReplayPeriod[] {
    const last = this.#periods.at(-1);
    const recordingOf = (id: string) => opened.find(({ recording }) => recording.id === id);
    const isSaid = ({ recording }: OpenedRecording) =>
      this.#periods.some((period) => period.recording === recording.id);
    const rest = opened.slice(this.#lastSaid(opened) + 1);
    const lasts = last && recordingOf(last.recording);
    const whole = opened.length - rest.length === opened.filter(isSaid).length;
    if (!last || !lasts || !whole || !this.#periods.every(({ recording }) => recordingOf(recording)))
      return finishedPeriods(opened);
    const length = Math.ceil(Math.max(0, extentOf(lasts).end - last.mediaStart));
    return [...this.#periods, ...finishedPeriods(rest, last.start + length)];
  }

  /** Place of the recording that the last period is of; -1 for none. */
  #lastSaid(opened: readonly OpenedRecording[]): number {
    return opened.findIndex(({ recording }) => recording.id === this.#periods.at(-1)?.recording);
  }

  #begin(recording: string, first: number, mediaStart: number, behind: number): void {
    const last = this.#periods.pop();
    if (last) this.#periods.push(last.recording === recording ? { ...last, end: first } : last);
    this.#offset = behind;
    const start = milliseconds(Math.max(0, Math.round(mediaStart + this.#offset)));
    const whole = milliseconds(Math.floor(mediaStart));
    this.#periods.push({
      id: `${recording}-${first}`,
      recording,
      first,
      end: undefined,
      start,
      mediaStart: whole,
    });
  }
}

/** The periods of a replay that is over: one for each recording, one after another, from `begin` on (ms; 0 by default). */
export function finishedPeriods(opened: readonly OpenedRecording[], begin = 0): ReplayPeriod[] {
  let start = begin;
  return opened.map((each) => {
    const { recording } = each;
    const extent = extentOf(each);
    const mediaStart = milliseconds(Math.floor(extent.start));
    const period = {
      id: recording.id,
      recording: recording.id,
      first: 0,
      end: undefined,
      start: milliseconds(start),
      mediaStart,
    };
    start += Math.ceil(extent.end - mediaStart);
    return period;
  });
}

/** From where to where its media is, in milliseconds. */
function extentOf({ media }: OpenedRecording): { readonly start: number; readonly end: number } {
  const found = media.tracks.flatMap(({ track: { timescale }, segments }) => {
    const [first, last] = [segments[0], segments.at(-1)];
    if (!first || !last) return [];
    const end = ticks(last.start + last.duration);
    return [{ start: ticksToMilliseconds(first.start, timescale), end: ticksToMilliseconds(end, timescale) }];
  });
  if (found.length === 0) return { start: 0, end: 0 };
  return {
    start: Math.min(...found.map(({ start }) => start)),
    end: Math.max(...found.map(({ end }) => end)),
  };
}
