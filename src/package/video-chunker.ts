import type { Sample } from '../media/sample.ts';
import {
  type Milliseconds,
  millisecondsToTicks,
  rescale,
  type Ticks,
  type Timescale,
  ticks,
  ticksToMilliseconds,
  timescale,
} from '../media/time.ts';
import { type CaptureMoment, earlier } from './capture-clock.ts';
import type { ChunkOutput } from './chunk-output.ts';
import type { VideoChunkerState } from './packager-state.ts';
import { LONGEST_CLOSED, type SessionClock, TrackClock } from './session-clock.ts';

/** Ticks in a second of every broadcast's video. */
export const VIDEO_TIMESCALE = timescale(90_000);

/** What a frame is taken to last until another one tells. */
const USUAL_DURATION = ticks(VIDEO_TIMESCALE / 30);
/** And never more, however long the one before it was: after a freeze frames come as before it. Below what is taken for a jump. */
const LONGEST_GUESS = ticks(VIDEO_TIMESCALE / 2);
/** What a container says beyond these is not believed. */
const LONGEST_KNOWN = ticks(10 * VIDEO_TIMESCALE);
const LARGEST_REORDERING = ticks(10 * VIDEO_TIMESCALE);
/** What fits into a `trun`. */
const LONGEST_DURATION = 2 ** 32 - 1;

/** A frame on the timeline, as `writeChunk` takes it. The chunker has one, and fills it anew for each. */
interface Frame {
  duration: Ticks;
  compositionOffset: Ticks;
  data: Uint8Array;
}

/**
 * Makes a chunk of each video frame: at once where its duration is known, else when the next one comes. A frame that
 * comes less than half a frame beside the end of the one before is taken to follow it: containers guess durations. The
 * first frame of an epoch is shown from where the track ended before, see docs/decisions/0018.
 */
export class VideoChunker {
  readonly #output: ChunkOutput;
  readonly #clock: TrackClock;
  #source: Timescale;
  /** One frame, used again and again: the list that `writeChunk` takes. */
  readonly #frame: Frame = { duration: ticks(0), compositionOffset: ticks(0), data: new Uint8Array() };
  readonly #frames: readonly Frame[] = [this.#frame];
  /** The frame was not yet written: its duration is not known. */
  #held = false;
  #dts = ticks(-1);
  #keyframe = false;
  #moment: CaptureMoment | undefined;
  #lastDuration: Ticks = USUAL_DURATION;
  /** How much earlier frames are decoded than the source says, so that none is shown before: 0 for most sources. */
  #lead = 0;
  /** The next frame begins an epoch that goes on with the track. */
  #joins: boolean;
  /** By so much longer is the frame that is held. */
  #stretch = ticks(0);
  #started = false;
  #written = 0;
  /** So many of the session's frames were written already: by a packager that this one goes on for. */
  #toSkip = 0;

  /** `end`: where the track ended in the session before; undefined where there was none. */
  constructor(
    output: ChunkOutput,
    session: SessionClock,
    source: Timescale,
    end: Milliseconds | undefined = undefined,
  ) {
    this.#output = output;
    this.#clock = new TrackClock(session, source, VIDEO_TIMESCALE, end);
    this.#joins = end !== undefined;
    this.#source = source;
    // The first frame may not be placed before the session.
    this.#dts = ticks(millisecondsToTicks(session.startAt, VIDEO_TIMESCALE) - 1);
  }

  /** What {@link restore} goes on from. */
  save(): VideoChunkerState {
    return {
      clock: this.#clock.save(),
      written: this.#written,
      dts: this.#dts,
      held: this.#held,
      lastDuration: this.#lastDuration,
      lead: this.#lead,
      started: this.#started,
      joins: this.#joins,
      stretch: this.#stretch,
    };
  }

  /** Goes on from where another one stood. The frame that it held must be among those to {@link skip}. */
  restore(state: VideoChunkerState): void {
    this.#clock.restore(state.clock);
    this.#written = state.written;
    this.#dts = ticks(state.dts);
    this.#held = state.held;
    this.#lastDuration = ticks(state.lastDuration);
    this.#lead = state.lead;
    this.#started = state.started;
    this.#joins = state.joins ?? false;
    this.#stretch = ticks(state.stretch ?? 0);
  }

