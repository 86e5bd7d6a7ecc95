import { readAacConfiguration } from '../media/codec/aac.ts';
import { MediaError } from '../media/media-error.ts';
import { ticks, timescale } from '../media/time.ts';
import type { AudioTrack } from '../media/track.ts';
import type { PacketReader, PacketSink } from './recipe.ts';

const HEADER = 7;
/** With a checksum behind it. */
const PROTECTED_HEADER = 9;
/** Samples in a frame of AAC-LC, and what the encoder puts in front of the sound: its priming. */
export const AAC_FRAME = 1024;

/**
 * Reads AAC in ADTS frames (ISO/IEC 14496-3 §1.A.3.2) as they come. They have no timestamps: each lasts 1024 samples, and
 * the first one's are `firstDts` on. Holds less than a frame: 8 kB. Throws MediaError `container-malformed`.
 */
export class AdtsReader implements PacketReader {
  readonly #sink: PacketSink;
  #dts: number;
  #held: Uint8Array = new Uint8Array();
  #told = false;

  constructor(firstDts: number, sink: PacketSink) {
    this.#dts = firstDts;
    this.#sink = sink;
  }

  push(bytes: Uint8Array): void {
    const all = this.#held.length === 0 ? bytes : concatenate(this.#held, bytes);
    let at = 0;
    while (all.length - at >= HEADER) {
      const size = frameSize(all, at);
      if (all.length - at < size) break;
      this.#frame(all.subarray(at, at + size));
      at += size;
    }
    // A copy: what is held must not keep the whole of what was read.
    this.#held = new Uint8Array(all.subarray(at));
  }

  #frame(frame: Uint8Array): void {
    if (!this.#told) this.#sink.track(trackOf(frame));
    this.#told = true;
    const header = (frame[1] ?? 0) & 1 ? HEADER : PROTECTED_HEADER;
    this.#sink.packet({
      dts: ticks(this.#dts),
      duration: ticks(AAC_FRAME),
      compositionOffset: ticks(0),
      keyframe: true,
      data: frame.subarray(header),
    });
    this.#dts += AAC_FRAME;
  }
}

function frameSize(bytes: Uint8Array, at: number): number {
  const [sync = 0, second = 0, , high = 0, middle = 0, low = 0, blocks = 0] = bytes.subarray(at, at + HEADER);
  const size = ((high & 3) << 11) | (middle << 3) | (low >> 5);
  // Layer 0, and one block of 1024 samples in each frame.
  if (sync !== 0xff || (second & 0xf6) !== 0xf0 || size <= HEADER || (blocks & 3) !== 0) {
    throw new MediaError('container-malformed', 'What should be AAC in ADTS frames is something else.');
  }
  return size;
}

function trackOf(frame: Uint8Array): AudioTrack {
  const [, , third = 0, fourth = 0] = frame;
  const objectType = (third >> 6) + 1;
  const rateIndex = (third >> 2) & 15;
  const channels = ((third & 1) << 2) | (fourth >> 6);
  const configuration = Uint8Array.of(
    (objectType << 3) | (rateIndex >> 1),
    ((rateIndex & 1) << 7) | (channels << 3),
  );
  const { codecString, sampleRate, channels: count } = readAacConfiguration(configuration);
  return {
    kind: 'audio',
    codec: 'aac',
    codecString,
    configuration,
    timescale: timescale(sampleRate),
    sampleRate,
    channels: count,
  };
}

function concatenate(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}
