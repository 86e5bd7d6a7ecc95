import { isSyncSample } from './boxes/sample-flags.ts';
import {
  RUN_COMPOSITION_OFFSET,
  RUN_DURATION,
  RUN_FLAGS,
  RUN_SIZE,
  type TrackRun,
  trackRunStride,
} from './boxes/track-run.ts';
import { ByteReader } from './byte-reader.ts';
import type { SampleRun } from './sample-run.ts';
import type { TrackReader } from './track-reader.ts';

/** What a fragment's samples have in common, from `tfhd` or else `trex` (ISO/IEC 14496-12 §8.8.7). */
export interface SampleDefaults {
  readonly duration: number;
  readonly size: number;
  readonly flags: number;
  readonly sampleDescription: number;
}

/** The samples of one `trun`. Its table is read line by line, as their bytes come. */
export class FragmentRun implements SampleRun {
  readonly track: TrackReader;
  readonly sampleDescription: number;
  offset: number;
  size = 0;
  decodeTime: number;
  duration = 0;
  compositionOffset = 0;
  keyframe = false;
  readonly #run: TrackRun;
  readonly #defaults: SampleDefaults;
  readonly #table: ByteReader;
  #index = 0;

  constructor(
    track: TrackReader,
    run: TrackRun,
    defaults: SampleDefaults,
    offset: number,
    decodeTime: number,
  ) {
    this.track = track;
    this.offset = offset;
    this.decodeTime = decodeTime;
    this.sampleDescription = defaults.sampleDescription;
    this.#run = run;
    this.#defaults = defaults;
    this.#table = new ByteReader(run.table, 'trun');
  }

  advance(): boolean {
    // No table and no bytes: any number of such samples can be said in none, so they are not walked.
    if (this.#defaults.size === 0 && this.#run.table.length === 0) return false;
    while (this.#index < this.#run.sampleCount) {
      this.offset += this.size;
      this.decodeTime += this.duration;
      this.#readLine();
      // A sample without bytes is nothing but time.
      if (this.size > 0) return true;
    }
    return false;
  }

  #readLine(): void {
    const { flags, firstSampleFlags } = this.#run;
    const table = this.#table;
    const defaults = this.#defaults;
    this.duration = flags & RUN_DURATION ? table.u32() : defaults.duration;
    this.size = flags & RUN_SIZE ? table.u32() : defaults.size;
    let sampleFlags = flags & RUN_FLAGS ? table.u32() : defaults.flags;
    if (this.#index === 0 && firstSampleFlags !== undefined) sampleFlags = firstSampleFlags;
    this.keyframe = isSyncSample(sampleFlags);
    // Version 0 says unsigned, but files with negative offsets in it exist, and real ones never reach 2^31.
    this.compositionOffset = flags & RUN_COMPOSITION_OFFSET ? table.i32() : 0;
    this.#index += 1;
  }
}

/** The time and the bytes of a whole run: where the next one begins that does not say so itself. */
export function measureRun(run: TrackRun, defaults: SampleDefaults): { duration: number; size: number } {
  const { flags, sampleCount } = run;
  const stride = trackRunStride(flags);
  const listsDuration = (flags & RUN_DURATION) !== 0;
  const listsSize = (flags & RUN_SIZE) !== 0;
  let duration = listsDuration ? 0 : sampleCount * defaults.duration;
  let size = listsSize ? 0 : sampleCount * defaults.size;
  if (!listsDuration && !listsSize) return { duration, size };
  const table = new ByteReader(run.table, 'trun');
  const rest = stride - (listsDuration ? 4 : 0) - (listsSize ? 4 : 0);
  for (let i = 0; i < sampleCount; i++) {
    if (listsDuration) duration += table.u32();
    if (listsSize) size += table.u32();
    table.skip(rest);
  }
  return { duration, size };
}
