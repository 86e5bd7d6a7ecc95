import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';

const ONE_16_16 = 0x00010000;
const ONE_2_30 = 0x40000000;
const MATRIX_SIZE = 36;

/** The transformation matrix that changes nothing (ISO/IEC 14496-12 §8.2.2.2). */
export function writeUnityMatrix(writer: ByteWriter): void {
  writer.u32(ONE_16_16);
  writer.zeros(12);
  writer.u32(ONE_16_16);
  writer.zeros(12);
  writer.u32(ONE_2_30);
}

/** Passes over a matrix: a live stream's picture is shown as it was coded. */
export function skipMatrix(reader: ByteReader): void {
  reader.skip(MATRIX_SIZE);
}
