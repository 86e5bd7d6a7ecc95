import type { Chunk, ChunkSink, Epoch } from '../media/chunk.ts';
import { sameBytes } from '../media/codec/configuration.ts';
import type { ChunkSample } from '../media/mp4/cmaf-chunk.ts';
import { mimeOf, writeInit } from '../media/mp4/cmaf-header.ts';
import { type Milliseconds, milliseconds, type Ticks, ticks, ticksToMilliseconds } from '../media/time.ts';
import type { Track } from '../media/track.ts';
import type { CaptureMoment } from '../package/capture-clock.ts';
import { ChunkOutput } from '../package/chunk-output.ts';
import { isBefore } from './is-before.ts';
import type { Packet, Recipe } from './recipe.ts';
import { SourceMoments } from './source-moments.ts';

/** The chunk that is being filled. */
interface OpenChunk {
  readonly dts: Ticks;
  readonly keyframe: boolean;
  readonly startsGroup: boolean;
  readonly moment: CaptureMoment;
}

/** Makes epochs and chunks of a rendition, whatever child its packets come from: a timeline that only moves forward. */
export class RenditionOutput {
  readonly moments = new SourceMoments();
  readonly #recipe: Recipe;
  readonly #sink: ChunkSink;
  readonly #chunks: ChunkOutput;
  #epoch: Epoch | undefined;
  #end = 0;
  #open: OpenChunk | undefined;
  #samples: ChunkSample[] = [];
  #duration = 0;

  constructor(recipe: Recipe, sink: ChunkSink) {
    this.#recipe = recipe;
    this.#sink = sink;
    this.#chunks = new ChunkOutput(sink);
  }

  /** The epoch of the last chunk. */
  get epoch(): Epoch | undefined {
    return this.#epoch;
  }

  /** Where the rendition stands on the broadcast's timeline. */
  get end(): Milliseconds {
    return milliseconds(this.#end);
  }

  /** Adds what a child made of that epoch. What lies before {@link end} is dropped: then the answer is false. */
  packet(source: Epoch, track: Track, packet: Packet): boolean {
    const { dts, duration, compositionOffset, keyframe, data } = packet;
    const at = this.#milliseconds(dts);
    if (isBefore(at, this.#end)) return false;
    this.#begin(source, track);
    const moment = this.moments.at(at);
    const isVideo = this.#recipe.kind === 'video';
    const startsGroup = this.moments.takeGroupStart();
    if (startsGroup) this.flush();
    this.#open ??= { dts, keyframe, startsGroup: isVideo ? keyframe : startsGroup, moment };
    this.#samples.push({ duration, compositionOffset, data });
    this.#duration += duration;
    this.#end = this.#milliseconds(ticks(dts + duration));
    if (this.#samples.length >= this.#recipe.chunkPackets) this.flush();
    return true;
  }

  /** Passes on a chunk of the broadcast as it is. */
  copy(source: Epoch, track: Track, chunk: Chunk): void {
    const at = ticksToMilliseconds(chunk.dts, chunk.timescale);
    if (isBefore(at, this.#end)) return;
    this.#begin(source, track);
    this.#end = at + ticksToMilliseconds(chunk.duration, chunk.timescale);
    this.#sink.chunk(chunk);
  }

  /** Writes the packets that are held. */
  flush(): void {
    if (!this.#open) return;
    const { kind, timescale } = this.#recipe;
    this.#chunks.write({ kind, timescale, duration: ticks(this.#duration), ...this.#open }, this.#samples);
    this.#open = undefined;
    this.#samples = [];
    this.#duration = 0;
  }

  /** What follows is of that track, and belongs to that epoch of the broadcast. */
  #begin(source: Epoch, track: Track): void {
    const [known] = this.#epoch?.tracks ?? [];
    if (this.#epoch?.index === source.index && known && sameTrack(known, track)) return;
    this.flush();
    this.#epoch = { ...source, tracks: [track], init: writeInit([track]), mime: mimeOf([track]) };
    this.#sink.epoch(this.#epoch);
  }

  #milliseconds(value: Ticks): Milliseconds {
    return ticksToMilliseconds(value, this.#recipe.timescale);
  }
}

function sameTrack(a: Track, b: Track): boolean {
  return a.codecString === b.codecString && sameBytes(a.configuration, b.configuration);
}
