import { type Bytes, bytes } from './time.ts';

/**
 * Reads a container as its bytes arrive and calls its sink. Pure: no clock, no buffers beyond one element.
 * After it threw it is dead.
 */
export interface Demuxer {
  /** Takes the next bytes, in any slicing. They belong to the demuxer from here on. Throws MediaError. */
  push(bytes: Uint8Array): void;
  /** The next byte to be pushed is at that offset of the stream: the header was pushed, and a {@link RestartPoint} is next. */
  skipTo(offset: number): void;
  /** The stream is complete: emits what was held back. Throws MediaError `container-truncated` in mid-element. */
  end(): void;
}

/** What a demuxer refuses, so that a hostile stream costs no more than it sends. */
export interface DemuxerLimits {
  /** The largest element or box that is held in memory. */
  readonly maxElement: Bytes;
  readonly maxTracks: number;
  /** Width × height. */
  readonly maxPixels: number;
}

/** 16 MiB an element, 8 tracks, 16 megapixels. */
export const DEFAULT_DEMUXER_LIMITS: DemuxerLimits = {
  maxElement: bytes(16 * 1024 * 1024),
  maxTracks: 8,
  maxPixels: 16_000_000,
};
