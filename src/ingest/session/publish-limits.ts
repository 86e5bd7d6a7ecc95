import { DEFAULT_DEMUXER_LIMITS, type DemuxerLimits } from '../../media/demuxer.ts';
import { type Bytes, bytes, type Milliseconds, milliseconds } from '../../media/time.ts';

/** What a publisher is held to. */
export interface PublishLimits {
  /** Bits a second, sustained. */
  readonly bitrate: number;
  /** How long a connected publisher may go without media before it is let go. */
  readonly noMediaTimeout: Milliseconds;
  /** Bytes that may wait for the disk before the publisher is held back. */
  readonly journalQueue: Bytes;
  readonly demuxer: DemuxerLimits;
}

/** 50 Mbit/s, 15 s, 16 MiB. */
export const DEFAULT_PUBLISH_LIMITS: PublishLimits = {
  bitrate: 50_000_000,
  noMediaTimeout: milliseconds(15_000),
  journalQueue: bytes(16 * 1024 * 1024),
  demuxer: DEFAULT_DEMUXER_LIMITS,
};
