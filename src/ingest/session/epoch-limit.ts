import { MediaError } from '../../media/media-error.ts';
import type { Milliseconds } from '../../media/time.ts';

const MAX_EPOCHS = 30;
const WINDOW = 60_000;

/**
 * Holds a publisher to 30 epochs a minute: each makes every player set up its decoders anew, and a change of codec a
 * recording. Time is an input.
 */
export class EpochLimit {
  #starts: Milliseconds[] = [];

  /** Counts an epoch that starts now. Throws MediaError `too-many-changes`. */
  add(now: Milliseconds): void {
    this.#starts = this.#starts.filter((start) => now - start < WINDOW);
    if (this.#starts.length >= MAX_EPOCHS) {
      throw new MediaError(
        'too-many-changes',
        `The codec or the picture size changed more than ${MAX_EPOCHS} times within a minute.`,
      );
    }
    this.#starts.push(now);
  }
}
