import { MediaError } from '../../media-error.ts';
import { readFullBoxHeader } from '../box.ts';
import { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';

/** ESDBox, `esds` (ISO/IEC 14496-14 §5.6.1): how MPEG-4 audio is described inside an `mp4a` entry. */
export interface ElementaryStream {
  /** objectTypeIndication (ISO/IEC 14496-1 table 5): 0x40 is MPEG-4 AAC, 0x66 to 0x68 MPEG-2 AAC. */
  readonly objectType: number;
  /** DecoderSpecificInfo; for AAC the AudioSpecificConfig. Empty when there is none. */
  readonly configuration: Uint8Array;
}

/** Descriptor tags (ISO/IEC 14496-1 §7.2.2.1). */
const ES_DESCRIPTOR = 3;
const DECODER_CONFIG_DESCRIPTOR = 4;
const DECODER_SPECIFIC_INFO = 5;
const SL_CONFIG_DESCRIPTOR = 6;

/** streamType audio, upStream 0, reserved 1 (§7.2.6.6). */
const AUDIO_STREAM = 0x15;
/** SLConfigDescriptor.predefined for MP4 files (ISO/IEC 14496-14 §4.1.2). */
const SL_PREDEFINED_MP4 = 2;

/** Writes an `esds` for a configuration of at most 90 bytes (an AudioSpecificConfig has 2 to 20). */
export function writeElementaryStream(writer: ByteWriter, box: ElementaryStream): void {
  const specific = box.configuration.length;
  const mark = writer.openFull('esds', 0, 0);
  writer.u8(ES_DESCRIPTOR);
  writer.u8(3 + 2 + 13 + 2 + specific + 2 + 1);
  writer.zeros(3);
  writer.u8(DECODER_CONFIG_DESCRIPTOR);
  writer.u8(13 + 2 + specific);
  writer.u8(box.objectType);
  writer.u8(AUDIO_STREAM);
  writer.zeros(11);
  writer.u8(DECODER_SPECIFIC_INFO);
  writer.u8(specific);
  writer.append(box.configuration);
  writer.u8(SL_CONFIG_DESCRIPTOR);
  writer.u8(1);
  writer.u8(SL_PREDEFINED_MP4);
  writer.close(mark);
}

/** Reads the body of an `esds`. Throws MediaError `container-malformed`. */
export function readElementaryStream(reader: ByteReader): ElementaryStream {
  readFullBoxHeader(reader);
  const stream = descriptor(reader, ES_DESCRIPTOR);
  stream.skip(2);
  const flags = stream.u8();
  if (flags & 0x80) stream.skip(2);
  if (flags & 0x40) stream.skip(stream.u8());
  if (flags & 0x20) stream.skip(2);
  const decoder = descriptor(stream, DECODER_CONFIG_DESCRIPTOR);
  const objectType = decoder.u8();
  decoder.skip(12);
  const configuration =
    decoder.remaining > 0 ? descriptor(decoder, DECODER_SPECIFIC_INFO).rest() : new Uint8Array();
  return { objectType, configuration };
}

function descriptor(reader: ByteReader, tag: number): ByteReader {
  if (reader.u8() !== tag) {
    throw new MediaError(
      'container-malformed',
      `The MP4 box 'esds' has no descriptor ${tag} where one must be.`,
    );
  }
  // Sizes come in one to four bytes, seven bits each (ISO/IEC 14496-1 §8.3.3).
  let size = 0;
  for (let i = 0; i < 4; i++) {
    const byte = reader.u8();
    size = (size << 7) | (byte & 0x7f);
    if (byte < 0x80) break;
  }
  return new ByteReader(reader.take(size), 'esds');
}
