import type { ByteWriter } from '../byte-writer.ts';

/** Set on a `vmhd`, always (ISO/IEC 14496-12 §12.1.2). */
const VIDEO_HEADER_FLAGS = 1;
/** On a `url `: the media is in this very file (§8.7.2). */
const SELF_CONTAINED = 1;

/** VideoMediaHeaderBox, `vmhd` (ISO/IEC 14496-12 §12.1.2): copied onto the screen as it is. */
export function writeVideoMediaHeader(writer: ByteWriter): void {
  const mark = writer.openFull('vmhd', 0, VIDEO_HEADER_FLAGS);
  writer.zeros(8);
  writer.close(mark);
}

/** SoundMediaHeaderBox, `smhd` (ISO/IEC 14496-12 §12.2.2): balanced in the middle. */
export function writeSoundMediaHeader(writer: ByteWriter): void {
  const mark = writer.openFull('smhd', 0, 0);
  writer.zeros(4);
  writer.close(mark);
}

/** DataInformationBox, `dinf` (ISO/IEC 14496-12 §8.7.1) with its `dref`: the media is in this file. */
export function writeDataInformation(writer: ByteWriter): void {
  const dinf = writer.open('dinf');
  const dref = writer.openFull('dref', 0, 0);
  writer.u32(1);
  const url = writer.openFull('url ', 0, SELF_CONTAINED);
  writer.close(url);
  writer.close(dref);
  writer.close(dinf);
}
