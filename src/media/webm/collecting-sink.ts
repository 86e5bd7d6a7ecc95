import type { Sample, SampleSink } from '../sample.ts';
import type { Track } from '../track.ts';

/** What a sink was called with. */
export type SinkCall =
  | { readonly tracks: readonly Track[] }
  | { readonly track: number; readonly sample: Sample };

/** Keeps what a demuxer tells it, in order: for tests. */
export class CollectingSink implements SampleSink {
  readonly calls: SinkCall[] = [];

  tracks(tracks: readonly Track[]): void {
    this.calls.push({ tracks });
  }

  sample(track: number, sample: Sample): void {
    this.calls.push({ track, sample });
  }

  /** The track lists, in the order of their announcement. */
  get announcements(): (readonly Track[])[] {
    return this.calls.flatMap((call) => ('tracks' in call ? [call.tracks] : []));
  }

  /** The samples of the track at that position. */
  samples(track: number): Sample[] {
    return this.calls.flatMap((call) => ('sample' in call && call.track === track ? [call.sample] : []));
  }
}
