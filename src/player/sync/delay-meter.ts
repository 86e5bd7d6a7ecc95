import { type Milliseconds, milliseconds } from '../../media/time.ts';
import type { ChunkReference } from '../buffer/read-chunks.ts';

/** What a delay counts from: the camera, the arrival at the server, or only the newest media that came here. */
export type DelaySource = 'capture' | 'arrival' | 'buffer';

/** How far what is on the screen lies behind. */
export interface Delay {
  readonly delay: Milliseconds;
  readonly from: DelaySource;
}

const KEPT = 64;

/** Tells the true delay of a moment of the media, from the reference times that came with it. */
export class DelayMeter {
  #references: ChunkReference[] = [];
  #newest = Number.NEGATIVE_INFINITY;

  /** Takes a chunk's end and its reference, where it has one. */
  add(end: Milliseconds, reference: ChunkReference | undefined): void {
    this.#newest = Math.max(this.#newest, end);
    if (!reference) return;
    this.#references = this.#references.filter(({ mediaTime }) => mediaTime < reference.mediaTime);
    this.#references.push(reference);
    if (this.#references.length > KEPT) this.#references.shift();
  }

  /** The delay of that moment at that server time; undefined before any media. */
  measure(mediaTime: Milliseconds, serverNow: Milliseconds | undefined): Delay | undefined {
    const reference =
      this.#references.findLast((candidate) => candidate.mediaTime <= mediaTime) ?? this.#references[0];
    if (reference && serverNow !== undefined) {
      const madeAt = reference.wallClock + mediaTime - reference.mediaTime;
      return {
        delay: milliseconds(Math.max(0, serverNow - madeAt)),
        from: reference.captured ? 'capture' : 'arrival',
      };
    }
    if (this.#newest === Number.NEGATIVE_INFINITY) return undefined;
    return { delay: milliseconds(Math.max(0, this.#newest - mediaTime)), from: 'buffer' };
  }

  /** Forgets everything: another broadcast begins. */
  reset(): void {
    this.#references = [];
    this.#newest = Number.NEGATIVE_INFINITY;
  }
}
