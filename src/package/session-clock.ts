import {
  type Milliseconds,
  milliseconds,
  millisecondsToTicks,
  rescale,
  type Ticks,
  type Timescale,
  ticks,
  ticksToMilliseconds,
  timescale,
} from '../media/time.ts';
import type { PackagerState, TrackClockState } from './packager-state.ts';

/** Beyond this the publisher's clock has jumped (a pause, another container); below it media is missing. */
const LARGEST_GAP = milliseconds(10_000);
/**
 * So long a hole of one track is closed where an epoch begins. A session waits two seconds for a track to begin; where more is
 * missing the track was off, and that is no accident of the change.
 */
export const LONGEST_CLOSED = milliseconds(2000);
/** Media may come so late and is then dropped or squeezed; what is later comes from a clock that was set back. */
const LATEST = milliseconds(1000);
/** The same where the container has just started anew. */
const LATEST_AFTER_RESTART = milliseconds(100);

/**
 * Lays a publisher's clock on the broadcast's timeline: one distance for all of its tracks, so that lips stay in
 * sync. The timeline never goes back; when the publisher's clock jumps, the distance is measured anew.
 */
export class SessionClock {
  /** Where the session starts: nothing is placed before it. */
  readonly startAt: Milliseconds;
  /** Timeline less publisher's clock. */
  #offset = 0;
  #position: number;

  constructor(startAt: Milliseconds) {
    this.startAt = startAt;
    this.#position = startAt;
  }

  /** The clock that this was the state of. */
  static restore({ startAt, offset, position }: PackagerState): SessionClock {
    const clock = new SessionClock(milliseconds(startAt));
    clock.#offset = offset;
    clock.#position = position;
    return clock;
  }

  /** What {@link restore} goes on from. */
  save(): Pick<PackagerState, 'startAt' | 'offset' | 'position'> {
    return { startAt: this.startAt, offset: this.#offset, position: this.#position };
  }

  /** The end of all that was placed so far, on the timeline. */
  get position(): Milliseconds {
    return milliseconds(this.#position);
  }

  /** That moment of the publisher's clock is where the session starts. */
  start(source: Milliseconds): void {
    this.#offset = this.startAt - source;
  }

  /** Where on the timeline a moment of the publisher's clock is, as far as is known. */
  place(source: Milliseconds): Milliseconds {
    return milliseconds(source + this.#offset);
  }

  /** A track's clock jumped to that moment, after media up to `end`: its place, behind everything unless it fits there. */
  replace(source: Milliseconds, end: Milliseconds): Milliseconds {
    const place = this.place(source);
    // Another track may have jumped before, or gone on while this one paused: then the place is right already.
    const fits = place >= end - LATEST_AFTER_RESTART && Math.abs(place - this.#position) <= LARGEST_GAP;
    if (!fits) this.#offset = this.#position - source;
    return this.place(source);
  }

  /** Media was placed up to there. */
  reach(end: Milliseconds): void {
    if (end > this.#position) this.#position = end;
  }
}

/** The clock of one track of a session: source ticks in, ticks of the timeline out. */
export class TrackClock {
  readonly #session: SessionClock;
  #from: Timescale;
  #to: Timescale;
  /** A moment on the source's clock and its place; undefined until the first sample. */
  #anchor: { readonly source: Ticks; readonly place: Ticks } | undefined;
  #end: Ticks;
  #restarted = false;
  #continuous = false;

  /** `end`: where the track ended in the session before; where this one starts by default. */
  constructor(
    session: SessionClock,
    from: Timescale,
    to: Timescale,
    end: Milliseconds | undefined = undefined,
  ) {
    this.#session = session;
    this.#from = from;
    this.#to = to;
    this.#end = millisecondsToTicks(end ?? session.startAt, to);
  }

  /** What {@link restore} goes on from. */
  save(): TrackClockState {
    return { from: this.#from, to: this.#to, anchor: this.#anchor ?? null, end: this.#end };
  }

  /** Goes on from where another one of the same session stood. */
  restore({ from, to, anchor, end }: TrackClockState): void {
    this.#from = timescale(from);
    this.#to = timescale(to);
    this.#anchor = anchor ? { source: ticks(anchor.source), place: ticks(anchor.place) } : undefined;
    this.#end = ticks(end);
  }

  /** Ticks in a second of the timeline's side. */
  get timescale(): Timescale {
    return this.#to;
  }

  /** Where this track's media ends, on the timeline. */
  get end(): Ticks {
    return this.#end;
  }

  /** The last {@link place} followed from the one before it; else the clock was set anew. */
  get continuous(): boolean {
    return this.#continuous;
  }

  /** The source announced its tracks again, maybe with other timescales: its clock may have started anew. */
  restart(from: Timescale, to: Timescale): void {
    if (from !== this.#from || to !== this.#to) this.#anchor = undefined;
    this.#end = rescale(this.#end, this.#to, to);
    this.#from = from;
    this.#to = to;
    this.#restarted = true;
  }

  /** The place of a sample's decode time on the timeline. */
  place(source: Ticks): Ticks {
    this.#continuous = this.#anchor !== undefined;
    const place = this.map(source);
    const late = millisecondsToTicks(this.#restarted ? LATEST_AFTER_RESTART : LATEST, this.#to);
    this.#restarted = false;
    const gap = place - this.#end;
    if (gap >= -late && gap <= millisecondsToTicks(LARGEST_GAP, this.#to)) return place;
    return this.#jump(source, place);
  }

  /** The same without looking for a jump. */
  map(source: Ticks): Ticks {
    const anchor = this.#anchor ?? this.#setAnchor(source, this.#session.place(this.#sourceTime(source)));
    return ticks(anchor.place + rescale(ticks(source - anchor.source), this.#from, this.#to));
  }

  /** This track's media goes up to there. */
  reach(end: Ticks): void {
    this.#end = end;
    this.#session.reach(ticksToMilliseconds(end, this.#to));
  }

  #jump(source: Ticks, place: Ticks): Ticks {
    const end = ticksToMilliseconds(this.#end, this.#to);
    const anchor = this.#setAnchor(source, this.#session.replace(this.#sourceTime(source), end));
    if (anchor.place !== place) this.#continuous = false;
    return anchor.place;
  }

  #setAnchor(source: Ticks, place: Milliseconds) {
    this.#anchor = { source, place: millisecondsToTicks(place, this.#to) };
    return this.#anchor;
  }

  #sourceTime(source: Ticks): Milliseconds {
    return ticksToMilliseconds(source, this.#from);
  }
}
