import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';

/** FileTypeBox and SegmentTypeBox, `ftyp` and `styp` (ISO/IEC 14496-12 §4.3, §8.16.2): whom the file suits. */
export interface FileType {
  readonly majorBrand: string;
  readonly minorVersion: number;
  readonly compatibleBrands: readonly string[];
}

/** Writes an `ftyp`, or the `styp` of a segment. */
export function writeFileType(writer: ByteWriter, box: FileType, type: 'ftyp' | 'styp' = 'ftyp'): void {
  const mark = writer.open(type);
  writer.text(box.majorBrand);
  writer.u32(box.minorVersion);
  for (const brand of box.compatibleBrands) writer.text(brand);
  writer.close(mark);
}

/** Reads the body of an `ftyp` or `styp`. */
export function readFileType(reader: ByteReader): FileType {
  const majorBrand = reader.fourcc();
  const minorVersion = reader.u32();
  const compatibleBrands: string[] = [];
  while (reader.remaining > 0) compatibleBrands.push(reader.fourcc());
  return { majorBrand, minorVersion, compatibleBrands };
}
