import { readFullBoxHeader } from '../box.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';

/** HandlerBox, `hdlr` (ISO/IEC 14496-12 §8.4.3): `vide`, `soun` or another kind of track. */
export function writeHandler(writer: ByteWriter, handler: string, name: string): void {
  const mark = writer.openFull('hdlr', 0, 0);
  writer.zeros(4);
  writer.text(handler);
  writer.zeros(12);
  writer.text(name);
  writer.u8(0);
  writer.close(mark);
}

/** Reads the handler's type out of the body of an `hdlr`. */
export function readHandler(reader: ByteReader): string {
  readFullBoxHeader(reader);
  reader.skip(4);
  return reader.fourcc();
}
