import { readUtf8 } from '../utf8.ts';
import { AMF0, type Amf0Object, type Amf0Value } from './amf0-value.ts';
import { RtmpError } from './rtmp-error.ts';

/** Commands and metadata are two or three levels deep. */
const MAX_DEPTH = 16;
/** Each costs a hundred bytes of memory for one that was sent. */
const MAX_VALUES = 2000;

/**
 * Reads values one behind another, up to the end of the bytes. Throws RtmpError `rtmp-amf-malformed` where they end
 * within a value or are of AMF3 or of a reference, `rtmp-amf-too-deep`, `rtmp-amf-too-large`.
 */
export function readAmf0(bytes: Uint8Array): Amf0Value[] {
  const reader = new Amf0Reader(bytes);
  const values: Amf0Value[] = [];
  while (reader.remaining > 0) values.push(reader.value(0));
  return values;
}

class Amf0Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;
  #values = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.#bytes.length - this.#position;
  }

  value(depth: number): Amf0Value {
    if (depth > MAX_DEPTH) throw new RtmpError('rtmp-amf-too-deep', 'AMF values are nested too deeply');
    this.#values += 1;
    if (this.#values > MAX_VALUES) {
      throw new RtmpError('rtmp-amf-too-large', `a message has more than ${MAX_VALUES} AMF values`);
    }
    const marker = this.#u8();
    switch (marker) {
      case AMF0.number:
        return this.#f64();
      case AMF0.boolean:
        return this.#u8() !== 0;
      case AMF0.string:
        return this.#text(this.#u16());
      case AMF0.longString:
      case AMF0.xmlDocument:
        return this.#text(this.#u32());
      case AMF0.null:
        return null;
      case AMF0.undefined:
      case AMF0.unsupported:
        return undefined;
      case AMF0.date:
        return this.#date();
      default:
        return this.#collection(marker, depth);
    }
  }

  #collection(marker: number, depth: number): Amf0Value {
    switch (marker) {
      case AMF0.typedObject:
        this.#text(this.#u16());
        return this.#object(depth);
      case AMF0.object:
        return this.#object(depth);
      case AMF0.ecmaArray:
        // Its count is only a hint, and often wrong.
        this.#u32();
        return new Map(this.#properties(depth));
      case AMF0.strictArray:
        return this.#strictArray(depth);
      default:
        throw malformed(`has a value of the unknown type ${marker}`);
    }
  }

  #object(depth: number): Amf0Object {
    const object: Record<string, Amf0Value> = Object.create(null);
    for (const [name, value] of this.#properties(depth)) object[name] = value;
    return object;
  }

  *#properties(depth: number): Generator<[string, Amf0Value]> {
    for (;;) {
      const name = this.#text(this.#u16());
      if (name === '' && this.#bytes[this.#position] === AMF0.objectEnd) {
        this.#position += 1;
        return;
      }
      yield [name, this.value(depth + 1)];
    }
  }

  #strictArray(depth: number): Amf0Value[] {
    const count = this.#u32();
    // Every value takes at least a byte.
    if (count > this.remaining) throw malformed('has an array that is longer than it');
    return Array.from({ length: count }, () => this.value(depth + 1));
  }

  #date(): number {
    const time = this.#f64();
    this.#advance(2);
    return time;
  }

  #u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  #u16(): number {
    return this.#view.getUint16(this.#advance(2));
  }

  #u32(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  #f64(): number {
    return this.#view.getFloat64(this.#advance(8));
  }

  #text(length: number): string {
    const at = this.#advance(length);
    return readUtf8(this.#bytes.subarray(at, at + length));
  }

  #advance(count: number): number {
    const at = this.#position;
    if (count > this.remaining) throw malformed('ends within a value');
    this.#position = at + count;
    return at;
  }
}

function malformed(problem: string): RtmpError {
  return new RtmpError('rtmp-amf-malformed', `an AMF message ${problem}`);
}
