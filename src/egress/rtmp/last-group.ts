import { lengthOf } from '../../media/rtmp/message.ts';
import type { FlvFrame } from './flv-track.ts';

/** A shorter group is no picture of what was going on, and its keyframes would come too often: the one before it is. */
const SHORTEST = 500;
/** Of a group with more, only the keyframe is kept. */
const MOST_BYTES = 8 * 1024 * 1024;
/** Of groups with so few pictures (a still, a shared screen) a keyframe is due now and then all the same. */
const SHORTEST_PERIOD = 500;

/** Pictures that can be shown again and again: a group from its keyframe on. */
export interface RepeatedGroup {
  readonly pictures: readonly FlvFrame[];
  /** From one keyframe to the next, in ms. */
  readonly period: number;
}

/** Remembers the last group of pictures, for when no more come. The frames are shared by all destinations. */
export class LastGroup {
  #pictures: FlvFrame[] = [];
  #bytes = 0;
  #isTooLarge = false;
  /** The one before, until the present one is long enough. */
  #before: readonly FlvFrame[] = [];

  /** Takes the next picture of the broadcast. */
  add(frame: FlvFrame): void {
    if (frame.keyframe) this.#begin(frame);
    else if (this.#pictures.length > 0 && !this.#isTooLarge) this.#append(frame);
  }

  /** Undefined before the first keyframe. */
  get repeated(): RepeatedGroup | undefined {
    const pictures = this.#before.length > 0 ? this.#before : this.#pictures;
    if (pictures.length === 0) return undefined;
    return { pictures, period: Math.max(SHORTEST_PERIOD, durationOf(pictures)) };
  }

  #begin(keyframe: FlvFrame): void {
    const isLongEnough = durationOf(this.#pictures) >= SHORTEST;
    if (isLongEnough) this.#before = this.#pictures;
    if (this.#before[0]?.track !== keyframe.track) this.#before = [];
    this.#pictures = [keyframe];
    this.#bytes = lengthOf(keyframe);
    this.#isTooLarge = false;
  }

  #append(frame: FlvFrame): void {
    this.#pictures.push(frame);
    this.#bytes += lengthOf(frame);
    if (this.#bytes > MOST_BYTES) {
      this.#pictures = this.#pictures.slice(0, 1);
      this.#isTooLarge = true;
    }
    if (this.#isTooLarge || durationOf(this.#pictures) >= SHORTEST) this.#before = [];
  }
}

/** In ms. */
function durationOf(pictures: readonly FlvFrame[]): number {
  const [first, last] = [pictures[0], pictures.at(-1)];
  return first && last ? last.time + last.duration - first.time : 0;
}
