import { readFullBoxHeader } from '../box.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';

/** One entry of an edit list: what stretch of the media is shown for how long. */
export interface Edit {
  /** On the movie's timescale; 0 for "to the end" in a fragmented file. */
  readonly duration: number;
  /** Where in the media it starts, on the track's timescale; -1 for nothing shown: an empty edit. */
  readonly mediaTime: number;
}

const RATE_1 = 0x00010000;

/** EditListBox, `elst` (ISO/IEC 14496-12 §8.6.6), in its `edts`. */
export function writeEditList(writer: ByteWriter, edits: readonly Edit[]): void {
  const container = writer.open('edts');
  const mark = writer.openFull('elst', 1, 0);
  writer.u32(edits.length);
  for (const edit of edits) {
    writer.u64(edit.duration);
    writer.i64(edit.mediaTime);
    writer.u32(RATE_1);
  }
  writer.close(mark);
  writer.close(container);
}

/** Reads the body of an `elst`, version 0 or 1. */
export function readEditList(reader: ByteReader): Edit[] {
  const long = readFullBoxHeader(reader).version === 1;
  const count = reader.u32();
  const edits: Edit[] = [];
  for (let i = 0; i < count; i++) {
    const duration = long ? reader.u64() : reader.u32();
    const mediaTime = long ? reader.i64() : reader.i32();
    reader.skip(4);
    edits.push({ duration, mediaTime });
  }
  return edits;
}
