/** Sample flags (ISO/IEC 14496-12 §8.8.3.1): sample_depends_on in bits 24–25, sample_is_non_sync_sample in bit 16. */

/** Decoding can start here: it depends on no other. */
export const SYNC_SAMPLE_FLAGS = 0x02000000;
/** It depends on others: decoding cannot start here. */
export const NON_SYNC_SAMPLE_FLAGS = 0x01010000;

const NON_SYNC = 0x00010000;

/** Whether decoding can start at a sample with these flags. */
export function isSyncSample(flags: number): boolean {
  return (flags & NON_SYNC) === 0;
}
