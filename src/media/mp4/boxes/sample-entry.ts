import { childBoxes } from '../box.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';

/** VisualSampleEntry (ISO/IEC 14496-12 §12.1.3): `avc1`, `hvc1`, `vp09`, `av01` and their like. */
export interface VisualSampleEntry {
  readonly kind: 'video';
  readonly type: string;
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly EntryBox[];
}

/** AudioSampleEntry (ISO/IEC 14496-12 §12.2.3): `Opus`, `mp4a` and their like. */
export interface AudioSampleEntry {
  readonly kind: 'audio';
  readonly type: string;
  readonly channels: number;
  /** 0 where it does not fit its 16 bits. */
  readonly sampleRate: number;
  readonly boxes: readonly EntryBox[];
}

/** What describes the samples of a track. */
export type SampleEntry = VisualSampleEntry | AudioSampleEntry;

/** A box in a sample entry: the codec's configuration record and others. */
interface EntryBox {
  readonly type: string;
  readonly body: Uint8Array;
}

const RESOLUTION_72_DPI = 0x00480000;
const DEPTH_24 = 0x0018;
const COLOUR_TABLE_NONE = 0xffff;
const COMPRESSOR_NAME_SIZE = 32;
const SAMPLE_SIZE_16 = 16;

/** Writes a sample entry with the boxes in it. */
export function writeSampleEntry(writer: ByteWriter, entry: SampleEntry): void {
  const mark = writer.open(entry.type);
  writer.zeros(6);
  writer.u16(1);
  if (entry.kind === 'video') writeVisualFields(writer, entry);
  else writeAudioFields(writer, entry);
  for (const box of entry.boxes) {
    const inner = writer.open(box.type);
    writer.append(box.body);
    writer.close(inner);
  }
  writer.close(mark);
}

function writeVisualFields(writer: ByteWriter, entry: VisualSampleEntry): void {
  writer.zeros(16);
  writer.u16(entry.width);
  writer.u16(entry.height);
  writer.u32(RESOLUTION_72_DPI);
  writer.u32(RESOLUTION_72_DPI);
  writer.zeros(4);
  writer.u16(1);
  writer.zeros(COMPRESSOR_NAME_SIZE);
  writer.u16(DEPTH_24);
  writer.u16(COLOUR_TABLE_NONE);
}

function writeAudioFields(writer: ByteWriter, entry: AudioSampleEntry): void {
  writer.zeros(8);
  writer.u16(entry.channels);
  writer.u16(SAMPLE_SIZE_16);
  writer.zeros(4);
  writer.u32(entry.sampleRate < 65536 ? entry.sampleRate * 65536 : 0);
}

/** Reads the body of a sample entry of a `vide` track. */
export function readVisualSampleEntry(reader: ByteReader): VisualSampleEntry {
  reader.skip(8 + 16);
  const width = reader.u16();
  const height = reader.u16();
  reader.skip(4 + 4 + 4 + 2 + COMPRESSOR_NAME_SIZE + 4);
  return { kind: 'video', type: reader.name, width, height, boxes: readEntryBoxes(reader) };
}

/** Reads the body of a sample entry of a `soun` track. */
export function readAudioSampleEntry(reader: ByteReader): AudioSampleEntry {
  reader.skip(8 + 8);
  const channels = reader.u16();
  reader.skip(6);
  const sampleRate = reader.u32() >>> 16;
  return { kind: 'audio', type: reader.name, channels, sampleRate, boxes: readEntryBoxes(reader) };
}

function readEntryBoxes(reader: ByteReader): EntryBox[] {
  return Array.from(childBoxes(reader), (box) => ({ type: box.name, body: box.rest() }));
}
