import { AUDIO_TRACK_ID, type Chunk, type ChunkSink, VIDEO_TRACK_ID } from '../media/chunk.ts';
import {
  PRFT_ARRIVED,
  PRFT_CAPTURED,
  type ProducerReferenceTime,
} from '../media/mp4/boxes/producer-reference-time.ts';
import { type ChunkSample, writeChunk } from '../media/mp4/cmaf-chunk.ts';
import { type Ticks, type Timescale, ticks } from '../media/time.ts';
import type { CaptureMoment } from './capture-clock.ts';
import { Slab } from './slab.ts';

/** What a chunk says beside its samples. */
export interface ChunkDraft {
  readonly kind: Chunk['kind'];
  readonly timescale: Timescale;
  readonly dts: Ticks;
  readonly duration: Ticks;
  readonly keyframe: boolean;
  readonly startsGroup: boolean;
  readonly moment: CaptureMoment;
}

/** Makes chunks and hands them on: numbers them, and ties the start of each group to the wall clock. */
export class ChunkOutput {
  readonly #sink: ChunkSink;
  readonly #slab = new Slab();
  #sequence = 0;

  /** `sequence`: of the chunk before the first one. */
  constructor(sink: ChunkSink, sequence = 0) {
    this.#sink = sink;
    this.#sequence = sequence;
  }

  /** Of the last chunk. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Writes a chunk. The samples' bytes are copied; the list may be used again. */
  write(draft: ChunkDraft, samples: readonly ChunkSample[]): void {
    const trackId = draft.kind === 'video' ? VIDEO_TRACK_ID : AUDIO_TRACK_ID;
    this.#sequence += 1;
    const bytes = writeChunk(
      {
        trackId,
        sequence: this.#sequence,
        decodeTime: draft.dts,
        keyframe: draft.kind === 'video' && draft.keyframe,
        referenceTime: draft.startsGroup ? this.#referenceTime(draft, trackId, samples[0]) : undefined,
      },
      samples,
      this.#slab.cut,
    );
    this.#sink.chunk({
      kind: draft.kind,
      trackId,
      timescale: draft.timescale,
      dts: draft.dts,
      duration: draft.duration,
      samples: samples.length,
      keyframe: draft.keyframe,
      startsGroup: draft.startsGroup,
      wallClock: draft.moment.wallClock,
      bytes,
    });
  }

  #referenceTime(draft: ChunkDraft, trackId: number, first: ChunkSample | undefined): ProducerReferenceTime {
    const mediaTime = ticks(draft.dts + (first?.compositionOffset ?? 0));
    const { wallClock, captured } = draft.moment;
    return { trackId, wallClock, mediaTime, flags: captured ? PRFT_CAPTURED : PRFT_ARRIVED };
  }
}
