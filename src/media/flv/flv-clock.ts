import { type Ticks, ticks } from '../time.ts';

const MODULUS = 2 ** 32;

/** Follows timestamps of 32 bits, in milliseconds, over their end: what is nearest to the last one is meant. */
export class FlvClock {
  #last: number | undefined;
  #wrapped = false;

  /** It has come over the end: another clock that begins later would not know. */
  get wrapped(): boolean {
    return this.#wrapped;
  }

  /** The time of a tag, which may lie before that of the last one. */
  read(timestamp: number): Ticks {
    const last = this.#last ?? timestamp;
    const time = last + ((timestamp - (last % MODULUS)) | 0);
    this.#last = time;
    this.#wrapped ||= time !== timestamp;
    return ticks(time);
  }
}
