import type { Chunk } from '../media/chunk.ts';
import { opusEmptyPacket, opusPacketDuration } from '../media/codec/opus.ts';
import { type ChunkSample, writeChunk } from '../media/mp4/cmaf-chunk.ts';
import { readChunk } from '../media/mp4/read-chunk.ts';
import { milliseconds, millisecondsToTicks, type Ticks, ticks } from '../media/time.ts';
import type { Track } from '../media/track.ts';

/** A longer hole is not closed. */
const LONGEST = milliseconds(2000);
/** A shorter one stops no player. */
const SHORTEST = milliseconds(20);

/**
 * The first chunk of a track in an epoch, made to follow where the track ended in the epoch before. The tracks of a
 * session neither end nor begin together, and in MediaSource a hole in any of them stops the picture: so the first
 * picture comes as much earlier, and empty packets of Opus before the sound (see docs/decisions/0007).
 */
export function followOn(chunk: Chunk, track: Track, end: Ticks): readonly Chunk[] {
  const hole = chunk.dts - end;
  const { timescale } = chunk;
  if (hole < millisecondsToTicks(SHORTEST, timescale) || hole > millisecondsToTicks(LONGEST, timescale))
    return [chunk];
  const [first, ...others] = readChunk(chunk);
  if (!first) return [chunk];
  if (track.kind === 'video') {
    const duration = ticks(first.duration + hole);
    return [rewrite(chunk, end, [{ ...first, duration }, ...others])];
  }
  // Mono or stereo: others hold several streams in a packet.
  if (track.codec !== 'opus' || track.configuration[10] !== 0) return [chunk];
  const data = opusEmptyPacket(first.data);
  const duration = ticks(opusPacketDuration(data));
  const packets = Array.from({ length: Math.floor(hole / duration) }, () => ({
    duration,
    compositionOffset: ticks(0),
    data,
  }));
  return packets.length > 0 ? [rewrite(chunk, end, packets), chunk] : [chunk];
}

/** Without a reference time: its samples are not where they were captured. */
function rewrite(chunk: Chunk, dts: Ticks, samples: readonly ChunkSample[]): Chunk {
  const { trackId, kind, keyframe } = chunk;
  const header = { trackId, sequence: 0, decodeTime: dts, referenceTime: undefined };
  return {
    ...chunk,
    dts,
    duration: ticks(samples.reduce((sum, { duration }) => sum + duration, 0)),
    samples: samples.length,
    bytes: writeChunk({ ...header, keyframe: kind === 'video' && keyframe }, samples),
  };
}
