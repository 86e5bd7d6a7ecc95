import { open } from 'node:fs/promises';
import { indexPlace } from './recording-header.ts';

/** What is in the place of the index (ISO/IEC 14496-12 §8.1.2, §8.16.3). */
const IN_PLACE = ['free', 'sidx'];
const BOX_HEADER = 8;

/**
 * Whether a recording's file is as it was begun: one that was finalised has no place for an index any more, and what is
 * added to it would be lost with it. Rejects with the system's errors.
 */
export async function isAppendable(path: string, headerSize: number): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { offset } = indexPlace(headerSize);
    const { buffer } = await file.read(Buffer.alloc(BOX_HEADER), 0, BOX_HEADER, offset);
    return IN_PLACE.includes(buffer.toString('latin1', 4));
  } finally {
    await file.close();
  }
}
