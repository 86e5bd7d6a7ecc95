import { ByteWriter } from '../mp4/byte-writer.ts';
import { writeUtf8 } from '../utf8.ts';
import { AMF0, type Amf0Object, type Amf0Value } from './amf0-value.ts';

const LONGEST_STRING = 0xffff;

/** Writes values one behind another, as in the body of a command. Names longer than 65535 bytes are cut. */
export function writeAmf0(values: readonly Amf0Value[]): Uint8Array {
  const writer = new ByteWriter(256);
  for (const value of values) writeValue(writer, value);
  return writer.finish();
}

function writeValue(writer: ByteWriter, value: Amf0Value): void {
  switch (typeof value) {
    case 'number':
      writer.u8(AMF0.number);
      writer.f64(value);
      break;
    case 'boolean':
      writer.u8(AMF0.boolean);
      writer.u8(value ? 1 : 0);
      break;
    case 'string':
      writeString(writer, value);
      break;
    case 'undefined':
      writer.u8(AMF0.undefined);
      break;
    default:
      if (value === null) writer.u8(AMF0.null);
      else writeCollection(writer, value);
  }
}

function writeString(writer: ByteWriter, text: string): void {
  const bytes = writeUtf8(text);
  const long = bytes.length > LONGEST_STRING;
  writer.u8(long ? AMF0.longString : AMF0.string);
  if (long) writer.u32(bytes.length);
  else writer.u16(bytes.length);
  writer.append(bytes);
}

function writeCollection(writer: ByteWriter, value: NonNullable<Amf0Value> & object): void {
  if (Array.isArray(value)) {
    const items = value as readonly Amf0Value[];
    writer.u8(AMF0.strictArray);
    writer.u32(items.length);
    for (const item of items) writeValue(writer, item);
  } else if (value instanceof Map) {
    const map = value as ReadonlyMap<string, Amf0Value>;
    writer.u8(AMF0.ecmaArray);
    writer.u32(map.size);
    writeProperties(writer, map);
  } else {
    writer.u8(AMF0.object);
    writeProperties(writer, Object.entries(value as Amf0Object));
  }
}

function writeProperties(writer: ByteWriter, properties: Iterable<readonly [string, Amf0Value]>): void {
  for (const [name, value] of properties) {
    const bytes = writeUtf8(name).subarray(0, LONGEST_STRING);
    // An empty name is how the end is told.
    if (bytes.length === 0) continue;
    writer.u16(bytes.length);
    writer.append(bytes);
    writeValue(writer, value);
  }
  writer.u16(0);
  writer.u8(AMF0.objectEnd);
}
