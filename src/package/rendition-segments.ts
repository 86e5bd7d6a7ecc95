import type { Chunk, Epoch } from '../media/chunk.ts';
import { type Milliseconds, milliseconds, ticks, ticksToMilliseconds } from '../media/time.ts';
import type { ProgramClock } from './program-clock.ts';
import { type Segment, targetDurationOf } from './segment.ts';
import { type FirstNumbers, SegmentTrack } from './segment-track.ts';
import type { Segmenter } from './segmenter.ts';

/** Milliseconds: so much of the last sound stays in the encoder until more comes. */
const LATE = 150;

/**
 * Cuts a rendition of a broadcast's sound where the broadcast itself is cut, and gives it the same dates; where it begins in
 * the midst of the broadcast, it has the media sequence number that is there. It may come later than the broadcast.
 */
export class RenditionSegments {
  readonly #segmenter: Segmenter;
  readonly #least: FirstNumbers;
  #track: SegmentTrack | undefined;
  #epoch: Epoch | undefined;
  /** The leading segment whose beginning is to be told next. */
  #nextCut: number | undefined;
  /** What dates are ahead of the timeline, for sound that comes before the picture. */
  #offset: number | undefined;

  /** `least`: numbers before these were given to something else. */
  constructor(segmenter: Segmenter, least: FirstNumbers) {
    this.#segmenter = segmenter;
    this.#least = least;
  }

  /** Undefined before there is any media. */
  get track(): SegmentTrack | undefined {
    return this.#track;
  }

  /** What a rendition that begins anew after this one may use. */
  get next(): FirstNumbers {
    const track = this.#track;
    if (!track) return this.#least;
    return { segment: track.openSequence + (track.open ? 1 : 0), part: track.nextPart + 1 };
  }

  /** Completes what is there: what follows is of another epoch. */
  epoch(epoch: Epoch): void {
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.#offset = undefined;
    this.#track?.complete();
  }

  /** Takes the next chunk of the present epoch. Answers whether a part or a segment is complete. */
  chunk(chunk: Chunk): boolean {
    const epoch = this.#epoch;
    if (!epoch) return false;
    const track = this.#track ?? this.#open(middleOf(chunk));
    if (!track) return false;
    this.#track = track;
    this.#tellCuts(track, epoch);
    const { version } = track;
    track.add(chunk, epoch, false);
    return track.version !== version;
  }

  /**
   * Where the broadcast's own sound is told to be missing, what was made of it is as well, once all from before that is here.
   * Answers whether there was something to tell.
   */
  missWhereSoundDoes(): boolean {
    const track = this.#track;
    const hole = this.#hole();
    const newest = track?.open ?? track?.window.last;
    if (!track || !newest || !hole || endOf(newest) < hole.start - LATE) return false;
    const { version } = track;
    const longest = targetDurationOf(this.#segmenter.limits);
    for (let last = -1; last !== track.version; ) {
      last = track.version;
      // What is missing of the sound is told when that is late by twice the longest segment: of the first half.
      track.awaitedAt(milliseconds(hole.end + longest + LATE));
    }
    return track.version !== version;
  }

  /** What the broadcast's sound, as it is now, is told to be missing of the present epoch. */
  #hole(): { readonly start: number; readonly end: number } | undefined {
    const sound = this.#segmenter.track('audio');
    const last = sound?.open ? undefined : sound?.window.last;
    if (!last?.gap || last.epoch.index !== this.#epoch?.index) return undefined;
    let first: Segment = last;
    for (let at = last.sequence - 1; ; at -= 1) {
      const before = sound?.segment(at);
      if (!before?.gap || before.epoch.index !== first.epoch.index) break;
      first = before;
    }
    return { start: startOf(first), end: endOf(last) };
  }

  /** Completes what is there: nothing follows. */
  end(): void {
    this.#track?.complete();
  }

  /** Undefined where that is to be had under another number. */
  #open(place: Milliseconds): SegmentTrack | undefined {
    const beside = this.#leadingAt(place)?.sequence ?? this.#lead?.openSequence ?? 0;
    if (beside < this.#least.segment) return undefined;
    const first = { segment: beside, part: this.#least.part };
    this.#nextCut = beside + 1;
    return new SegmentTrack('audio', this.#segmenter.limits, this.#dates(), first);
  }

  get #lead(): SegmentTrack | undefined {
    return this.#segmenter.track('video') ?? this.#segmenter.track('audio');
  }

  #tellCuts(track: SegmentTrack, epoch: Epoch): void {
    const lead = this.#lead;
    if (!lead) return;
    for (let next = this.#nextCut ?? 0; next <= lead.openSequence; next += 1) {
      const segment = lead.segment(next);
      if (segment === undefined && next === lead.openSequence) return;
      if (segment && segment.epoch.index > epoch.index) return;
      this.#nextCut = next + 1;
      // What begins an epoch cuts nothing: the rendition has an epoch there, too.
      const goesOn = lead.segment(next - 1)?.epoch.index === epoch.index;
      if (segment && goesOn && segment.epoch.index === epoch.index && !segment.gap)
        track.follow(startOf(segment));
    }
  }

  /** The leading segment of the present epoch that is at that place, or the first of them. */
  #leadingAt(place: Milliseconds): Segment | undefined {
    const lead = this.#lead;
    const index = this.#epoch?.index ?? 0;
    let found: Segment | undefined;
    for (let at = lead?.openSequence ?? -1; at >= 0; at -= 1) {
      const segment = lead?.segment(at);
      if (!segment && at !== lead?.openSequence) break;
      if (!segment || segment.epoch.index > index) continue;
      if (segment.epoch.index < index) break;
      found = segment;
      if (startOf(segment) <= place) break;
    }
    return found;
  }

  #dates(): Pick<ProgramClock, 'started' | 'observe' | 'dateOf'> {
    const beside = (place: Milliseconds) => this.#leadingAt(place);
    const offset = () => this.#offset;
    return {
      get started() {
        return offset() !== undefined || beside(milliseconds(0)) !== undefined;
      },
      observe: (place, wallClock) => {
        this.#offset = wallClock - place;
      },
      dateOf: (place) => {
        const segment = beside(place);
        const ahead = segment ? segment.programDateTime - startOf(segment) : (this.#offset ?? 0);
        return milliseconds(Math.round(place + ahead));
      },
    };
  }
}

const startOf = ({ start, timescale }: Segment): Milliseconds => ticksToMilliseconds(start, timescale);

const endOf = ({ start, duration, timescale }: Segment): number =>
  ticksToMilliseconds(ticks(start + duration), timescale);

/** Sound is cut to the nearest chunk: what begins a little before a segment is of that. */
const middleOf = ({ dts, duration, timescale }: Chunk): Milliseconds =>
  ticksToMilliseconds(ticks(dts + Math.floor(duration / 2)), timescale);
