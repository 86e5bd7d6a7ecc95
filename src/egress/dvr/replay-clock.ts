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

/** A broadcast that falls behind by more than this was interrupted: segments are known when they are complete. */
const INTERRUPTION = 10_000;

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

  /** `availabilityStart`: wall clock at 0 of the presentation. */
  constructor(availabilityStart: Milliseconds) {
    this.#availabilityStart = availabilityStart;
  }

  /** All periods as last said: nothing follows. */
  get known(): readonly ReplayPeriod[] {
    return this.#periods;
  }

  /** All periods at that wall-clock time. */
  periods(opened: readonly OpenedRecording[], now: Milliseconds): readonly ReplayPeriod[] {
    const newest = opened.at(-1);
    for (const { recording, media } of opened) {
      const { id } = recording;
      const leader = media.tracks.find(({ track }) => track.kind === 'video') ?? media.tracks[0];
      const last = leader?.segments.at(-1);
      const place = this.#periods.findLastIndex((period) => period.recording === id);
      if (!leader || !last || (place >= 0 && place < this.#periods.length - 1)) continue;
      const { timescale } = leader.track;
      const edge = ticksToMilliseconds(ticks(last.start + last.duration), timescale);
      const at = recording === newest?.recording ? now - edge : recording.startedAt;
      const behind = at - this.#availabilityStart;
      if (place < 0) this.#seen = 0;
      const grown = leader.segments.length > this.#seen;
      const first = leader.segments[this.#seen];
      if (first && grown && (place < 0 || behind - this.#offset > INTERRUPTION))
        this.#begin(id, this.#seen, ticksToMilliseconds(first.start, timescale), behind);
      this.#seen = leader.segments.length;
    }
    return this.#periods;
  }

  #begin(recording: string, first: number, mediaStart: number, behind: number): void {
    const last = this.#periods.pop();
    if (last) this.#periods.push(last.recording === recording ? { ...last, end: first } : last);
    if (behind - this.#offset > INTERRUPTION) this.#offset = behind;
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

/** The periods of a replay that is over: one for each recording, one after another. */
export function finishedPeriods(opened: readonly OpenedRecording[]): ReplayPeriod[] {
  let start = 0;
  return opened.map(({ recording, media }) => {
    const starts: number[] = [];
    const ends: number[] = [];
    for (const { track, segments } of media.tracks) {
      const [first, last] = [segments[0], segments.at(-1)];
      if (!first || !last) continue;
      starts.push(ticksToMilliseconds(first.start, track.timescale));
      ends.push(ticksToMilliseconds(ticks(last.start + last.duration), track.timescale));
    }
    const mediaStart = milliseconds(Math.floor(Math.min(...starts, ...(starts.length === 0 ? [0] : []))));
    const period = {
      id: recording.id,
      recording: recording.id,
      first: 0,
      end: undefined,
      start: milliseconds(start),
      mediaStart,
    };
    start += Math.ceil(Math.max(mediaStart, ...ends) - mediaStart);
    return period;
  });
}
