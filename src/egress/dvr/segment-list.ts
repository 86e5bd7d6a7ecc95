import {
  bytes,
  milliseconds,
  millisecondsToTicks,
  type Ticks,
  type Timescale,
  ticks,
  ticksToMilliseconds,
} from '../../media/time.ts';
import { endsBefore, type RecordedSegment } from './recorded-media.ts';

/** A sample, or the samples of a chunk, in the order of its track. */
export interface ListedMedia {
  readonly start: Ticks;
  readonly end: Ticks;
  readonly keyframe: boolean;
  readonly byteLength: number;
}

/** A segment as it is put together; `place` is what its maker finds its bytes by. */
interface Draft<Place> {
  readonly start: Ticks;
  end: Ticks;
  byteLength: number;
  readonly independent: boolean;
  place: Place | undefined;
}

/** The segments of one track of a recording. */
export class SegmentList<Place> {
  readonly timescale: Timescale;
  readonly segments: RecordedSegment[] = [];
  readonly #drafts: Draft<Place>[] = [];

  constructor(timescale: Timescale) {
    this.timescale = timescale;
  }

  /** How many were begun. */
  get begun(): number {
    return this.#drafts.length;
  }

  /** What {@link SegmentLists} was told of a segment that is listed; undefined where it has no media. */
  place(index: number): Place | undefined {
    return index < this.segments.length ? this.#drafts[index]?.place : undefined;
  }

  /** For {@link SegmentLists}: whether a segment of the track that leads ends before this. */
  isCut({ start, end, keyframe }: ListedMedia): boolean {
    const last = this.#drafts.at(-1);
    if (!last) return true;
    const lengthTo = (place: Ticks) => ticksToMilliseconds(ticks(place - last.start), this.timescale);
    return endsBefore(lengthTo(start), lengthTo(end), keyframe);
  }

  /** For {@link SegmentLists}. */
  begin(start: Ticks, independent: boolean): void {
    this.#drafts.push({ start, end: start, byteLength: 0, independent, place: undefined });
  }

  /** For {@link SegmentLists}. */
  add({ end, byteLength }: ListedMedia, extend: (place: Place | undefined) => Place): void {
    const last = this.#drafts.at(-1);
    if (!last) return;
    if (end > last.end) last.end = end;
    last.byteLength += byteLength;
    last.place = extend(last.place);
  }

  /** For {@link SegmentLists}: those before that number are complete. */
  list(count: number): void {
    while (this.segments.length < count) {
      const draft = this.#drafts[this.segments.length];
      const next = this.#drafts[this.segments.length + 1];
      if (!draft) return;
      const duration = ticks(Math.max(1, (next?.start ?? draft.end) - draft.start));
      const { start, byteLength, independent } = draft;
      this.segments.push({ start, duration, byteLength: bytes(byteLength), independent });
    }
  }
}

/** How far sound may stay behind the picture before its segments are complete without it, in segments. */
const MOST_BEHIND = 2;
/** Sound that comes later than this after a cut is missing there: a chunk of it is shorter. In milliseconds. */
const LATEST = 250;

/**
 * Cuts a recording into segments: its picture at keyframes, where it has one, and its sound where the picture was cut, so
 * that all tracks have the same number of them. Media comes in the order of each track.
 */
export class SegmentLists<Place> {
  readonly lists: readonly SegmentList<Place>[];
  readonly #leader: SegmentList<Place> | undefined;
  /** Where each segment of the leader begins, in milliseconds. */
  readonly #cuts: number[] = [];
  #listed = 0;

  /** `leader`: the place of the track that leads. */
  constructor(timescales: readonly Timescale[], leader: number) {
    this.lists = timescales.map((timescale) => new SegmentList<Place>(timescale));
    this.#leader = this.lists[leader];
  }

  /** Takes the next media of a track; `extend` answers where its segment is, with it. */
  add(track: number, media: ListedMedia, extend: (place: Place | undefined) => Place): void {
    const list = this.lists[track];
    if (!list) return;
    if (list === this.#leader) this.#lead(list, media);
    else this.#follow(list, media);
    list.add(media, extend);
  }

  /** Lists what is complete; with `ended` all of it. */
  list(ended: boolean): void {
    const leader = this.#leader?.begun ?? 0;
    const begun = Math.min(...this.lists.map((list) => list.begun));
    const complete = ended ? leader : Math.max(this.#listed, begun - 1, leader - 1 - MOST_BEHIND);
    this.#listed = Math.max(0, complete);
    for (const list of this.lists) {
      // One more is begun than is listed, so that what comes late goes there.
      if (list !== this.#leader) this.#reach(list, ended ? this.#listed : this.#listed + 1);
      list.list(this.#listed);
    }
  }

  #lead(list: SegmentList<Place>, media: ListedMedia): void {
    if (!list.isCut(media)) return;
    list.begin(media.start, media.keyframe);
    this.#cuts.push(ticksToMilliseconds(media.start, list.timescale));
  }

  #follow(list: SegmentList<Place>, { start }: ListedMedia): void {
    const time = ticksToMilliseconds(start, list.timescale);
    // Sound in front of the picture is of the first segment.
    if (list.begun === 0 && time < (this.#cuts[0] ?? Number.POSITIVE_INFINITY)) list.begin(start, true);
    for (let cut = this.#cuts[list.begun]; cut !== undefined && time >= cut; cut = this.#cuts[list.begun]) {
      const next = this.#cuts[list.begun + 1];
      const missing = time - cut > LATEST || (next !== undefined && time >= next);
      list.begin(missing ? this.#cutOf(list) : start, true);
    }
  }

  /** Begins segments without media, until so many are begun. */
  #reach(list: SegmentList<Place>, count: number): void {
    while (list.begun < count && this.#cuts[list.begun] !== undefined) list.begin(this.#cutOf(list), true);
  }

  #cutOf(list: SegmentList<Place>): Ticks {
    const cut = this.#cuts[list.begun] ?? 0;
    return millisecondsToTicks(milliseconds(cut), list.timescale);
  }
}
