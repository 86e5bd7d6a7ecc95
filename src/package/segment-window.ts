import type { Epoch } from '../media/chunk.ts';
import { type Milliseconds, milliseconds, ticksToMilliseconds } from '../media/time.ts';
import { type Part, type Segment, type SegmentLimits, targetDurationOf } from './segment.ts';
import { SegmentRates } from './segment-rates.ts';

/** Of that many target durations a live playlist must be (rfc8216bis §6.2.2), and one more for who is just loading it. */
const LEAST_WINDOW = 4;

/** At least so much is listed where there is as much. */
const leastListed = (limits: SegmentLimits): Milliseconds =>
  milliseconds(Math.max(limits.window, LEAST_WINDOW * targetDurationOf(limits)));

/** So much media playlists go back at most: a segment more than they need to, and the one that grows. */
export const mostListed = (limits: SegmentLimits): Milliseconds =>
  milliseconds(leastListed(limits) + 2 * targetDurationOf(limits));

/**
 * The complete segments of a track: the newest are listed, and what was listed stays to be had for as long as a player
 * may go by a playlist that has it (rfc8216bis §6.2.2). Bounded in media time and bytes.
 */
export class SegmentWindow {
  /** What the track has measured so far. */
  readonly rates: SegmentRates;
  readonly #duration: Milliseconds;
  readonly #kept: Milliseconds;
  readonly #maxBytes: number;
  readonly #held: Segment[] = [];
  /** What all segments before each of them last together, and all of them: holes between epochs do not count. */
  readonly #before: number[] = [];
  #total = 0;
  #firstListed = 0;
  #heldBytes = 0;

  constructor(limits: SegmentLimits) {
    const target = targetDurationOf(limits);
    this.#duration = leastListed(limits);
    // A playlist is up to a segment longer than it need be, and so is what came when one was last listed.
    this.#kept = milliseconds(2 * (this.#duration + 2 * target));
    this.#maxBytes = limits.maxBytes;
    this.rates = new SegmentRates(milliseconds(target / 2));
  }

  /** Bytes of all that are held, listed or not. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Those that playlists list, oldest first. */
  get listed(): readonly Segment[] {
    return this.#held.slice(Math.max(0, this.#firstListed - this.#first));
  }

  /** How many are listed. */
  get length(): number {
    return this.#held.length - (this.#firstListed - this.#first);
  }

  /** The newest one. */
  get last(): Segment | undefined {
    return this.#held.at(-1);
  }

  /** The one of that media sequence number, listed or not. */
  segment(sequence: number): Segment | undefined {
    return this.#held[sequence - this.#first];
  }

  /** The part of that number, of any that is held. */
  part(sequence: number): Part | undefined {
    for (let index = this.#held.length - 1; index >= 0; index -= 1) {
      const parts = this.#held[index]?.parts ?? [];
      const first = parts[0]?.sequence ?? Number.POSITIVE_INFINITY;
      if (sequence >= first) return parts[sequence - first];
    }
    return undefined;
  }

  /** The epoch of that index, where a segment of it is held. */
  epoch(index: number): Epoch | undefined {
    return this.#held.find(({ epoch }) => epoch.index === index)?.epoch;
  }

  /** For `SegmentTrack`: adds one that is complete, and lets go of what is too old. */
  push(segment: Segment): void {
    if (this.#held.length === 0) this.#firstListed = segment.sequence;
    this.#held.push(segment);
    this.#before.push(this.#total);
    this.#total += ticksToMilliseconds(segment.duration, segment.timescale);
    this.#heldBytes += segment.byteLength;
    this.rates.add(segment);
    this.#unlist();
    this.#evict();
  }

  get #first(): number {
    return this.#held[0]?.sequence ?? 0;
  }

  #unlist(): void {
    for (;;) {
      const next = this.segment(this.#firstListed + 1);
      if (!next || this.#from(next) < this.#duration) return;
      this.#firstListed += 1;
    }
  }

  #evict(): void {
    for (;;) {
      const [oldest, next] = this.#held;
      if (!oldest || !next) return;
      const old = oldest.sequence < this.#firstListed && this.#from(next) > this.#kept;
      if (!old && this.#heldBytes <= this.#maxBytes) return;
      this.#held.shift();
      this.#before.shift();
      this.#heldBytes -= oldest.byteLength;
      this.#firstListed = Math.max(this.#firstListed, next.sequence);
    }
  }

  /** What that segment and all after it last. */
  #from({ sequence }: Segment): Milliseconds {
    return milliseconds(this.#total - (this.#before[sequence - this.#first] ?? this.#total));
  }
}
