import { type Milliseconds, milliseconds, type Ticks, ticks } from '../../time.ts';
import { readFullBoxHeader } from '../box.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';

/**
 * ProducerReferenceTimeBox, `prft` (ISO/IEC 14496-12 §8.16.5): ties a moment of a track's media to the wall clock.
 */
export interface ProducerReferenceTime {
  readonly trackId: number;
  /** Since 1970; kept as NTP time, to a quarter of a nanosecond. */
  readonly wallClock: Milliseconds;
  /** Presentation time of the earliest frame of the fragment that follows, on the track's timescale. */
  readonly mediaTime: Ticks;
  /** {@link PRFT_CAPTURED} or {@link PRFT_ARRIVED} in what this project writes. */
  readonly flags: number;
}

/** The wall clock is that of the scene before the camera, with a small and constant error (bits 8 and 16). */
export const PRFT_CAPTURED = 24;
/**
 * The wall clock is when the fragment was made, on the server, out of media that had just arrived: the publisher
 * did not tell its own ("finalized", bit 2). 0 would promise the time of input to the encoder.
 */
export const PRFT_ARRIVED = 2;

/** Bytes of a `prft` of version 1. */
export const PRFT_SIZE = 32;

const UNIX_EPOCH_IN_NTP_SECONDS = 2_208_988_800;
const FRACTIONS_PER_SECOND = 2 ** 32;

/** Writes a `prft` of version 1 (64-bit media time). */
export function writeProducerReferenceTime(writer: ByteWriter, box: ProducerReferenceTime): void {
  const seconds = Math.floor(box.wallClock / 1000);
  const fraction = Math.floor(((box.wallClock - seconds * 1000) / 1000) * FRACTIONS_PER_SECOND);
  const mark = writer.openFull('prft', 1, box.flags);
  writer.u32(box.trackId);
  // NTP's era ends in 2036: the seconds wrap there, as its own do.
  writer.u32((seconds + UNIX_EPOCH_IN_NTP_SECONDS) % FRACTIONS_PER_SECOND);
  writer.u32(fraction);
  writer.u64(box.mediaTime);
  writer.close(mark);
}

/** Reads the body of a `prft`, version 0 or 1. A time before 1970 is taken as one of the era after 2036. */
export function readProducerReferenceTime(reader: ByteReader): ProducerReferenceTime {
  const { version, flags } = readFullBoxHeader(reader);
  const trackId = reader.u32();
  const ntpSeconds = reader.u32();
  const fraction = reader.u32();
  const mediaTime = ticks(version === 1 ? reader.u64() : reader.u32());
  const era = ntpSeconds < UNIX_EPOCH_IN_NTP_SECONDS ? FRACTIONS_PER_SECOND : 0;
  const seconds = ntpSeconds + era - UNIX_EPOCH_IN_NTP_SECONDS;
  const wallClock = milliseconds(seconds * 1000 + (fraction / FRACTIONS_PER_SECOND) * 1000);
  return { trackId, wallClock, mediaTime, flags };
}
