import { type Ticks, ticks } from '../time.ts';

/** When a sample is decoded and presented. */
export interface SampleTimes {
  readonly dts: Ticks;
  readonly pts: Ticks;
}

/**
 * Finds decode times where a container has presentation times only, without waiting for a later frame: with at most N
 * frames reordered, the i-th frame is decoded at the (i − N)-th smallest presentation time; the first N decode times
 * are extrapolated backwards. Decode times never go backwards and never pass the presentation time: in a stream that
 * breaks its own word, the presentation time gives way.
 */
export class DecodeOrder {
  readonly #frameDuration: Ticks;
  #last: Ticks;
  /** The largest presentation times so far, ascending, as many as frames may be reordered. */
  #pending: Ticks[] = [];

  /** `frameDuration` spaces the extrapolated times; no decode time is before `floor`. */
  constructor(frameDuration: Ticks, floor: Ticks) {
    this.#frameDuration = frameDuration;
    this.#last = floor;
  }

  /** Places the next frame in decoding order. */
  place(pts: Ticks, reorderFrames: number): SampleTimes {
    const pending = this.#pending;
    const after = pending.findLastIndex((other) => other <= pts);
    pending.splice(after + 1, 0, pts);
    const smallest = pending[0] ?? pts;
    const missing = reorderFrames + 1 - pending.length;
    let dts = ticks(smallest - Math.max(missing, 0) * this.#frameDuration);
    while (pending.length > reorderFrames) dts = pending.shift() ?? dts;
    this.#last = ticks(Math.max(Math.min(dts, pts), this.#last));
    return { dts: this.#last, pts: ticks(Math.max(pts, this.#last)) };
  }
}
