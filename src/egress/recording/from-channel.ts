import type { Broadcast, BroadcastTap } from '../../channel/broadcast.ts';
import type { Chunk, Epoch } from '../../media/chunk.ts';
import { trackIdOf } from '../../media/mp4/cmaf-header.ts';
import { bringsParameterSets } from '../../media/mp4/parameter-sets.ts';
import { type Milliseconds, milliseconds, ticks, ticksToMilliseconds } from '../../media/time.ts';
import { Recording, type RecordingOptions } from './recording.ts';
import { compareTracks } from './same-file.ts';

/** How a broadcast is recorded. */
export interface BroadcastRecordingOptions extends RecordingOptions {
  /** The server's own ids, safe in a path; one for each recording. */
  newRecordingId(): string;
}

/** Records a broadcast from its next chunk to its end. */
export function recordBroadcast(
  broadcast: Broadcast,
  options: BroadcastRecordingOptions,
): BroadcastRecording {
  const recording = new BroadcastRecording(broadcast, options);
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
  /** Where each track's media ends on the broadcast's timeline. */
  readonly #ends = new Map<number, Milliseconds>();
  #epoch: Epoch | undefined;
  /** The present recording has the present epoch. */
  #decided = false;
  #failed = false;
  #ended = false;

  /** For {@link recordBroadcast}. */
  constructor(broadcast: Broadcast, options: BroadcastRecordingOptions) {
    this.#broadcast = broadcast;
    this.#options = options;
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
  }

  /** For {@link Broadcast}. */
  chunk(chunk: Chunk): void {
    if (this.#failed) return;
    try {
      if (!this.#decided) this.#decide(chunk);
      this.#current?.add(chunk);
      this.#ends.set(chunk.trackId, endOf(chunk));
    } catch (error) {
      this.#failed = true;
      this.#current?.end();
      this.#options.log.error(
        { broadcast: this.#broadcast.info.id, err: error },
        'a broadcast is not recorded',
      );
    }
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
