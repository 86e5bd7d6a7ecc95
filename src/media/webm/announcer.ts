import type { Sample, SampleSink } from '../sample.ts';
import type { Track } from '../track.ts';

/** What may wait for a track to become known: bytes (and what each sample costs beside them) and media time. */
const MAX_HELD_BYTES = 16 * 1024 * 1024;
const SAMPLE_OVERHEAD = 256;
const MAX_HELD_SECONDS = 5;

/** Where samples of one track come from. */
export interface AnnouncedSource {
  readonly kind: Track['kind'];
  /** Undefined until it is known; another object after it changed. */
  readonly track: Track | undefined;
}

interface HeldSample {
  readonly source: AnnouncedSource;
  readonly track: Track;
  readonly sample: Sample;
}

/**
 * Stands before the sink: holds samples until every track's configuration is known, at most 16 MiB or 5 s of media,
 * and announces tracks before the samples that need them.
 */
export class Announcer {
  readonly #sink: SampleSink;
  /** All tracks of the Segment, in the order that they are announced in. */
  #expected: readonly AnnouncedSource[] = [];
  /** The tracks that the sink knows, in their positions. */
  #announced: { source: AnnouncedSource; track: Track }[] = [];
  #everAnnounced = false;
  #waiting = false;
  #held: HeldSample[] = [];
  #heldBytes = 0;

  constructor(sink: SampleSink) {
    this.#sink = sink;
  }

  /** Samples are held: not every track is known. */
  get waiting(): boolean {
    return this.#waiting;
  }

  /** Bytes that the samples on hold cost. */
  get retained(): number {
    return this.#heldBytes;
  }

  /** A Segment begins. Its tracks take the positions that tracks of the same kind had before. */
  begin(sources: readonly AnnouncedSource[]): void {
    this.#release();
    const rest = [...sources];
    const kept = this.#announced.flatMap(({ source }) => {
      const index = rest.findIndex((other) => other.kind === source.kind);
      return index < 0 ? [] : rest.splice(index, 1);
    });
    this.#expected = [...kept, ...rest];
    this.#announced = [];
    this.#waiting = true;
    if (this.#allKnown()) this.#release();
  }

  /** The next sample, and its track as it is from this sample on. */
  sample(source: AnnouncedSource, track: Track, sample: Sample): void {
    if (!this.#waiting) {
      this.#forward(source, track, sample);
      return;
    }
    this.#held.push({ source, track, sample });
    this.#heldBytes += sample.data.length + SAMPLE_OVERHEAD;
    if (this.#allKnown() || this.#heldBytes > MAX_HELD_BYTES || this.#heldSeconds() > MAX_HELD_SECONDS) {
      this.#release();
    }
  }

  /** The stream is over: what is held goes out. Returns whether any track was ever announced. */
  end(): boolean {
    this.#release();
    return this.#everAnnounced;
  }

  #allKnown(): boolean {
    return this.#expected.every(({ track }) => track);
  }

  #heldSeconds(): number {
    const first = this.#held[0];
    const last = this.#held.at(-1);
    if (!first || !last) return 0;
    return last.sample.dts / last.track.timescale - first.sample.dts / first.track.timescale;
  }

  #release(): void {
    if (!this.#waiting) return;
    const held = this.#held;
    this.#waiting = false;
    this.#held = [];
    this.#heldBytes = 0;
    this.#announced = this.#expected.flatMap((source) => {
      const track = held.find((other) => other.source === source)?.track ?? source.track;
      return track ? [{ source, track }] : [];
    });
    if (this.#announced.length > 0) this.#announce();
    for (const { source, track, sample } of held) this.#forward(source, track, sample);
  }

  #forward(source: AnnouncedSource, track: Track, sample: Sample): void {
    const found = this.#announced.findIndex((other) => other.source === source);
    const position = found < 0 ? this.#announced.length : found;
    if (this.#announced[position]?.track !== track) {
      this.#announced[position] = { source, track };
      this.#announce();
    }
    this.#sink.sample(position, sample);
  }

  #announce(): void {
    this.#everAnnounced = true;
    this.#sink.tracks(this.#announced.map(({ track }) => track));
  }
}
