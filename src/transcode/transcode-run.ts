import type { Clock } from '../channel/clock.ts';
import type { Chunk, Epoch } from '../media/chunk.ts';
import { MediaError } from '../media/media-error.ts';
import { writeInit } from '../media/mp4/cmaf-header.ts';
import { moveChunk } from '../media/mp4/move-chunk.ts';
import { milliseconds, ticksToMilliseconds } from '../media/time.ts';
import type { Track } from '../media/track.ts';
import { isBefore } from './is-before.ts';
import type { ChildOrigin, Packet, PacketReader, Recipe } from './recipe.ts';
import type { RenditionOutput } from './rendition-output.ts';
import type { ChildExit, OpenChild, TranscodeChild } from './transcode-child.ts';

/**
 * A child that owes more than this for longer than that, some time after its start, is stuck or too slow. A publisher that was
 * away brings at once what it kept: that alone is nothing to be stopped for.
 */
const MOST_OWED = milliseconds(5000);
const PATIENCE = milliseconds(4000);
const START_TIME = milliseconds(10_000);

/** What a run is made of. */
export interface RunOptions {
  readonly recipe: Recipe;
  /** Of the broadcast. */
  readonly epoch: Epoch;
  readonly track: Track;
  readonly output: RenditionOutput;
  readonly openChild: OpenChild;
  readonly clock: Clock;
  /** The first packet came that goes out. */
  readonly onStarted: () => void;
}

/** The life of one child: chunks of one track of one epoch go in, packets come out. */
export class TranscodeRun {
  readonly epoch: Epoch;
  /** Settles when the child is gone and all that it made is out; never rejects. */
  readonly closed: Promise<ChildExit>;
  readonly #options: RunOptions;
  readonly #child: TranscodeChild;
  readonly #startedAt: number;
  #origin: ChildOrigin | undefined;
  #reader: PacketReader | undefined;
  #fedFrom = 0;
  #fedEnd = 0;
  #behindSince: number | undefined;
  #started = false;
  #ending = false;
  #givenUp = false;
  #problem: string | undefined;

  constructor(options: RunOptions) {
    const { recipe, epoch, track, output, openChild, clock } = options;
    this.#options = options;
    this.epoch = epoch;
    this.#startedAt = clock.now();
    output.moments.clear();
    this.#child = openChild({
      arguments: recipe.arguments(track),
      niceness: recipe.niceness,
      onOutput: (bytes) => this.#read(bytes),
    });
    this.#child.write([writeInit([track])]);
    this.closed = this.#child.closed.then((exit) => {
      output.flush();
      return this.#problem ? { ...exit, words: this.#problem } : exit;
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** It was told that nothing follows, or to stop. */
  get ending(): boolean {
    return this.#ending;
  }

  /** How long it has lived. */
  get age(): number {
    return this.#options.clock.now() - this.#startedAt;
  }

  /** Something that it made went out. */
  get started(): boolean {
    return this.#started;
  }

  /** It reads, and makes as much as it is fed with; else it will not catch up. */
  get keepsUp(): boolean {
    if (this.#ending || this.#problem) return true;
    const { recipe, clock } = this.#options;
    const late = this.#behindSince !== undefined && clock.now() - this.#behindSince > PATIENCE;
    return !(late && this.age > START_TIME) && this.#child.queued <= recipe.maxQueue;
  }

  /** It was ended by {@link giveUp}. */
  get givenUp(): boolean {
    return this.#givenUp;
  }

  /** Takes the next chunk of its track; the first must be one that decoding can start at. */
  feed(chunk: Chunk): void {
    if (this.#ending || this.#problem) return;
    const start = ticksToMilliseconds(chunk.dts, chunk.timescale);
    if (isBefore(start, this.#fedEnd) || (!this.#origin && !chunk.keyframe)) return;
    const origin = this.#origin ?? this.#begin(chunk, start);
    this.#fedEnd = start + ticksToMilliseconds(chunk.duration, chunk.timescale);
    const owed = this.#fedEnd - Math.max(this.#options.output.end, this.#fedFrom);
    this.#behindSince = owed > MOST_OWED ? (this.#behindSince ?? this.#options.clock.now()) : undefined;
    this.#options.output.moments.add(chunk);
    this.#child.write(moveChunk(chunk.bytes, origin.source));
  }

  /** Nothing follows: what it still has comes out, then it is closed. Idempotent. */
  end(): void {
    this.#ending = true;
    this.#child.end();
  }

  /** Ends it at once: it does not keep up. What is on its way through it is lost. */
  giveUp(): void {
    this.#givenUp = true;
    this.#abort('ffmpeg did not keep up, and was stopped');
  }

  #begin(chunk: Chunk, start: number): ChildOrigin {
    const origin = this.#options.recipe.origin(chunk);
    this.#origin = origin;
    this.#fedFrom = start;
    let made: Track | undefined;
    this.#reader = this.#options.recipe.openReader(origin, {
      track: (track) => {
        made = track;
      },
      packet: (packet) => {
        if (made && packet.dts >= origin.output) this.#packet(made, packet);
      },
    });
    return origin;
  }

  #packet(track: Track, packet: Packet): void {
    const { output, recipe, onStarted } = this.#options;
    // Behind what it was fed with there is only what filled up its last frame.
    if (!isBefore(ticksToMilliseconds(packet.dts, recipe.timescale), this.#fedEnd)) return;
    if (!this.#started && !packet.keyframe) return;
    if (!output.packet(this.epoch, track, packet) || this.#started) return;
    this.#started = true;
    onStarted();
  }

  #read(bytes: Uint8Array): void {
    if (this.#problem) return;
    try {
      this.#reader?.push(bytes);
    } catch (error) {
      if (!(error instanceof MediaError)) throw error;
      this.#abort(`ffmpeg wrote what cannot be read: ${error.message}`);
    }
  }

  #abort(problem: string): void {
    this.#problem = problem;
    this.#child.kill();
  }
}
