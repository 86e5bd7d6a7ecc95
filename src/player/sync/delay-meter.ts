import { type Milliseconds, milliseconds } from '../../media/time.ts';
import type { ChunkReference } from '../buffer/read-chunks.ts';

/** What a delay counts from: the camera, the arrival at the server, or only the newest media that came here. */
export type DelaySource = 'capture' | 'arrival' | 'buffer';

/** How far what is on the screen lies behind. */
export interface Delay {
  readonly delay: Milliseconds;
  readonly from: DelaySource;
}

/** The server's wall clock at a moment of the media. */
export interface MediaDate {
  readonly at: Milliseconds;
  readonly from: Exclude<DelaySource, 'buffer'>;
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

  /** When that moment was captured, or arrived at the server; undefined before any reference. */
  dateOf(mediaTime: Milliseconds): MediaDate | undefined {
    const reference =
      this.#references.findLast((candidate) => candidate.mediaTime <= mediaTime) ?? this.#references[0];
    if (!reference) return undefined;
    const at = milliseconds(reference.wallClock + mediaTime - reference.mediaTime);
    return { at, from: reference.captured ? 'capture' : 'arrival' };
  }

  /** The delay of that moment at that server time; undefined before any media. */
  measure(mediaTime: Milliseconds, serverNow: Milliseconds | undefined): Delay | undefined {
    const date = this.dateOf(mediaTime);
    if (date && serverNow !== undefined)
      return { delay: milliseconds(Math.max(0, serverNow - date.at)), from: date.from };
    if (this.#newest === Number.NEGATIVE_INFINITY) return undefined;
    return { delay: milliseconds(Math.max(0, this.#newest - mediaTime)), from: 'buffer' };
  }

  /** Forgets everything: another broadcast begins. */
  reset(): void {
    this.#references = [];
    this.#newest = Number.NEGATIVE_INFINITY;
  }
}
