import type { ByteWriter } from '../byte-writer.ts';

/** FreeSpaceBox, `free` (ISO/IEC 14496-12 §8.1.2): room that readers pass over. */
export function writeFreeSpace(writer: ByteWriter, bodySize: number): void {
  const mark = writer.open('free');
  writer.zeros(bodySize);
  writer.close(mark);
}