  /** Leaves out the session's first frames, so many: they are written already. */
  skip(frames: number): void {
    this.#toSkip = frames;
  }

  /** Frames of the session that were written so far. */
  get written(): number {
    return this.#written;
  }

  /** The source announced its tracks again; `waits`: frames before the next keyframe belong to nobody. */
  restart(source: Timescale, waits: boolean): void {
    this.#clock.restart(source, VIDEO_TIMESCALE);
    this.#source = source;
    if (!waits) return;
    this.#started = false;
    this.#joins = true;
  }

  /** Takes the next frame, which was captured or arrived then. */
  sample(sample: Sample, moment: CaptureMoment): void {
    if (!this.#started && !sample.keyframe) return;
    this.#started = true;
    const offset = this.#compositionOffset(sample);
    if (offset + this.#lead < 0) this.#lead = -offset;
    const place = this.#clock.place(sample.dts);
    const nudge = this.#nudge(place - this.#lead);
    const dts = ticks(Math.max(place - this.#lead + nudge, this.#dts + 1));
    if (this.#held) this.#write(ticks(dts - this.#dts));
    this.#stretch = this.#takeHole(dts);
    this.#dts = ticks(dts - this.#stretch);
    this.#keyframe = sample.keyframe;
    this.#moment = earlier(moment, ticksToMilliseconds(this.#stretch, VIDEO_TIMESCALE));
    this.#frame.data = sample.data;
    this.#frame.compositionOffset = ticks(Math.max(place + offset + nudge - dts, 0));
    const known = rescale(sample.duration, this.#source, VIDEO_TIMESCALE);
    if (known > 0 && known <= LONGEST_KNOWN) {
      const end = this.#clock.map(ticks(sample.dts + sample.duration));
      this.#write(ticks(end - this.#lead - this.#dts));
      return;
    }
    this.#held = true;
    this.#clock.reach(ticks(dts + this.#guess));
  }

  /** Writes the frame that is held; it is taken to last as long as the one before it. */
  flush(): void {
    if (this.#held) this.#write(ticks(this.#stretch + this.#guess));
  }

  /** From where the track ended to the first frame of an epoch, where that is to be closed; 0 for others. */
  #takeHole(dts: Ticks): Ticks {
    const hole = this.#joins ? dts - this.#clock.end : 0;
    this.#joins = false;
    const closes = hole > 0 && hole <= millisecondsToTicks(LONGEST_CLOSED, VIDEO_TIMESCALE);
    return ticks(closes ? hole : 0);
  }

  get #guess(): Ticks {
    return ticks(Math.min(this.#lastDuration, LONGEST_GUESS));
  }

  /** From where a frame is to where the one before it ended, if that is near enough to be what was meant. */
  #nudge(dts: number): number {
    const { end, continuous } = this.#clock;
    const follows = continuous && !this.#held && Math.abs(end - dts) <= this.#lastDuration / 2;
    return follows ? end - dts : 0;
  }

  #compositionOffset(sample: Sample): number {
    const offset = rescale(ticks(sample.pts - sample.dts), this.#source, VIDEO_TIMESCALE);
    return Math.abs(offset) <= LARGEST_REORDERING ? offset : 0;
  }

  #write(duration: Ticks): void {
    const moment = this.#moment;
    const frame = this.#frame;
    frame.duration = ticks(Math.min(Math.max(duration, 1), LONGEST_DURATION));
    this.#held = false;
    this.#lastDuration = ticks(Math.max(frame.duration - this.#stretch, 1));
    this.#stretch = ticks(0);
    this.#clock.reach(ticks(this.#dts + frame.duration));
    this.#written += 1;
    if (!moment || this.#written <= this.#toSkip) return;
    this.#output.write(
      {
        kind: 'video',
        timescale: VIDEO_TIMESCALE,
        dts: this.#dts,
        duration: frame.duration,
        keyframe: this.#keyframe,
        startsGroup: this.#keyframe,
        moment,
      },
      this.#frames,
    );
  }
}
