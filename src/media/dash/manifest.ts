import type { Milliseconds, Ticks, Timescale } from '../time.ts';
import type { Track } from '../track.ts';

/** Where a segment is on its track's timeline: an `S` (ISO/IEC 23009-1 §5.3.9.6). */
export interface TimelineEntry {
  readonly start: Ticks;
  readonly duration: Ticks;
}

/** Segments that can be had from before they are complete (ISO/IEC 23009-1 §5.3.9.5.3, `@availabilityTimeComplete`). */
export interface EarlyAvailability {
  /** So long before a segment's end it can be asked for. */
  readonly offset: Milliseconds;
}

/** A moment of a track by the wall clock (ISO/IEC 23009-1 §5.12). */
interface ReferenceTime {
  readonly wallClock: Milliseconds;
  readonly mediaTime: Ticks;
  /** There is a `prft` in the segments, too. */
  readonly inBand: boolean;
}

/** One track in one period (ISO/IEC 23009-1 §5.3.3): an adaptation set with one representation. */
export interface AdaptationSet {
  readonly track: Track;
  /** The same content as another set of the period, for players that cannot decode that one; they take that where they can. */
  readonly alternative?: boolean | undefined;
  /** Bits a second, the highest of any segment. */
  readonly bandwidth: number;
  /** Frames a second, of video. */
  readonly frameRate?: number | undefined;
  /** URI, relative to the manifest's. */
  readonly initialization: string;
  /** URI with `$Number$` in it. */
  readonly media: string;
  /** Of the first entry; the others count on. */
  readonly startNumber: number;
  /** Ticks in a second of the times here: that of the track. */
  readonly timescale: Timescale;
  /** Media time that is shown at the period's start. */
  readonly presentationTimeOffset: Ticks;
  readonly timeline: readonly TimelineEntry[];
  /** Every segment begins with a keyframe. */
  readonly independent: boolean;
  readonly early?: EarlyAvailability | undefined;
  readonly referenceTime?: ReferenceTime | undefined;
}

/** A stretch with the same tracks (ISO/IEC 23009-1 §5.3.2): an epoch, or a recording. */
export interface Period {
  /** Unique in the manifest, and the same in every version of it. */
  readonly id: string;
  readonly start: Milliseconds;
  readonly adaptationSets: readonly AdaptationSet[];
}

/** What players are asked to keep to (ISO/IEC 23009-1 Annex K.3.2). */
interface Latency {
  readonly target: Milliseconds;
  readonly min: Milliseconds;
  readonly max: Milliseconds;
}

/** What makes a manifest a dynamic one (ISO/IEC 23009-1 §5.3.1.2). */
export interface LiveTiming {
  /** Wall clock at 0 of the presentation; never changes. */
  readonly availabilityStart: Milliseconds;
  /** Wall clock, of this version. */
  readonly publishTime: Milliseconds;
  /** How often players look for another version. */
  readonly updatePeriod: Milliseconds;
  /** How far back segments stay; undefined for all the way. */
  readonly window: Milliseconds | undefined;
  /** So far behind now players are to be. */
  readonly delay: Milliseconds;
  /** URI of the server's time (`urn:mpeg:dash:utc:http-iso:2014`). */
  readonly timeSource: string;
  readonly latency?: Latency | undefined;
}

/** A media presentation description (ISO/IEC 23009-1 §5.3.1), of the live profile with CMAF segments. */
export interface Manifest {
  readonly title: string | null;
  /** Undefined when nothing follows. */
  readonly live: LiveTiming | undefined;
  /** Where it ends; undefined while it is live. */
  readonly duration: Milliseconds | undefined;
  readonly minBufferTime: Milliseconds;
  readonly longestSegment: Milliseconds;
  readonly periods: readonly Period[];
}
