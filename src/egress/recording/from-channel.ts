import type { Broadcast, BroadcastTap } from '../../channel/broadcast.ts';
import type { Chunk, Epoch } from '../../media/chunk.ts';
import { trackIdOf } from '../../media/mp4/cmaf-header.ts';
import { bringsParameterSets } from '../../media/mp4/parameter-sets.ts';
import { type Milliseconds, milliseconds, ticks, ticksToMilliseconds } from '../../media/time.ts';
import { Recording, type RecordingOptions } from './recording.ts';
import type { BroadcastRecordingState } from './recording-state.ts';
import { compareTracks } from './same-file.ts';

/** How a broadcast is recorded. */
export interface BroadcastRecordingOptions extends RecordingOptions {
  /** The server's own ids, safe in a path; one for each recording. */
  newRecordingId(): string;
}

/** Missing media that is shorter than this is a hiccup, not a gap. */
const SHORTEST_GAP = 1000;

/**
 * Records a broadcast from its next chunk to its end; where another process began that, `state` says how far it came.
 * Throws StorageError when the file to be gone on with is not there.
 */
export function recordBroadcast(
  broadcast: Broadcast,
  options: BroadcastRecordingOptions,
  state?: BroadcastRecordingState,
): BroadcastRecording {
  const recording = new BroadcastRecording(broadcast, options, state);
  broadcast.tap(recording);
  return recording;
}

/**
 * What is recorded of a broadcast: one recording, and another one each time that it goes on in a way that cannot
 * be in the same file. Its own failure ends it, and nothing else.
 */
export class BroadcastRecording implements BroadcastTap {
  /** Settles when every recording is finished. Never rejects. */
  readonly closed: Promise<void>;
  readonly #broadcast: Broadcast;
  readonly #options: BroadcastRecordingOptions;
  readonly #settleClosed: () => void;
  readonly #recordings: Recording[] = [];
  /** Where each track's media ends on the broadcast's timeline, and when its last moment was captured, by the wall clock. */
  readonly #ends = new Map<number, Milliseconds>();
  #wallEnd: number | undefined;
  #mayMiss = false;
  #epoch: Epoch | undefined;
  /** The present recording has the present epoch. */
  #decided = false;
  #failed = false;
  #ended = false;

  /** For {@link recordBroadcast}. */
  constructor(
    broadcast: Broadcast,
    options: BroadcastRecordingOptions,
    state: BroadcastRecordingState | undefined,
  ) {
    this.#broadcast = broadcast;
    this.#options = options;
    if (state) this.#restore(state);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#settleClosed = resolve;
  }

  /** The newest recording; undefined before its first chunk. */
  get id(): string | undefined {
    return this.#current?.id;
  }

  /** `damaged` as soon as anything is missing from it. */
  get state(): 'recording' | 'complete' | 'damaged' {
    if (this.#failed || this.#recordings.some(({ state }) => state === 'damaged')) return 'damaged';
    return this.#ended && this.#current?.state !== 'recording' ? 'complete' : 'recording';
  }

  /** For {@link Broadcast}. */
  epoch(epoch: Epoch): void {
    this.#epoch = epoch;
    this.#decided = false;
    this.#mayMiss ||= epoch.startsSession === true;
  }

  /** For {@link Broadcast}. */
  chunk(chunk: Chunk): void {
    if (this.#failed) return;
    try {
      if (!this.#decided) this.#decide(chunk);
      if (this.#mayMiss) this.#lookForGap(chunk);
      this.#current?.add(chunk);
      this.#ends.set(chunk.trackId, endOf(chunk));
      this.#wallEnd = chunk.wallClock + ticksToMilliseconds(chunk.duration, chunk.timescale);
    } catch (error) {
      this.#failed = true;
      this.#current?.end();
      this.#options.log.error(
        { broadcast: this.#broadcast.info.id, err: error },
        'a broadcast is not recorded',
      );
    }
  }

  /** How it stood at the call, once that is durable, for another process; undefined when nothing is recorded now. */
  async checkpoint(): Promise<BroadcastRecordingState | undefined> {
    const ends = [...this.#ends];
    const wallEnd = this.#wallEnd ?? null;
    const recording = await this.#current?.checkpoint();
    return recording && { recording, ends, wallEnd };
  }

  /** All that came is written, or cannot be: for who makes media faster than a disk may take it. */
  async drained(): Promise<void> {
    await this.#current?.drained();
  }

  /** It cannot be vouched for any more: it ends, and says so. */
  damage(reason: string): void {
    this.#current?.damage(reason);
  }

  /** Nothing follows from this process, which stops: another one may go on. */
  suspend(): void {
    this.#current?.suspend();
  }

  /** For {@link Broadcast}. */
  end(): void {
    this.#ended = true;
    this.#current?.end();
    void Promise.all(this.#recordings.map(({ closed }) => closed)).then(this.#settleClosed);
  }

  get #current(): Recording | undefined {
    return this.#recordings[this.#recordings.length - 1];
  }

  #restore({ recording, ends, wallEnd }: BroadcastRecordingState): void {
    const mime = this.#broadcast.epoch?.mime ?? 'video/mp4';
    const continuation = { broadcast: this.#broadcast.info, mime, state: recording };
    this.#recordings.push(new Recording(continuation, this.#options));
    for (const [track, end] of ends) this.#ends.set(track, milliseconds(end));
    this.#wallEnd = wallEnd ?? undefined;
  }

  /** Another publisher session goes on: what it missed is what the wall clock says beyond the media. */
  #lookForGap(chunk: Chunk): void {
    this.#mayMiss = false;
    if (this.#wallEnd === undefined) return;
    const missing = chunk.wallClock - this.#wallEnd;
    if (missing >= SHORTEST_GAP) this.#current?.addGap(milliseconds(missing));
  }

  #decide(chunk: Chunk): void {
    const epoch = this.#epoch;
    const current = this.#current;
    if (!epoch) return;
    if (!current) {
      this.#begin(epoch, chunk);
      return;
    }
    let answer = compareTracks(current.tracks, epoch.tracks);
    // A file that had other parameter sets already needs these to be repeated.
    if (answer === 'yes' && current.inBandParameterSets) answer = 'in-band';
    const video = epoch.tracks.find((track) => track.kind === 'video');
    if (answer === 'in-band' && video) {
      // Sound that comes first is the same in either file; the first keyframe tells.
      if (chunk.kind !== 'video') return;
      if (bringsParameterSets(chunk.bytes, video)) current.allowInBandParameterSets();
      else answer = 'no';
    }
    if (answer === 'no') this.#begin(epoch, chunk);
    this.#decided = true;
  }

  #begin(epoch: Epoch, first: Chunk): void {
    this.#current?.end();
    const id = this.#options.newRecordingId();
    // No track goes back behind its own end: nothing to come starts before the earliest of them.
    const ends = epoch.tracks.map((track) => this.#ends.get(trackIdOf(track)) ?? startOf(first));
    const startAt = milliseconds(Math.min(startOf(first), ...ends));
    this.#recordings.push(
      new Recording({ id, broadcast: this.#broadcast.info, epoch, startAt }, this.#options),
    );
    this.#decided = true;
  }
}

const startOf = ({ dts, timescale }: Chunk): Milliseconds => ticksToMilliseconds(dts, timescale);

const endOf = ({ dts, duration, timescale }: Chunk): Milliseconds =>
  ticksToMilliseconds(ticks(dts + duration), timescale);
