import { DEFAULT_DEMUXER_LIMITS, type Demuxer, type DemuxerLimits } from './demuxer.ts';
import { FlvDemuxer } from './flv/flv-demuxer.ts';
import { FLV_SIGNATURE } from './flv/flv-tag.ts';
import { MediaError } from './media-error.ts';
import { Mp4Demuxer } from './mp4/mp4-demuxer.ts';
import type { SampleSink } from './sample.ts';
import { WebmDemuxer } from './webm/webm-demuxer.ts';

/** The EBML header's ID (RFC 8794 §11.2.1). */
const EBML_MAGIC = [0x1a, 0x45, 0xdf, 0xa3];
/** What an ISO base media stream may begin with (ISO/IEC 14496-12 §4.2), behind the box size. */
const FIRST_BOXES = ['ftyp', 'styp', 'moov', 'free', 'skip', 'wide'];
const BOX_SIZE_BYTES = 4;

/**
 * A demuxer for a container that the first bytes tell: WebM and Matroska, fragmented MP4, or FLV. Throws MediaError
 * `container-unknown` at the first byte that none of them begins with.
 */
export function openDemuxer(sink: SampleSink, limits: DemuxerLimits = DEFAULT_DEMUXER_LIMITS): Demuxer {
  return new SniffingDemuxer(sink, limits);
}

class SniffingDemuxer implements Demuxer {
  readonly #sink: SampleSink;
  readonly #limits: DemuxerLimits;
  /** At most seven bytes. */
  #start: Uint8Array = new Uint8Array();
  #demuxer: Demuxer | undefined;

  constructor(sink: SampleSink, limits: DemuxerLimits) {
    this.#sink = sink;
    this.#limits = limits;
  }

  push(bytes: Uint8Array): void {
    if (this.#demuxer) {
      this.#demuxer.push(bytes);
      return;
    }
    const start = this.#start.length === 0 ? bytes : Uint8Array.of(...this.#start, ...bytes.subarray(0, 8));
    this.#demuxer = this.#open(start);
    if (!this.#demuxer) this.#start = start;
    else {
      if (this.#start.length > 0) this.#demuxer.push(this.#start);
      this.#demuxer.push(bytes);
    }
  }

  skipTo(offset: number): void {
    this.#demuxer?.skipTo(offset);
  }

  end(): void {
    if (!this.#demuxer)
      throw new MediaError('container-truncated', 'the stream ended before its container was clear');
    this.#demuxer.end();
  }

  #open(start: Uint8Array): Demuxer | undefined {
    const isEbml = beginsWith(start, EBML_MAGIC);
    if (isEbml) return isEbml === 'whole' ? new WebmDemuxer(this.#sink, this.#limits) : undefined;
    const isFlv = beginsWith(start, FLV_SIGNATURE);
    if (isFlv) return isFlv === 'whole' ? new FlvDemuxer(this.#sink, this.#limits) : undefined;
    const type = String.fromCharCode(...start.subarray(BOX_SIZE_BYTES, BOX_SIZE_BYTES + 4));
    if (!FIRST_BOXES.some((box) => box.startsWith(type)) || !this.#plausibleSize(start)) {
      throw new MediaError(
        'container-unknown',
        'the stream is neither WebM nor MP4 nor FLV: send one of these',
      );
    }
    return type.length === 4 ? new Mp4Demuxer(this.#sink, this.#limits) : undefined;
  }

  /** Each byte of the size that is there must fit a box that could be accepted. */
  #plausibleSize(start: Uint8Array): boolean {
    const highest = (start[0] ?? 0) * 2 ** 24 + (start[1] ?? 0) * 2 ** 16;
    return highest <= this.#limits.maxElement;
  }
}

/** Whether all of a magic number is there, or as much of it as there are bytes; undefined for neither. */
function beginsWith(start: Uint8Array, magic: readonly number[]): 'whole' | 'so far' | undefined {
  const known = start.subarray(0, magic.length);
  if (!known.every((byte, index) => byte === magic[index])) return undefined;
  return known.length === magic.length ? 'whole' : 'so far';
}
