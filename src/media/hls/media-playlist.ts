import type { Milliseconds } from '../time.ts';

/** Some bytes of a resource (rfc8216bis §4.4.4.2). */
export interface SubRange {
  readonly offset: number;
  readonly length: number;
}

/** A media initialization section (rfc8216bis §4.4.4.5). */
export interface PlaylistMap {
  readonly uri: string;
  /** The whole resource by default. */
  readonly range?: SubRange | undefined;
}

/** A partial segment (rfc8216bis §4.4.4.9). */
export interface PlaylistPart {
  readonly uri: string;
  readonly duration: Milliseconds;
  readonly independent: boolean;
  readonly range?: SubRange | undefined;
}

/** What is said of a segment before its parts, also of one that is not complete. */
export interface PlaylistSegmentHead {
  /** How many `EXT-X-DISCONTINUITY` come before it: one for each epoch since the segment before. */
  readonly discontinuities: number;
  /** Written where it differs from the one of the segment before: the same object is the same map. */
  readonly map: PlaylistMap;
  /** Wall clock, since 1970. */
  readonly programDateTime?: Milliseconds | undefined;
  /** Those that are to be listed. */
  readonly parts: readonly PlaylistPart[];
}

/** A complete media segment (rfc8216bis §4.4.4). */
export interface PlaylistSegment extends PlaylistSegmentHead {
  readonly uri: string;
  readonly duration: Milliseconds;
  readonly range?: SubRange | undefined;
  /** There is no media in it; false by default. */
  readonly gap?: boolean | undefined;
}

/** The newest of another rendition (rfc8216bis §4.4.5.4). */
export interface RenditionReport {
  readonly uri: string;
  readonly lastSequence: number;
  /** Undefined where it has no parts there. */
  readonly lastPart: number | undefined;
}

/** What makes a playlist a low-latency one. */
export interface LowLatency {
  readonly partTarget: Milliseconds;
  /** The segment that is being made, where any part of it is there. */
  readonly open: PlaylistSegmentHead | undefined;
  /** URI of the part that comes next; undefined where none will. */
  readonly hint: string | undefined;
  readonly reports: readonly RenditionReport[];
}

/** One rendition (rfc8216bis §4.1), live or whole. Durations and distances of its `EXT-X-SERVER-CONTROL` follow from it. */
export interface MediaPlaylist {
  /** Whole seconds. */
  readonly targetDuration: Milliseconds;
  /** Of the first segment. */
  readonly mediaSequence: number;
  /** Of the first segment, its own discontinuities not counted. */
  readonly discontinuitySequence: number;
  readonly segments: readonly PlaylistSegment[];
  /** `EVENT`: it only grows. `VOD`: it never changes. By default its oldest segments go. */
  readonly type?: 'EVENT' | 'VOD' | undefined;
  /** No more segments come. */
  readonly ended: boolean;
  /** Undefined for one without parts that players reload by the clock. */
  readonly lowLatency?: LowLatency | undefined;
}
