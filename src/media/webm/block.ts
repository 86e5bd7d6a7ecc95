import { MediaError } from '../media-error.ts';
import { readVint } from './ebml-value.ts';

/** A Block or SimpleBlock, its frames views of it. */
export interface Block {
  readonly trackNumber: number;
  /** Relative to its Cluster, in units of the TimestampScale. */
  readonly timestamp: number;
  readonly frames: readonly Uint8Array[];
}

const LACING = { none: 0, xiph: 1, fixed: 2, ebml: 3 } as const;

/** Reads a Block and its lacing (RFC 9559 §10.1 to §10.3). Throws MediaError `container-malformed`. */
export function readBlock(body: Uint8Array): Block {
  const track = readVint(body, 0);
  const start = track.length + 3;
  if (body.length < start) throw malformed('ends in its header');
  const high = body[track.length] ?? 0;
  const low = body[track.length + 1] ?? 0;
  const timestamp = ((high << 24) >> 16) | low;
  const lacing = ((body[track.length + 2] ?? 0) >> 1) & 3;
  const payload = body.subarray(start);
  const frames = lacing === LACING.none ? [payload] : readLaced(payload, lacing);
  return { trackNumber: track.value, timestamp, frames };
}

function readLaced(payload: Uint8Array, lacing: number): Uint8Array[] {
  if (payload.length === 0) throw malformed('says no number of frames');
  const count = (payload[0] ?? 0) + 1;
  const { sizes, start } = readSizes(payload, lacing, count);
  const frames: Uint8Array[] = [];
  let at = start;
  for (const size of sizes) {
    if (size < 0 || at + size > payload.length) throw malformed('has frames that leave it');
    frames.push(payload.subarray(at, at + size));
    at += size;
  }
  frames.push(payload.subarray(at));
  return frames;
}

/** Sizes of all frames but the last, and where the first one begins. */
function readSizes(payload: Uint8Array, lacing: number, count: number) {
  if (lacing === LACING.xiph) return readXiphSizes(payload, count);
  if (lacing === LACING.ebml) return readEbmlSizes(payload, count);
  const size = (payload.length - 1) / count;
  if (!Number.isInteger(size)) throw malformed('has frames of unequal size in fixed-size lacing');
  return { sizes: Array<number>(count - 1).fill(size), start: 1 };
}

function readXiphSizes(payload: Uint8Array, count: number) {
  const sizes: number[] = [];
  let at = 1;
  while (sizes.length < count - 1) {
    let size = 0;
    let byte: number | undefined;
    do {
      byte = payload[at++];
      if (byte === undefined) throw malformed('ends in its frame sizes');
      size += byte;
    } while (byte === 255);
    sizes.push(size);
  }
  return { sizes, start: at };
}

/** The first size as it is, the others as signed differences (RFC 9559 §10.3.3). */
function readEbmlSizes(payload: Uint8Array, count: number) {
  const sizes: number[] = [];
  let at = 1;
  let size = 0;
  while (sizes.length < count - 1) {
    const { value, length } = readVint(payload, at);
    size = sizes.length === 0 ? value : size + value - (2 ** (7 * length - 1) - 1);
    sizes.push(size);
    at += length;
  }
  return { sizes, start: at };
}

function malformed(problem: string): MediaError {
  return new MediaError('container-malformed', `the WebM stream is damaged: a block ${problem}`);
}
