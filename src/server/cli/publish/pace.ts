import { openDemuxer } from '../../../media/open-demuxer.ts';
import { type Milliseconds, milliseconds, ticksToMilliseconds } from '../../../media/time.ts';
import type { Track } from '../../../media/track.ts';

/**
 * Tells when bytes of a container are due, by the timestamps in them: as a camera would have made them. Each byte must
 * pass through it once, in order.
 */
export class Pace {
  #tracks: readonly Track[] = [];
  #first: number | undefined;
  #newest = 0;
  readonly #demuxer = openDemuxer({
    tracks: (tracks) => {
      this.#tracks = tracks;
    },
    sample: (track, { dts }) => {
      const time = ticksToMilliseconds(dts, this.#clockOf(track));
      this.#first ??= time;
      this.#newest = Math.max(this.#newest, time - this.#first);
    },
  });

  /** Takes the next bytes. Answers when they are due: media time since the first sample. Throws MediaError. */
  due(bytes: Uint8Array): Milliseconds {
    this.#demuxer.push(bytes);
    return milliseconds(this.#newest);
  }

  #clockOf(track: number) {
    const found = this.#tracks[track];
    if (!found) throw new Error(`a sample came for track ${track}, which was not announced`);
    return found.timescale;
  }
}
