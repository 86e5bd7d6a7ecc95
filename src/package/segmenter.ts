import { Listeners } from '../channel/listeners.ts';
import type { Chunk, ChunkSink, Epoch } from '../media/chunk.ts';
import { type Milliseconds, ticksToMilliseconds } from '../media/time.ts';
import type { Track } from '../media/track.ts';
import { ProgramClock } from './program-clock.ts';
import type { SegmentLimits } from './segment.ts';
import { SegmentTrack } from './segment-track.ts';

/**
 * Cuts a broadcast's chunks into segments and parts, as lists of these same chunks: for HLS and DASH alike. Video leads:
 * its segments begin at keyframes where these come, and sound is cut where whole chunks come nearest to them. Pure: chunks
 * bring their time along. A tap of a broadcast, or fed with what its group buffer holds and then a tap.
 */
export class Segmenter implements ChunkSink {
  readonly limits: SegmentLimits;
  /** A part or a segment of that track is complete, or it has ended. Once for each chunk at most. */
  readonly advanced = new Listeners<SegmentTrack>();
  /** A chunk was added to the last segment of that track, before {@link advanced} is told. */
  readonly appended = new Listeners<SegmentTrack>();
  readonly #clock = new ProgramClock();
  readonly #tracks = new Map<Track['kind'], SegmentTrack>();
  #epoch: Epoch | undefined;
  #ended = false;

  constructor(limits: SegmentLimits) {
    this.limits = limits;
  }

  /** Those that any media came of, video first. A track stays through all epochs. */
  get tracks(): readonly SegmentTrack[] {
    return [this.track('video'), this.track('audio')].filter((track) => track !== undefined);
  }

  /** The track of that kind, if any media came of it. */
  track(kind: Track['kind']): SegmentTrack | undefined {
    return this.#tracks.get(kind);
  }

  /** The epoch of what comes next; undefined before the first. */
  get currentEpoch(): Epoch | undefined {
    return this.#epoch;
  }

  /** Nothing follows: every segment is complete. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Bytes of all segments that are held. */
  get heldBytes(): number {
    return this.tracks.reduce((sum, { heldBytes }) => sum + heldBytes, 0);
  }

  /** Completes all segments: what follows is of another epoch. The same one again is nothing new. */
  epoch(epoch: Epoch): void {
    if (this.#ended || epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.#clock.restart();
    this.#complete();
  }

  /** Takes the next chunk of the present epoch. */
  chunk(chunk: Chunk): void {
    const epoch = this.#epoch;
    if (this.#ended || !epoch) return;
    const leads = chunk.kind === 'video' || !epoch.tracks.some(({ kind }) => kind === 'video');
    const track = this.#tracks.get(chunk.kind) ?? this.#open(chunk);
    if (!track) return;
    const { version } = track;
    this.#add(track, chunk, epoch, leads);
    this.appended.emit(track);
    if (track.version !== version) this.advanced.emit(track);
    this.#tellSilence(track, ticksToMilliseconds(chunk.dts, chunk.timescale));
  }

  #tellSilence(track: SegmentTrack, place: Milliseconds): void {
    for (const other of this.#tracks.values()) {
      if (other === track) continue;
      const { version } = other;
      other.awaitedAt(place);
      if (other.version !== version) this.advanced.emit(other);
    }
  }

  #add(track: SegmentTrack, chunk: Chunk, epoch: Epoch, leads: boolean): void {
    const cut = track.add(chunk, epoch, leads);
    if (!leads || cut === undefined) return;
    for (const other of this.#tracks.values()) if (other !== track) other.follow(cut);
  }

  /** Completes all segments for good; idempotent. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#complete();
    for (const track of this.tracks) this.advanced.emit(track);
  }

  /** A picture that is no keyframe is nothing to begin with. */
  #open(chunk: Chunk): SegmentTrack | undefined {
    if (!chunk.keyframe) return undefined;
    const track = new SegmentTrack(chunk.kind, this.limits, this.#clock);
    this.#tracks.set(chunk.kind, track);
    return track;
  }

  #complete(): void {
    for (const track of this.tracks) {
      const { version } = track;
      track.complete();
      if (!this.#ended && track.version !== version) this.advanced.emit(track);
    }
  }
}
