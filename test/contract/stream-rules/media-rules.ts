import type { Segment } from '../../../src/package/segment.ts';
import { BrokenRule } from './broken-rule.ts';
import { type ReadChunk, type ReadInit, readChunkBytes, readInitBytes } from './read-boxes.ts';

/** What is judged of the media of one track, with its clause of ISO/IEC 23000-19 (CMAF), 14496-12 or rfc8216bis. */
export const MEDIA_RULES = {
  chunk: 'CMAF §7.3.2.3: a chunk is one moof of one track and one mdat of its samples',
  init: 'CMAF §7.3.1: the header is of this track, on the timescale that is told',
  'decode-time': '14496-12 §8.8.12: tfdt goes on from sample to sample, and never back',
  'segment-start': 'CMAF §7.3.3: a segment begins where it is told to',
  'segment-length': 'rfc8216bis §4.4.4.1: and lasts as long',
  'segment-keyframe': 'CMAF §7.3.2.2: it begins with a keyframe, unless none came in time',
  'part-bytes': 'rfc8216bis §3.2: the parts of a segment are its bytes, one behind another',
  'part-independent': 'rfc8216bis §4.4.4.9: INDEPENDENT says that a keyframe is in it',
  size: 'what is said to be held is what there is',
} as const;

/** A key of {@link MEDIA_RULES}. */
type MediaRule = keyof typeof MEDIA_RULES;

/** A shorter hole in a segment is a container’s rounding, in seconds. */
const ROUNDING = 0.1;

/** The rules for the segments of one track, one after another. */
export class MediaRules {
  readonly #kind: 'video' | 'audio';
  readonly #target: number;
  #epoch = -1;
  #init: ReadInit | undefined;
  #end = 0;
  #before: Segment | undefined;

  /** `target`: the target duration, in seconds. */
  constructor(kind: 'video' | 'audio', target: number) {
    this.#kind = kind;
    this.#target = target;
  }

  /** Checks the next complete segment; `init`: the header that its playlist names for it. Throws BrokenRule. */
  check(segment: Segment, init: Uint8Array | undefined): void {
    if (!segment.gap) {
      if (segment.epoch.index !== this.#epoch) this.#begin(segment, init);
      const from = this.#end;
      const chunks = segment.chunks.map(({ bytes }) => this.#checkChunk(bytes));
      this.#checkStart(segment, chunks, from);
      this.#checkParts(segment, chunks);
    }
    this.#before = segment;
  }

  #begin({ epoch, timescale }: Segment, bytes: Uint8Array | undefined): void {
    if (!bytes) broken('init', `there is none of epoch ${epoch.index}`);
    const init = read('init', () => readInitBytes(bytes));
    const handler = this.#kind === 'video' ? 'vide' : 'soun';
    if (init.handler !== handler || init.timescale !== timescale)
      broken('init', `${init.handler} on ${init.timescale}`);
    const scale = this.#init ? timescale / this.#init.timescale : 1;
    this.#end *= scale;
    this.#epoch = epoch.index;
    this.#init = init;
  }

  #checkChunk(bytes: Uint8Array): ReadChunk {
    const chunk = read('chunk', () => readChunkBytes(bytes));
    if (chunk.trackId !== this.#init?.trackId) broken('chunk', `of track ${chunk.trackId}`);
    if (!(chunk.decodeTime >= this.#end)) broken('decode-time', `${chunk.decodeTime} before ${this.#end}`);
    this.#end = chunk.decodeTime + chunk.duration;
    return chunk;
  }

  #checkStart(segment: Segment, chunks: readonly ReadChunk[], from: number): void {
    const { sequence, start, duration, timescale, independent } = segment;
    const [first] = chunks;
    if (!first) broken('segment-start', `${sequence} is empty`);
    // Only a frame that came when players were told that nothing does begins before its segment.
    const late = this.#before?.gap === true && first.decodeTime < start;
    if (first.decodeTime !== start && !late)
      broken('segment-start', `${sequence}: ${first.decodeTime} instead of ${start}`);
    const seconds = duration / timescale;
    const media = (this.#end - start) / timescale;
    const cut = seconds >= this.#target - 1e-6;
    if (seconds > media + ROUNDING || (media > seconds + ROUNDING && !cut))
      broken('segment-length', `${sequence}: ${media} s of ${seconds}`);
    if (this.#kind === 'audio') return;
    if ((first.sync === true) !== independent) broken('segment-keyframe', `${sequence} is not what it says`);
    if (!independent && this.#mustBeginWithKeyframe(first, from, timescale))
      broken('segment-keyframe', `${sequence} begins without`);
  }

  /** Nothing was missing, and the segment before had room for what this one begins with. */
  #mustBeginWithKeyframe(first: ReadChunk, from: number, timescale: number): boolean {
    const before = this.#before;
    if (before?.epoch.index !== this.#epoch) return true;
    const hole = before.gap || (first.decodeTime - from) / timescale > ROUNDING;
    return !hole && (before.duration + first.duration) / timescale <= this.#target - ROUNDING;
  }

  #checkParts({ sequence, parts, chunks, parted, byteLength }: Segment, found: readonly ReadChunk[]): void {
    const size = chunks.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    if (size !== byteLength) broken('size', `${sequence}: ${size} of ${byteLength}`);
    if (parts.length === 0 && !parted) return;
    let at = 0;
    for (const part of parts) {
      const bytes = part.chunks.reduce((sum, chunk) => sum + chunk.bytes.byteLength, 0);
      if (bytes !== part.byteLength) broken('size', `part ${part.sequence}: ${bytes} of ${part.byteLength}`);
      const same = part.chunks.every((chunk, index) => chunk.bytes === chunks[at + index]?.bytes);
      if (!same || part.chunks.length === 0) broken('part-bytes', `part ${part.sequence}`);
      const keyframe = found.slice(at, at + part.chunks.length).some(({ sync }) => sync === true);
      if (part.independent !== (keyframe || this.#kind === 'audio'))
        broken('part-independent', `part ${part.sequence}`);
      at += part.chunks.length;
    }
    if (at !== chunks.length) broken('part-bytes', `${sequence}: ${at} of ${chunks.length} chunks`);
  }
}

function read<T>(rule: MediaRule, reader: () => T): T {
  try {
    return reader();
  } catch (error) {
    broken(rule, error instanceof Error ? error.message : String(error));
  }
}

function broken(rule: MediaRule, what: string): never {
  throw new BrokenRule(rule, what);
}
