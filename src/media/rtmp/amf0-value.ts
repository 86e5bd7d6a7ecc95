/**
 * A value of AMF0 (Action Message Format, version 0, §2.1). A Map is an ECMA array, any other object an object; a date
 * is read as its milliseconds, an XML document as its text, a typed object as an object.
 */
export type Amf0Value =
  | number
  | boolean
  | string
  | null
  | undefined
  | Amf0Object
  | ReadonlyMap<string, Amf0Value>
  | readonly Amf0Value[];

/** An anonymous object; one that was read has no prototype. */
export interface Amf0Object {
  readonly [name: string]: Amf0Value;
}

/** Type markers (§2.1). */
export const AMF0 = {
  number: 0x00,
  boolean: 0x01,
  string: 0x02,
  object: 0x03,
  null: 0x05,
  undefined: 0x06,
  ecmaArray: 0x08,
  objectEnd: 0x09,
  strictArray: 0x0a,
  date: 0x0b,
  longString: 0x0c,
  unsupported: 0x0d,
  xmlDocument: 0x0f,
  typedObject: 0x10,
} as const;

/** A property of an object or of an ECMA array; undefined for any other value. */
export function amf0Property(value: Amf0Value, name: string): Amf0Value {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  if (value instanceof Map) return (value as ReadonlyMap<string, Amf0Value>).get(name);
  return Object.hasOwn(value, name) ? (value as Amf0Object)[name] : undefined;
}
