import type { Chunk, Epoch } from '../media/chunk.ts';
import {
  type Milliseconds,
  milliseconds,
  millisecondsToTicks,
  type Ticks,
  ticks,
  ticksToMilliseconds,
} from '../media/time.ts';
import type { Track } from '../media/track.ts';
import { gapSegment, OpenSegment } from './open-segment.ts';
import { PartTrial } from './part-trial.ts';
import type { ProgramClock } from './program-clock.ts';
import {
  LEAST_PART,
  type Part,
  partTargetOf,
  type Segment,
  type SegmentLimits,
  targetDurationOf,
} from './segment.ts';
import { SegmentWindow } from './segment-window.ts';

/** A keyframe ends a segment that has lasted this share of the usual: the next one may be far away. */
const NEAR_ENOUGH = 0.75;
/** A segment without parts lasts at least this share of the usual, where one after another would be without. */
const LEAST_WHOLE = 0.5;
/** Where the parts of a segment leave out more, in part targets, frames come too slowly for parts. */
const MOST_UNTOLD = 2;
/** A shorter hole between two chunks is rounding of a container's clock. */
const LARGEST_ROUNDING = milliseconds(100);
/** Cuts that a track which brings nothing is to follow one day. */
const MOST_CUTS = 64;

/** What the first segment and the first part of a track are numbered. */
export interface FirstNumbers {
  readonly segment: number;
  readonly part: number;
}

const FROM_ZERO: FirstNumbers = { segment: 0, part: 0 };

type Dates = Pick<ProgramClock, 'started' | 'observe' | 'dateOf'>;

/** The segments of one track of a broadcast, through all of its epochs. Made by `Segmenter`; read by everybody. */
export class SegmentTrack {
  readonly kind: Track['kind'];
  /** What there is to serve, and what of it is listed. */
  readonly window: SegmentWindow;
  readonly #limits: SegmentLimits;
  readonly #clock: Dates;
  readonly #longest: Milliseconds;
  readonly #partTarget: Milliseconds;
  #open: OpenSegment | undefined;
  #nextSegment: number;
  #nextPart: number;
  #version = 0;
  /** Where its media ends, on the timescale of the open segment. */
  #end = ticks(0);
  /** Where the leading track was cut, and this one is to be. */
  readonly #cuts: Milliseconds[] = [];
  /** Frames come too slowly for parts: segments are without, until parts would have fitted through one of them. */
  #whole = false;
  /** Of the newest segment, where it is without parts. */
  #trial: PartTrial | undefined;
  /** Media of this epoch came before. */
  #goesOn = false;

  /** For `Segmenter`. */
  constructor(kind: Track['kind'], limits: SegmentLimits, clock: Dates, first: FirstNumbers = FROM_ZERO) {
    this.#nextSegment = first.segment;
    this.#nextPart = first.part;
    this.kind = kind;
    this.#limits = limits;
    this.#clock = clock;
    this.#longest = targetDurationOf(limits);
    this.#partTarget = partTargetOf(limits);
    this.window = new SegmentWindow(limits);
  }

  /** Counts every completed part and segment: who has seen a version has seen all that there was. */
  get version(): number {
    return this.#version;
  }

  /** The segment that grows. */
  get open(): Segment | undefined {
    return this.#open;
  }

  /** The media sequence number of the open segment, or of the next one where none is open. */
  get openSequence(): number {
    return this.#open?.sequence ?? this.#nextSegment;
  }

  /** The {@link Part.sequence} of the part that will be complete next. */
  get nextPart(): number {
    return this.#nextPart;
  }

