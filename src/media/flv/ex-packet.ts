import { MediaError } from '../media-error.ts';

/** A packet of Enhanced RTMP of one track. */
export interface ExPacket {
  /** VideoPacketType or AudioPacketType. */
  readonly packet: number;
  /** What its codec is called; empty where it {@link EX_DESCRIPTION describes}. */
  readonly fourcc: string;
  readonly data: Uint8Array;
}

/** The packet type of colours, and of channel layouts. */
export const EX_DESCRIPTION = 4;
const MULTITRACK = { video: 6, audio: 5 } as const;
const MOD_EX = 7;
/** AvMultitrackType. */
const ONE_TRACK = 0;
const MANY_CODECS = 2;
const FIRST_TRACK = 0;

/**
 * Reads the body of an extended tag (Enhanced RTMP v2, "ExVideoTagHeader", "ExAudioTagHeader"), of several tracks the one
 * with the number 0; undefined where there are only others. Skips what ModEx says. Throws MediaError `container-malformed`.
 */
export function readExPacket(kind: 'video' | 'audio', body: Uint8Array): ExPacket | undefined {
  const reader = new TagReader(kind, body);
  let packet = reader.u8() & 0x0f;
  while (packet === MOD_EX) packet = skipModEx(reader);
  if (packet === MULTITRACK[kind]) return readFirstTrack(reader);
  if (packet === EX_DESCRIPTION) return { packet, fourcc: '', data: reader.rest() };
  return { packet, fourcc: reader.fourcc(), data: reader.rest() };
}

/** Answers the type of the packet that follows. */
function skipModEx(reader: TagReader): number {
  const short = reader.u8() + 1;
  reader.take(short === 256 ? reader.u16() + 1 : short);
  return reader.u8() & 0x0f;
}

function readFirstTrack(reader: TagReader): ExPacket | undefined {
  const types = reader.u8();
  const multitrack = types >> 4;
  let fourcc = multitrack === MANY_CODECS ? '' : reader.fourcc();
  while (reader.left > 0) {
    if (multitrack === MANY_CODECS) fourcc = reader.fourcc();
    const track = reader.u8();
    const data = multitrack === ONE_TRACK ? reader.rest() : reader.take(reader.u24());
    if (track === FIRST_TRACK) return { packet: types & 0x0f, fourcc, data };
  }
  return undefined;
}

class TagReader {
  readonly #kind: string;
  readonly #body: Uint8Array;
  #at = 0;

  constructor(kind: string, body: Uint8Array) {
    this.#kind = kind;
    this.#body = body;
  }

  get left(): number {
    return this.#body.length - this.#at;
  }

  take(count: number): Uint8Array {
    if (count > this.left)
      throw new MediaError('container-malformed', `an FLV ${this.#kind} tag is too short`);
    this.#at += count;
    return this.#body.subarray(this.#at - count, this.#at);
  }

  rest(): Uint8Array {
    return this.take(this.left);
  }

  u8(): number {
    return this.#number(1);
  }

  u16(): number {
    return this.#number(2);
  }

  u24(): number {
    return this.#number(3);
  }

  fourcc(): string {
    return String.fromCharCode(...this.take(4));
  }

  #number(size: number): number {
    return this.take(size).reduce((value, byte) => value * 256 + byte, 0);
  }
}
