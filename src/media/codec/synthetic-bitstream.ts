/** Bitstreams made bit by bit, for tests: the least of each codec that says what a reader wants to know. */

/** Writes bits from the most significant on. */
export class BitWriter {
  #bits: number[] = [];

  /** An unsigned number of that many bits. */
  bits(value: number, count: number): this {
    for (let bit = count - 1; bit >= 0; bit--) this.#bits.push(Math.floor(value / 2 ** bit) % 2);
    return this;
  }

  /** One bit. */
  flag(value: boolean): this {
    return this.bits(value ? 1 : 0, 1);
  }

  /** ue(v) (ISO/IEC 14496-10 §9.1) */
  unsignedExpGolomb(value: number): this {
    const length = Math.floor(Math.log2(value + 1));
    return this.bits(0, length).bits(value + 1, length + 1);
  }

  /** What was written, with zero bits up to a whole byte. */
  bytes(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(Math.ceil(this.#bits.length / 8));
    for (const [index, bit] of this.#bits.entries()) {
      bytes[index >> 3] = (bytes[index >> 3] ?? 0) | (bit << (7 - (index & 7)));
    }
    return bytes;
  }
}

/** A picture size in pixels. */
export interface SyntheticSize {
  readonly width: number;
  readonly height: number;
}

/** What {@link avcSps} writes; by default constrained baseline, level 3.1. */
export interface SyntheticSps extends SyntheticSize {
  readonly profile?: number;
  readonly constraints?: number;
  readonly level?: number;
  readonly referenceFrames?: number;
  readonly interlaced?: boolean;
  /** `max_num_reorder_frames`, in a VUI; without it there is none. */
  readonly reorderFrames?: number;
}

/** An H.264 sequence parameter set NAL unit of that size, cropped from whole macroblocks. Both sizes are even. */
export function avcSps(options: SyntheticSps): Uint8Array {
  const { width, height, profile = 66, constraints = 0xc0, level = 31, interlaced = false } = options;
  const columns = Math.max(1, Math.ceil(width / 16));
  const rows = Math.ceil(height / (interlaced ? 32 : 16));
  const writer = new BitWriter().bits(0x67, 8).bits(profile, 8).bits(constraints, 8).bits(level, 8);
  writer.unsignedExpGolomb(0);
  if (profile === 100) writer.unsignedExpGolomb(1).unsignedExpGolomb(0).unsignedExpGolomb(0).bits(0, 2);
  writer.unsignedExpGolomb(0).unsignedExpGolomb(0).unsignedExpGolomb(0);
  writer.unsignedExpGolomb(options.referenceFrames ?? 1).flag(false);
  writer.unsignedExpGolomb(columns - 1).unsignedExpGolomb(rows - 1);
  writer.flag(!interlaced);
  if (interlaced) writer.flag(false);
  writer.flag(true).flag(true).unsignedExpGolomb(0);
  writer.unsignedExpGolomb((columns * 16 - width) / 2).unsignedExpGolomb(0);
  writer.unsignedExpGolomb((rows * (interlaced ? 32 : 16) - height) / (interlaced ? 4 : 2));
  writer.flag(options.reorderFrames !== undefined);
  if (options.reorderFrames !== undefined) writeReorderFrames(writer, options.reorderFrames);
  return escapeNalUnit(writer.flag(true).bytes());
}

function writeReorderFrames(writer: BitWriter, reorderFrames: number): void {
  writer.bits(0, 8).flag(true).flag(true);
  for (const value of [0, 0, 16, 16, reorderFrames, 16]) writer.unsignedExpGolomb(value);
}

/** Puts emulation prevention bytes in (ISO/IEC 14496-10 §7.4.1). */
export function escapeNalUnit(unit: Uint8Array): Uint8Array {
  const escaped: number[] = [];
  for (const byte of unit) {
    if (byte <= 3 && escaped.at(-1) === 0 && escaped.at(-2) === 0) escaped.push(3);
    escaped.push(byte);
  }
  return Uint8Array.from(escaped);
}

/** A picture parameter set NAL unit. */
export const AVC_PPS = Uint8Array.of(0x68, 0xce, 0x3c, 0x80);

/** An Annex B stream of these NAL units, the first behind a long start code. */
export function annexB(...units: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(units.flatMap((unit, index) => [...(index ? [] : [0]), 0, 0, 1, ...unit]));
}

/** An H.264 keyframe as Chromium sends it: SPS, PPS and an IDR slice with that payload. */
export function avcKeyframe(sps: Uint8Array, payload = 1): Uint8Array {
  return annexB(sps, AVC_PPS, Uint8Array.of(0x65, 0xb8, payload));
}

/** An H.264 frame that needs others. */
export function avcDelta(payload = 1): Uint8Array {
  return annexB(Uint8Array.of(0x61, 0xe0, payload));
}

/** A VP9 keyframe of profile 0, 8 bits, BT.709, with that payload. */
export function vp9Keyframe({ width, height }: SyntheticSize, payload = 1): Uint8Array {
  const writer = new BitWriter().bits(0b10, 2).bits(0, 2).flag(false).flag(false).flag(true).flag(false);
  writer.bits(0x498342, 24).bits(2, 3).flag(false);
  return writer
    .bits(width - 1, 16)
    .bits(height - 1, 16)
    .flag(false)
    .bits(payload, 16)
    .bytes();
}

/** A VP9 frame that needs others. */
export function vp9Delta(payload = 1): Uint8Array {
  return Uint8Array.of(0b10000110, 0, payload);
}

/** What {@link av1Keyframe} and its sequence header say. */
export function av1SequenceHeader({ width, height }: SyntheticSize): Uint8Array {
  const writer = new BitWriter().bits(0, 3).flag(false).flag(false).flag(false).flag(false);
  writer.bits(0, 5).bits(0, 12).bits(5, 5);
  writer
    .bits(15, 4)
    .bits(15, 4)
    .bits(width - 1, 16)
    .bits(height - 1, 16);
  writer.flag(false).bits(0, 3).bits(0, 4).flag(false).flag(true).flag(true).bits(0, 3);
  writer.flag(false).flag(false).flag(false).flag(false).bits(0, 2).flag(false).flag(false).flag(true);
  const payload = writer.bytes();
  return Uint8Array.of(0x0a, payload.length, ...payload);
}

/** An AV1 temporal unit with its delimiter, a sequence header of that size and a shown key frame. */
export function av1Keyframe(size: SyntheticSize, payload = 1): Uint8Array {
  return Uint8Array.of(0x12, 0, ...av1SequenceHeader(size), 0x32, 2, 0x10, payload);
}

/** An AV1 temporal unit with its delimiter and an inter frame. */
export function av1Delta(payload = 1): Uint8Array {
  return Uint8Array.of(0x12, 0, 0x32, 2, 0x30, payload);
}

/** An `OpusHead` for mono or stereo (RFC 7845 §5.1). */
export function opusHead(channels = 2, preSkip = 312): Uint8Array {
  const magic = [...'OpusHead'].map((letter) => letter.charCodeAt(0));
  return Uint8Array.of(...magic, 1, channels, preSkip & 0xff, preSkip >> 8, 0x80, 0xbb, 0, 0, 0, 0, 0);
}

/** An Opus packet of one 20 ms CELT frame with that payload. */
export function opusPacket(payload = 1): Uint8Array {
  return Uint8Array.of(0xf8, payload, 0xfe);
}
