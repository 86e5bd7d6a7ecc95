import type { Epoch } from '../../media/chunk.ts';
import type { PlaylistEdge } from '../../media/hls/delivery-directives.ts';
import type {
  LowLatency,
  MediaPlaylist,
  PlaylistMap,
  PlaylistPart,
  PlaylistSegment,
  PlaylistSegmentHead,
  RenditionReport,
} from '../../media/hls/media-playlist.ts';
import {
  type Milliseconds,
  milliseconds,
  type Ticks,
  type Timescale,
  ticksToMilliseconds,
} from '../../media/time.ts';
import { partTargetOf, type Segment, targetDurationOf } from '../../package/segment.ts';
import type { SegmentTrack } from '../../package/segment-track.ts';
import { formatMediaName, type MediaName } from '../http/media-resource.ts';
import type { Presentation, TrackName } from '../http/presentation.ts';

/** So long, in target durations, parts stay listed; what they are of stays to be had for as long again. */
const PARTS_LISTED = 3;
const NAMES: readonly TrackName[] = ['video', 'audio', 'aac'];

/** The live playlist of one track, as it stands now. */
export function playlistOfTrack(
  presentation: Presentation,
  track: SegmentTrack,
  name: TrackName = track.kind,
): MediaPlaylist {
  const { segmenter } = presentation;
  const targetDuration = targetDurationOf(segmenter.limits);
  const listed = track.window.listed;
  const maps = new MapsOfEpochs(name);
  const edge = edgeOf(track);
  // hls.js goes from part to part: it would pass over a segment without any that lies between them.
  const whole = listed.findLast(({ parted, gap }) => !parted && !gap)?.sequence ?? -1;
  const partsFrom = edge - PARTS_LISTED * targetDuration;
  let before: Epoch | undefined;
  const segments = listed.map((segment): PlaylistSegment => {
    const withParts = segment.sequence > whole && startOf(segment) >= partsFrom;
    const head = headOf(name, segment, before, maps, withParts);
    before = segment.epoch;
    const duration = lengthOf(segment.duration, segment.timescale);
    return {
      ...head,
      uri: uriOf(name, { type: 'segment', sequence: segment.sequence }),
      duration,
      gap: segment.gap,
    };
  });
  const { open } = track;
  const lowLatency: LowLatency = {
    partTarget: partTargetOf(segmenter.limits),
    open: open && headOf(name, open, before, maps, true),
    // The next part of a segment without parts is that of another one: it may be long in coming.
    hint: open?.parted === false ? undefined : uriOf(name, { type: 'part', sequence: track.nextPart }),
    reports: reportsBeside(presentation, name),
  };
  return {
    targetDuration,
    mediaSequence: listed[0]?.sequence ?? track.openSequence,
    discontinuitySequence: listed[0]?.epoch.index ?? 0,
    segments,
    ended: presentation.endedOf(name),
    lowLatency,
  };
}

/** Where the live playlist of a track ends, for who asks for more of it. */
export function playlistEdgeOf({ segmenter }: Presentation, track: SegmentTrack): PlaylistEdge {
  return {
    lastSequence: track.openSequence - 1,
    lastParts: track.window.last?.parts.length ?? 0,
    openParts: track.open?.parts.length ?? 0,
    partTarget: partTargetOf(segmenter.limits),
  };
}

/** One map for each epoch of a playlist: the same object for the same one. */
class MapsOfEpochs {
  readonly #track: TrackName;
  readonly #maps = new Map<number, PlaylistMap>();

  constructor(track: TrackName) {
    this.#track = track;
  }

  of({ index }: Epoch): PlaylistMap {
    const map = this.#maps.get(index) ?? { uri: uriOf(this.#track, { type: 'init', epoch: index }) };
    this.#maps.set(index, map);
    return map;
  }
}

/** An epoch's index is its discontinuity sequence number, in every playlist: also in those that have nothing of it. */
function headOf(
  track: TrackName,
  segment: Segment,
  before: Epoch | undefined,
  maps: MapsOfEpochs,
  withParts: boolean,
): PlaylistSegmentHead {
  return {
    discontinuities: before ? segment.epoch.index - before.index : 0,
    map: maps.of(segment.epoch),
    programDateTime: segment.programDateTime,
    parts: withParts
      ? segment.parts.map(
          (part): PlaylistPart => ({
            uri: uriOf(track, { type: 'part', sequence: part.sequence }),
            duration: lengthOf(part.duration, segment.timescale),
            independent: part.independent,
          }),
        )
      : [],
  };
}

function reportsBeside(presentation: Presentation, name: TrackName): RenditionReport[] {
  return NAMES.filter((other) => other !== name).flatMap((other) => {
    const track = presentation.track(other);
    return track && track.window.length > 0 ? [reportOf(other, track)] : [];
  });
}

function reportOf(name: TrackName, track: SegmentTrack): RenditionReport {
  const uri = `${name}.m3u8`;
  const { open, window } = track;
  if (open && open.parts.length > 0) {
    return { uri, lastSequence: open.sequence, lastPart: open.parts.length - 1 };
  }
  const parts = window.last?.parts.length ?? 0;
  return { uri, lastSequence: track.openSequence - 1, lastPart: parts > 0 ? parts - 1 : undefined };
}

/** Where the last part or segment ends, on the broadcast's timeline. */
function edgeOf({ open, window }: SegmentTrack): number {
  const part = open?.parts.at(-1);
  if (open && part) return lengthOf(part.start, open.timescale) + lengthOf(part.duration, open.timescale);
  const { last } = window;
  return last ? startOf(last) + lengthOf(last.duration, last.timescale) : 0;
}

const uriOf = (track: TrackName, name: MediaName) => `${track}/${formatMediaName(name)}`;

const startOf = ({ start, timescale }: Segment): Milliseconds => ticksToMilliseconds(start, timescale);

const lengthOf = (duration: Ticks, timescale: Timescale): Milliseconds =>
  milliseconds(ticksToMilliseconds(duration, timescale));
