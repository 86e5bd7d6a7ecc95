import type { Ticks } from '../time.ts';
import { childBoxes, readFullBoxHeader } from './box.ts';
import { ByteReader } from './byte-reader.ts';

/** `prft` before its media time: version and flags, track, NTP time. */
const MEDIA_TIME_AT = 16;
/** `tfdt` before its decode time: version and flags. */
const DECODE_TIME_AT = 4;

/**
 * A chunk of `writeChunk`, that much earlier on its timeline: a copy of its head with the times changed, and its
 * media as it is. What would come before 0 comes at 0.
 */
export function moveChunk(chunk: Uint8Array, earlier: Ticks): Uint8Array[] {
  const media = mediaOffset(chunk);
  const head = new Uint8Array(chunk.subarray(0, media));
  for (const box of childBoxes(new ByteReader(head, 'chunk'))) {
    if (box.name === 'prft') moveTime(box, MEDIA_TIME_AT, earlier);
    if (box.name !== 'moof') continue;
    for (const child of childBoxes(box)) {
      if (child.name !== 'traf') continue;
      for (const leaf of childBoxes(child)) {
        if (leaf.name === 'tfdt') moveTime(leaf, DECODE_TIME_AT, earlier);
      }
    }
  }
  return [head, chunk.subarray(media)];
}

/** Where the `mdat` begins. */
function mediaOffset(chunk: Uint8Array): number {
  for (const box of childBoxes(new ByteReader(chunk, 'chunk'))) {
    if (box.name === 'mdat') return box.bytes.byteOffset - chunk.byteOffset - 8;
  }
  return chunk.length;
}

function moveTime(box: ByteReader, at: number, earlier: Ticks): void {
  const long = readFullBoxHeader(box).version === 1;
  const view = new DataView(box.bytes.buffer, box.bytes.byteOffset, box.bytes.byteLength);
  if (long) {
    const time = view.getBigUint64(at) - BigInt(earlier);
    view.setBigUint64(at, time > 0n ? time : 0n);
  } else {
    view.setUint32(at, Math.max(0, view.getUint32(at) - earlier));
  }
}
