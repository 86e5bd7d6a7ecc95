import type { BroadcastInfo } from '../../channel/broadcast.ts';
import type { Clock } from '../../channel/clock.ts';
import type { Chunk, ChunkSink, Epoch } from '../../media/chunk.ts';
import { writeInit } from '../../media/mp4/cmaf-header.ts';
import { type Milliseconds, milliseconds } from '../../media/time.ts';
import type { Track } from '../../media/track.ts';
import { type SegmentLimits, targetDurationOf } from '../../package/segment.ts';
import type { SegmentTrack } from '../../package/segment-track.ts';
import { Segmenter } from '../../package/segmenter.ts';
import { AacOnDemand, type AacSource } from './aac-on-demand.ts';
import { WaitingList, type WaitingPlaces } from './waiting-list.ts';

/** What a presentation is made of. */
export interface PresentationOptions {
  readonly clock: Clock;
  readonly limits: SegmentLimits;
  readonly places: WaitingPlaces;
  /** Where its sound can be had as AAC; not at all by default. */
  readonly aac?: AacSource | undefined;
}

/** A track in addresses: of the broadcast, or its sound as AAC. */
export type TrackName = Track['kind'] | 'aac';

/** How long a request may wait, in target durations (rfc8216bis §6.2.5.2). */
const LONGEST_WAIT = 3;

/**
 * A stretch of a broadcast as players of segments are given it: one list of segments for each track, under addresses
 * that are never used for anything else. A broadcast is one presentation for as long as it has the same kinds of tracks.
 */
export class Presentation implements ChunkSink {
  /** Part of its addresses; never used before or again, not by the same broadcast in another process either. */
  readonly id: string;
  readonly broadcast: BroadcastInfo;
  readonly segmenter: Segmenter;
  /** Requests for what is not there yet; woken at each part and segment, and at the end. */
  readonly waiting: WaitingList;
  /** Its sound as AAC, made when somebody asks for it. */
  readonly aac: AacOnDemand | undefined;
  readonly #inits = new WeakMap<Epoch, Map<TrackName, Uint8Array>>();

  /** For `PresentationFeed`. */
  constructor(id: string, broadcast: BroadcastInfo, { clock, limits, places, aac }: PresentationOptions) {
    this.id = id;
    this.broadcast = broadcast;
    this.segmenter = new Segmenter(limits);
    this.waiting = new WaitingList(clock, places);
    this.segmenter.advanced.add(() => this.waiting.wake());
    this.aac = aac && new AacOnDemand(aac, this.segmenter, this.waiting, clock);
  }

  /** Nothing is added any more. */
  get ended(): boolean {
    return this.segmenter.ended;
  }

  /** The track of that name, if any media came of it. */
  track(name: TrackName): SegmentTrack | undefined {
    return name === 'aac' ? this.aac?.track : this.segmenter.track(name);
  }

  /** Nothing is added to that track any more. */
  endedOf(name: TrackName): boolean {
    return name === 'aac' ? (this.aac?.ended ?? true) : this.segmenter.ended;
  }

  /** Calls whenever something is added to that track, or it ends; answers how to leave. */
  onAppended(name: TrackName, call: () => void): () => void {
    if (name === 'aac') return this.aac?.appended.add(call) ?? (() => {});
    const onTrack = ({ kind }: SegmentTrack) => {
      if (kind === name) call();
    };
    const leave = [this.segmenter.appended.add(onTrack), this.segmenter.advanced.add(onTrack)];
    return () => {
      for (const each of leave) each();
    };
  }

  /** How long a request may wait for what is not there yet. */
  get longestWait(): Milliseconds {
    return milliseconds(LONGEST_WAIT * targetDurationOf(this.segmenter.limits));
  }

  /** There is a complete segment of each track that media came of: enough to begin with. */
  get playable(): boolean {
    const { tracks } = this.segmenter;
    return tracks.length > 0 && tracks.every(({ window }) => window.length > 0);
  }

  /** The CMAF header (ISO/IEC 23000-19 §7.3.1) of a track for the segments of an epoch, where any of them is held. */
  init(name: TrackName, epochIndex: number): Uint8Array | undefined {
    const kind = name === 'aac' ? 'audio' : name;
    const epoch = this.track(name)?.epoch(epochIndex);
    const track = epoch?.tracks.find((candidate) => candidate.kind === kind);
    if (!epoch || !track) return undefined;
    const inits = this.#inits.get(epoch) ?? new Map<TrackName, Uint8Array>();
    this.#inits.set(epoch, inits);
    const init = inits.get(name) ?? writeInit([track]);
    inits.set(name, init);
    return init;
  }

  /** For `PresentationFeed`. */
  epoch(epoch: Epoch): void {
    this.aac?.beginEpoch(epoch.index);
    this.segmenter.epoch(epoch);
  }

  /** For `PresentationFeed`. */
  chunk(chunk: Chunk): void {
    this.segmenter.chunk(chunk);
  }

  /** For `PresentationFeed`: nothing follows. */
  end(): void {
    this.segmenter.end();
    this.aac?.endPresentation();
    this.waiting.wake();
  }

  /** Forgets what still comes; idempotent. */
  close(): void {
    this.aac?.close();
  }
}