  /** Bytes of the segments that are held. */
  get heldBytes(): number {
    return this.window.heldBytes + (this.#open?.byteLength ?? 0);
  }

  /** The segment of that media sequence number, where it is held; complete or open. */
  segment(sequence: number): Segment | undefined {
    return this.#open?.sequence === sequence ? this.#open : this.window.segment(sequence);
  }

  /** The part of that number, where it is held. */
  part(sequence: number): Part | undefined {
    return this.#open?.part(sequence) ?? this.window.part(sequence);
  }

  /** The epoch of that index, where a segment of it is held. */
  epoch(index: number): Epoch | undefined {
    return this.#open?.epoch.index === index ? this.#open.epoch : this.window.epoch(index);
  }

  /** For `Segmenter`: answers where a segment was begun, if this chunk did. */
  add(chunk: Chunk, epoch: Epoch, leads: boolean): Milliseconds | undefined {
    const newest = this.#open ?? this.window.last;
    // What comes after its players were told that nothing does.
    if (this.#goesOn && endOf(chunk) <= this.#end) return undefined;
    if (this.#open && this.#isCut(this.#open, chunk, leads)) this.#completeBefore(this.#open, chunk);
    else if (!this.#open && this.#goesOn && newest) this.#fill(newest, this.#end, chunk.dts);
    const cut = this.#open === undefined && this.#goesOn;
    const open = this.#open ?? this.#begin(chunk, epoch, leads);
    this.#goesOn = true;
    const target = this.#ticks(this.#partTarget, chunk);
    const { pending } = open;
    // Only what has a keyframe may be short.
    if (pending.independent && pending.duration + chunk.duration > target) this.#completePart(open);
    open.add(chunk);
    this.#trial?.add(chunk, target);
    this.#end = endOf(chunk);
    if (open.duration > this.#ticks(this.#longest, chunk)) this.#completeLong(open, chunk);
    else if (open.pending.duration >= target * LEAST_PART) this.#completePart(open);
    return cut ? startOf(chunk) : undefined;
  }

  /** For `Segmenter`: the leading track was cut there. */
  follow(cut: Milliseconds): void {
    this.#cuts.push(cut);
    if (this.#cuts.length > MOST_CUTS) this.#cuts.shift();
  }

  /**
   * For `Segmenter`: another track has come to there. Where this one brought nothing for as long as two of the longest
   * segments, players are told so of the first half, instead of being let wait.
   */
  awaitedAt(place: Milliseconds): void {
    const newest = this.#open ?? this.window.last;
    if (!newest || !this.#goesOn) return;
    const longest = millisecondsToTicks(this.#longest, newest.timescale);
    if (millisecondsToTicks(place, newest.timescale) - this.#end < 2 * longest) return;
    if (this.#open) this.#close(this.#open, ticks(this.#end - this.#open.start));
    this.#fill(newest, this.#end, ticks(this.#end + longest));
    this.#end = ticks(this.#end + longest);
  }

  /** For `Segmenter`: the epoch or the broadcast ends. */
  complete(): void {
    const open = this.#open;
    this.#cuts.length = 0;
    this.#goesOn = false;
    if (!open) return;
    this.#close(open, ticks(this.#end - open.start));
  }

  /** The open segment ends where the next one begins; what is missing in between is said to be. */
  #completeBefore(open: OpenSegment, next: Chunk): void {
    const rounding = next.dts - this.#end <= this.#ticks(LARGEST_ROUNDING, next);
    this.#close(open, ticks((rounding ? next.dts : this.#end) - open.start));
    if (!rounding) this.#fill(open, open.end, next.dts);
  }

  #begin(chunk: Chunk, epoch: Epoch, leads: boolean): OpenSegment {
    const start = this.#goesOn ? ticks(Math.max(chunk.dts, this.#end)) : chunk.dts;
    const place = ticksToMilliseconds(start, chunk.timescale);
    if (leads || !this.#clock.started) this.#clock.observe(place, chunk.wallClock);
    while ((this.#cuts[0] ?? place + 1) <= place) this.#cuts.shift();
    if (this.#trial?.fits) this.#whole = false;
    const parted = !this.#whole;
    this.#trial = parted ? undefined : new PartTrial();
    const open = new OpenSegment({
      sequence: this.#nextSegment,
      epoch,
      first: chunk,
      start,
      firstPart: this.#nextPart,
      programDateTime: this.#clock.dateOf(place),
      parted,
    });
    this.#nextSegment += 1;
    this.#open = open;
    return open;
  }

  #isCut(open: OpenSegment, chunk: Chunk, leads: boolean): boolean {
    const length = chunk.dts - open.start;
    const usual = this.#ticks(this.#limits.segment, chunk);
    const hole = chunk.dts - this.#end > this.#ticks(LARGEST_ROUNDING, chunk);
    const full = length + chunk.duration > this.#ticks(this.#longest, chunk);
    if (this.#mustFollow(chunk) || hole || full) return true;
    if (leads && chunk.kind === 'audio') return length + chunk.duration / 2 >= usual;
    if (!leads || !chunk.keyframe) return false;
    if (!open.parted) return length >= usual * LEAST_WHOLE;
    // Where parts are still to tell of a long frame, the next keyframe will do.
    const untold = open.pending.duration > 0 ? open.owed - this.#ticks(this.#partTarget, chunk) : open.owed;
    return length >= usual * NEAR_ENOUGH && untold <= this.#ticks(LARGEST_ROUNDING, chunk);
  }

  /** Whether the leading track was cut here, to the nearest chunk. */
  #mustFollow(chunk: Chunk): boolean {
    const start = startOf(chunk);
    const half = ticksToMilliseconds(chunk.duration, chunk.timescale) / 2;
    let follows = false;
    for (let cut = this.#cuts[0]; cut !== undefined && cut <= start + half; cut = this.#cuts[0]) {
      this.#cuts.shift();
      follows = true;
    }
    return follows;
  }

  #ticks(time: Milliseconds, { timescale }: Chunk): Ticks {
    return millisecondsToTicks(time, timescale);
  }

  #completePart(open: OpenSegment): void {
    open.completePart(millisecondsToTicks(this.#partTarget, open.timescale));
    this.#nextPart += 1;
    this.#version += 1;
  }

  /** A frame that outlasts every segment: it is one of the longest, and where nothing new is to be seen, there is none. */
  #completeLong(open: OpenSegment, chunk: Chunk): void {
    this.#close(open, this.#ticks(this.#longest, chunk));
    this.#fill(open, open.end, this.#end);
  }

  /** Segments without media, from there to there. */
  #fill(like: Segment, from: Ticks, end: Ticks): void {
    const longest = millisecondsToTicks(this.#longest, like.timescale);
    for (let start = from; start < end; start = ticks(start + longest)) {
      const duration = ticks(Math.min(longest, end - start));
      const programDateTime = this.#clock.dateOf(ticksToMilliseconds(start, like.timescale));
      this.#push(gapSegment(like, { sequence: this.#nextSegment, start, duration, programDateTime }));
      this.#nextSegment += 1;
    }
  }

  #close(open: OpenSegment, duration: Ticks): void {
    if (open.pending.duration > 0) this.#completePart(open);
    const mostUntold = MOST_UNTOLD * millisecondsToTicks(this.#partTarget, open.timescale);
    const fits = !open.parted || open.owed <= mostUntold;
    if (!fits) this.#whole = true;
    open.close(duration, fits);
    this.#open = undefined;
    this.#push(open);
  }

  #push(segment: Segment): void {
    this.window.push(segment);
    this.#version += 1;
  }
}

const startOf = ({ dts, timescale }: Chunk): Milliseconds => ticksToMilliseconds(dts, timescale);

const endOf = ({ dts, duration }: Chunk): Ticks => ticks(dts + duration);
