import type { Broadcast } from '../../channel/broadcast.ts';
import type { Channel } from '../../channel/channel.ts';
import type { Clock } from '../../channel/clock.ts';
import type { Publication, PublicationOutcome, PublishOptions } from '../../channel/publication.ts';
import type { Chunk, ChunkSink, Epoch } from '../../media/chunk.ts';
import type { Demuxer, DemuxerLimits } from '../../media/demuxer.ts';
import { MediaError } from '../../media/media-error.ts';
import { openDemuxer } from '../../media/open-demuxer.ts';
import type { RestartPoint, Sample, SampleSink } from '../../media/sample.ts';
import type { Milliseconds } from '../../media/time.ts';
import type { Track } from '../../media/track.ts';
import { Packager, type PackagerResume } from '../../package/packager.ts';
import type { MadeMedia } from '../../package/packager-state.ts';
import { CaptureTime } from './capture-time.ts';
import { EpochLimit } from './epoch-limit.ts';
import { RestartPoints, type UsablePoint } from './restart-points.ts';

/** How a container stream goes to a channel. */
export interface ToChannelOptions extends PublishOptions {
  readonly limits: DemuxerLimits;
  readonly clock: Clock;
  /** Where another process left the stream. */
  readonly resume?: PackagerResume | undefined;
  /** Wall clock less the container's clock, as another process knew it. */
  readonly captureDistance?: number | undefined;
  /** Why a stream with such tracks cannot go on to the channel, in words for its publisher; undefined where it can. */
  refusalOf?(tracks: readonly Track[]): string | undefined;
  /** The channel is no longer held, for another reason than this stream's own end. Called from the event loop. */
  onClosed(outcome: PublicationOutcome): void;
}

/** Container bytes in, chunks to the channel: a demuxer, a packager and the hold on the channel. */
export class ToChannel implements SampleSink, ChunkSink {
  readonly #channel: Channel;
  readonly #options: ToChannelOptions;
  readonly #demuxer: Demuxer;
  readonly #captureTime: CaptureTime;
  readonly #epochLimit = new EpochLimit();
  readonly #restartPoints = new RestartPoints();
  /** Position of the track whose keyframes start groups: video, where there is any. */
  #groupTrack = 0;
  #publication: Publication;
  #packager: Packager | undefined;
  #broadcast: Broadcast | undefined;
  #chunks = 0;
  /** What is pushed was taken once before: how fast it changes now says nothing. */
  replaying = false;

  /** Takes the channel. Throws ChannelBusyError. */
  constructor(channel: Channel, options: ToChannelOptions) {
    this.#channel = channel;
    this.#options = options;
    this.#demuxer = openDemuxer(this, options.limits);
    this.#captureTime = new CaptureTime(options.clock, options.captureDistance);
    this.#publication = this.#publish();
  }

  /** The broadcast that it feeds; undefined before its tracks are known. */
  get broadcast(): Broadcast | undefined {
    return this.#broadcast;
  }

  /** The hold on the channel. */
  get publication(): Publication {
    return this.#publication;
  }

  /** Chunks made so far. */
  get chunks(): number {
    return this.#chunks;
  }

  /** Where the broadcast's timeline stands. */
  get position(): Milliseconds {
    return this.#publication.position;
  }

  /** The channel is no longer held. */
  get left(): boolean {
    return this.#publication.outcome !== undefined;
  }

  /** Wall clock less the container's clock, in milliseconds, where its publisher told. */
  get captureDistance(): number | undefined {
    return this.#captureTime.distance;
  }

  /** What chunks were made of so far, and the newest place in the stored bytes that another process can go on from to make the rest. */
  checkpoint(stored: number): { readonly point: UsablePoint; readonly made: MadeMedia } | undefined {
    const made = this.#packager?.made;
    const point = made && this.#restartPoints.newest(made, stored);
    return made && point && { point, made };
  }

  /** The header was pushed, and what begins at that byte of the stream is next. */
  skipTo(offset: number): void {
    this.#demuxer.skipTo(offset);
  }

  /** Takes the next bytes of the container. Throws MediaError. */
  push(bytes: Uint8Array): void {
    this.#demuxer.push(bytes);
    this.#packager?.release();
  }

  /** What had timestamp `media` in the container was captured at `wall`. */
  capturedAt(media: Milliseconds, wall: Milliseconds): void {
    this.#captureTime.set(media, wall);
  }

  /** Writes what the packager holds: nothing will follow, or not for long. */
  flush(): void {
    this.#packager?.flush();
  }

  /** The publisher is away. One whose tracks are not known yet leaves the channel. */
  lost(): void {
    this.#publication.markLost();
  }

  /** The publisher is back. Throws ChannelBusyError when it had left the channel and another one has it now. */
  resumed(): void {
    if (this.left && !this.#broadcast) this.#publication = this.#publish();
    else this.#publication.markResumed();
  }

  /** The container is complete: ends the broadcast, whatever its last bytes were. Answers what was wrong with them. */
  end(): unknown {
    let problem: unknown;
    try {
      this.#demuxer.end();
    } catch (error) {
      problem = error;
    }
    try {
      this.flush();
    } catch (error) {
      problem ??= error;
    }
    this.#publication.end();
    return problem;
  }

  /** For the demuxer. Throws MediaError `codec-unsupported`. */
  tracks(tracks: readonly Track[]): void {
    const refusal = this.replaying ? undefined : this.#options.refusalOf?.(tracks);
    if (refusal !== undefined) throw new MediaError('codec-unsupported', refusal);
    this.#packager ??= new Packager({
      sink: this,
      startAt: this.#publication.position,
      ends: this.#publication.ends,
      firstEpoch: this.#publication.nextEpoch,
      captureClock: this.#captureTime,
      resume: this.#options.resume,
    });
    const video = tracks.findIndex(({ kind }) => kind === 'video');
    this.#groupTrack = Math.max(video, 0);
    this.#packager.tracks(tracks);
  }

  /** For the demuxer. */
  sample(track: number, sample: Sample): void {
    if (track === this.#groupTrack && this.#restartPoints.undecided)
      this.#restartPoints.decide(sample.keyframe);
    this.#packager?.sample(track, sample);
  }

  /** For the demuxer. */
  restartPoint(point: RestartPoint): void {
    this.#restartPoints.offer(point, this.#packager?.save());
  }

  /** For the packager. Throws MediaError `too-many-changes`. */
  epoch(epoch: Epoch): void {
    if (this.left) return;
    if (!this.replaying) this.#epochLimit.add(this.#options.clock.now());
    this.#publication.epoch(epoch);
    this.#broadcast = this.#channel.broadcast;
  }

  /** For the packager. */
  chunk(chunk: Chunk): void {
    this.#chunks += 1;
    this.#publication.chunk(chunk);
  }

  #publish(): Publication {
    const publication = this.#channel.publish(this.#options);
    void publication.closed.then((outcome) => {
      if (outcome !== 'ended') this.#options.onClosed(outcome);
    });
    return publication;
  }
}
