import { type ChunkSample, writeChunk } from '../../media/mp4/cmaf-chunk.ts';
import { readChunk } from '../../media/mp4/read-chunk.ts';
import { type Milliseconds, milliseconds, millisecondsToTicks, ticks } from '../../media/time.ts';
import { audioFillerOf } from '../../package/audio-filler.ts';
import type { Segment } from '../../package/segment.ts';
import type { SegmentTrack } from '../../package/segment-track.ts';

/** What is longer is no pause to wait through: players go on behind it. */
export const LONGEST_HOLD = milliseconds(4000);

/** The first segment of an epoch, while it and what is before it are held; undefined for that of the first epoch. */
export function firstOfEpoch(track: SegmentTrack, epoch: number): Segment | undefined {
  const { listed } = track.window;
  const any = listed.find((segment) => segment.epoch.index === epoch)?.sequence ?? track.openSequence;
  for (let at = any; ; at -= 1) {
    const [segment, before] = [track.segment(at), track.segment(at - 1)];
    if (!segment || segment.gap || segment.epoch.index !== epoch || !before) return undefined;
    if (before.epoch.index < epoch) return segment;
  }
}

/**
 * Media for so long that leads to the first segment of an epoch, at the place of that: its first picture, or packets without
 * sound. Undefined where the codec has none.
 */
export function holdMedia(first: Segment, length: Milliseconds): Uint8Array | undefined {
  const [chunk] = first.chunks;
  const [sample] = chunk ? readChunk(chunk) : [];
  const track = first.epoch.tracks.find(({ kind }) => kind === chunk?.kind);
  if (!chunk || !sample || !track) return undefined;
  const duration = millisecondsToTicks(length, first.timescale);
  const samples: ChunkSample[] = [];
  if (track.kind === 'video') samples.push({ ...sample, duration });
  else {
    const filler = audioFillerOf(track, sample.data);
    if (!filler) return undefined;
    const count = Math.max(1, Math.floor(duration / filler.duration));
    const packet = { compositionOffset: ticks(0), ...filler };
    for (let index = 1; index < count; index += 1) samples.push(packet);
    samples.push({ ...packet, duration: ticks(duration - (count - 1) * filler.duration) });
  }
  const { trackId, kind, keyframe, dts } = chunk;
  const header = { trackId, sequence: 0, decodeTime: dts, referenceTime: undefined };
  return writeChunk({ ...header, keyframe: kind === 'video' && keyframe }, samples);
}
