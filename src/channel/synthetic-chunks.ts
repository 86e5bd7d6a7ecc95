import type { Chunk, Epoch } from '../media/chunk.ts';
import { milliseconds, ticks, timescale } from '../media/time.ts';

/** An epoch without media in it, for tests of what only passes epochs on. */
export function syntheticEpoch(index = 0): Epoch {
  return { index, tracks: [], init: new Uint8Array([index]), mime: 'video/mp4; codecs="avc1.42c01f"' };
}

/** A chunk that is `size` bytes long and one frame at 30 fps, for tests of what only passes chunks on. */
export function syntheticChunk(
  frame: number,
  options: { group?: boolean; size?: number; kind?: Chunk['kind'] } = {},
): Chunk {
  const group = options.group ?? frame % 30 === 0;
  return {
    kind: options.kind ?? 'video',
    trackId: options.kind === 'audio' ? 2 : 1,
    timescale: timescale(90_000),
    dts: ticks(frame * 3000),
    duration: ticks(3000),
    samples: 1,
    keyframe: group,
    startsGroup: group,
    wallClock: milliseconds(frame * 33),
    bytes: new Uint8Array(options.size ?? 100),
  };
}
