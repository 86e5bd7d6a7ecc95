import { ChunkLayout } from '../../../media/mp4/chunk-layout.ts';
import { NumberList } from '../../../media/mp4/number-list.ts';

/** Bytes and milliseconds of media that go into one chunk of each track: how far a player has to look for sound. */
const MAX_WINDOW_BYTES = 4 * 1024 * 1024;
const WINDOW = 1000;

/** A stretch of the source that is copied as it is. */
export interface SourceRun {
  readonly offset: number;
  readonly size: number;
}

/** A run of samples as the source has them. */
export interface PlannedRun extends SourceRun {
  readonly track: number;
  readonly samples: number;
  /** When it is decoded, in milliseconds on a clock of all tracks. */
  readonly time: number;
}

const UNIT = 2 ** 32;

/**
 * Where the media of a fragmented file goes in a progressive one: for each second or so one chunk of each track, so
 * that the tables stay small. Twenty bytes for each run.
 */
export class MediaPlan {
  readonly layout = new ChunkLayout();
  readonly #tracks: number;
  readonly #runTracks = new NumberList();
  readonly #offsetsHigh = new NumberList();
  readonly #offsetsLow = new NumberList();
  readonly #sizes = new NumberList();
  /** The first run of each window. */
  readonly #windows = new NumberList();
  readonly #open: { samples: number; size: number }[];
  #windowStart = 0;
  #windowSize = 0;

  constructor(tracks: number) {
    this.#tracks = tracks;
    this.#open = Array.from({ length: tracks }, () => ({ samples: 0, size: 0 }));
  }

  /** Takes the next run in the order of the source. */
  add(run: PlannedRun): void {
    const full =
      this.#windowSize + run.size > MAX_WINDOW_BYTES || Math.abs(run.time - this.#windowStart) >= WINDOW;
    if (full || this.#windowSize === 0) {
      this.#closeWindow();
      this.#windowStart = run.time;
      this.#windows.push(this.#sizes.length);
    }
    this.#windowSize += run.size;
    this.#runTracks.push(run.track);
    this.#offsetsHigh.push(Math.floor(run.offset / UNIT));
    this.#offsetsLow.push(run.offset % UNIT);
    this.#sizes.push(run.size);
    const chunk = this.#open[run.track];
    if (!chunk) return;
    chunk.samples += run.samples;
    chunk.size += run.size;
  }

  /** Nothing follows. */
  end(): void {
    this.#closeWindow();
  }

  /** Everything to copy, in the order of the new file, by windows. */
  *windows(): Generator<{ readonly start: number; readonly runs: Iterable<SourceRun> }> {
    for (let window = 0; window < this.#windows.length; window += 1) {
      const first = this.#windows.at(window);
      const end = window + 1 < this.#windows.length ? this.#windows.at(window + 1) : this.#sizes.length;
      yield { start: this.#offsetOf(first), runs: this.#runsOf(first, end) };
    }
  }

  *#runsOf(first: number, end: number): Generator<SourceRun> {
    for (let track = 0; track < this.#tracks; track += 1) {
      for (let index = first; index < end; index += 1) {
        if (this.#runTracks.at(index) !== track) continue;
        yield { offset: this.#offsetOf(index), size: this.#sizes.at(index) };
      }
    }
  }

  #offsetOf(index: number): number {
    return this.#offsetsHigh.at(index) * UNIT + this.#offsetsLow.at(index);
  }

  #closeWindow(): void {
    for (const [track, { samples, size }] of this.#open.entries()) {
      if (samples > 0) this.layout.add(track, samples, size);
      this.#open[track] = { samples: 0, size: 0 };
    }
    this.#windowSize = 0;
  }
}
