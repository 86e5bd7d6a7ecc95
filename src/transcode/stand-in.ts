import { Broadcast } from '../channel/broadcast.ts';
import type { GroupBufferLimits } from '../channel/group-buffer.ts';
import type { Rendition } from '../channel/rendition.ts';
import type { Chunk, Epoch } from '../media/chunk.ts';
import { mimeOf, writeInit } from '../media/mp4/cmaf-header.ts';
import { ticksToMilliseconds } from '../media/time.ts';
import type { Track } from '../media/track.ts';

/** How much sound waits for its picture: beyond that the picture fails, and is not waited for. */
const MOST_HELD = 3000;

/** A chunk of sound, and the epoch of the source that it is of. */
interface HeldSound {
  readonly epoch: Epoch;
  readonly chunk: Chunk;
}

/** What a stand-in is made of. */
export interface StandInOptions {
  readonly source: Broadcast;
  /** Its picture, in a codec that players have. */
  readonly picture: Rendition;
  readonly limits: GroupBufferLimits;
  /** There is something new for readers. */
  readonly wake: () => void;
}

/**
 * A broadcast with the sound of another one and a rendition of its picture: what readers are given of a codec that no player
 * of segments has. It has the other's epochs, by their indexes, and ends when the last of the rendition is out.
 */
export class StandIn {
  readonly broadcast: Broadcast;
  readonly #options: StandInOptions;
  /** Epochs of the source that the picture has not come to. */
  #coming: Epoch[] = [];
  /** The newest of the source. */
  #newest: Epoch | undefined;
  #epoch: Epoch | undefined;
  /** Where the picture stands, in ms. */
  #picture = 0;
  #held: HeldSound[] = [];

  constructor(options: StandInOptions) {
    const { source, picture, limits } = options;
    this.#options = options;
    this.broadcast = new Broadcast(source.info, limits, source.position);
    source.tap({
      epoch: (epoch) => this.#comes(epoch),
      chunk: (chunk) => this.#takeSound(chunk),
      end: () => {},
    });
    picture.follow({
      epoch: (epoch) => this.#takePicture(epoch),
      chunk: (chunk) => this.#show(chunk),
      end: () => this.#end(),
    });
  }

  /** An epoch of the source without a picture is shown as it is; others begin when their picture does. */
  #comes(epoch: Epoch): void {
    this.#newest = epoch;
    this.#coming.push(epoch);
    if (!hasVideo(epoch)) this.#begin(epoch, epoch.tracks);
  }

  #takeSound(chunk: Chunk): void {
    if (chunk.kind !== 'audio' || !this.#newest) return;
    this.#held.push({ epoch: this.#newest, chunk });
    this.#release();
  }

  #takePicture({ index, tracks }: Epoch): void {
    const source = this.#coming.find((epoch) => epoch.index === index) ?? this.#again(index);
    if (source) this.#begin(source, [...tracks, ...source.tracks.filter(({ kind }) => kind === 'audio')]);
  }

  /** The same epoch with another picture: its encoder was another one. */
  #again(index: number): Epoch | undefined {
    return this.#epoch?.index === index ? this.#epoch : undefined;
  }

  #begin(source: Epoch, tracks: readonly Track[]): void {
    while (this.#held[0] && this.#held[0].epoch.index < source.index) this.#pushSound();
    this.#coming = this.#coming.filter(({ index }) => index > source.index);
    this.#epoch = { ...source, tracks, init: writeInit(tracks), mime: mimeOf(tracks) };
    this.broadcast.startEpoch(this.#epoch);
    this.#release();
  }

  #show(chunk: Chunk): void {
    if (!this.#epoch || !hasVideo(this.#epoch)) return;
    const start = ticksToMilliseconds(chunk.dts, chunk.timescale);
    // A group begins with its picture; its sound follows.
    this.#picture = start;
    this.#release();
    this.broadcast.push(this.#epoch, chunk);
    this.#picture = start + ticksToMilliseconds(chunk.duration, chunk.timescale);
    this.#release();
    this.#options.wake();
  }

  /** Gives out the sound whose picture is out, or does not come. */
  #release(): void {
    for (;;) {
      const [first] = this.#held;
      if (!first || !this.#isDue(first)) return;
      this.#pushSound();
      this.#options.wake();
    }
  }

  #isDue({ epoch, chunk }: HeldSound): boolean {
    if (startOf(this.#held.at(-1)?.chunk ?? chunk) - startOf(chunk) > MOST_HELD) return true;
    if (this.#epoch?.index !== epoch.index) return false;
    return !hasVideo(this.#epoch) || startOf(chunk) < this.#picture;
  }

  /** Sound that comes before any picture, or whose epoch has not begun, cannot be shown. */
  #pushSound(): void {
    const sound = this.#held.shift();
    if (sound && this.#epoch?.index === sound.epoch.index) this.broadcast.push(this.#epoch, sound.chunk);
  }

  #end(): void {
    while (this.#held.length > 0) this.#pushSound();
    this.broadcast.setState('ended');
    this.#options.wake();
  }
}

const hasVideo = ({ tracks }: Epoch): boolean => tracks.some(({ kind }) => kind === 'video');

const startOf = ({ dts, timescale }: Chunk): number => ticksToMilliseconds(dts, timescale);
