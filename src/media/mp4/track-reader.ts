import { MediaError } from '../media-error.ts';
import type { Timescale } from '../time.ts';
import type { Track } from '../track.ts';
import type { Edit } from './boxes/edit-list.ts';
import type { TrackExtends } from './boxes/movie-extends.ts';
import type { MovieTrack } from './movie.ts';
import { readSampleFormat, type SampleFormat, videoTrack } from './sample-format.ts';

/** One track of a stream as it is read: where its time stands and what its samples are. */
export class TrackReader {
  /** Its place in the list that a sink is told. */
  readonly position: number;
  /** `track_ID`. */
  readonly id: number;
  readonly timescale: Timescale;
  /** What its fragments leave out. */
  readonly defaults: TrackExtends | undefined;
  /** Added to the times of its samples: what its edit list says. */
  readonly shift: number;
  /** Decode time of the next sample, before {@link shift}. */
  clock = 0;
  readonly #formats: readonly SampleFormat[];
  readonly #maxPixels: number;
  #selected = 1;
  #format: SampleFormat;
  #track: Track | undefined;

  constructor(
    position: number,
    source: MovieTrack,
    defaults: TrackExtends | undefined,
    movieTimescale: Timescale,
    maxPixels: number,
  ) {
    const { timescale } = source.media;
    this.position = position;
    this.id = source.header.trackId;
    this.timescale = timescale;
    this.defaults = defaults;
    this.shift = editShift(source.edits, movieTimescale, timescale);
    this.#maxPixels = maxPixels;
    this.#formats = source.entries.map((entry) => readSampleFormat(entry, timescale, maxPixels));
    this.#format = this.#formatAt(1);
    this.#track = this.#format.track;
  }

  /** Undefined until a keyframe told what the container did not. */
  get track(): Track | undefined {
    return this.#track;
  }

  get isVideo(): boolean {
    return this.#format.bitstream !== undefined;
  }

  /** Samples are from here on described by that entry, counted from 1. Answers whether the track changed. */
  select(sampleDescription: number): boolean {
    if (sampleDescription === this.#selected) return false;
    this.#selected = sampleDescription;
    this.#format = this.#formatAt(sampleDescription);
    this.#track = this.#format.track;
    return true;
  }

  /** Looks into a video keyframe for another codec configuration or size. Answers whether the track changed. */
  readKeyframe(data: Uint8Array): boolean {
    const { bitstream } = this.#format;
    if (!bitstream) return false;
    const before = bitstream.configuration;
    bitstream.read(data);
    const now = bitstream.configuration;
    if (!now || now === before) return false;
    const next = videoTrack(now, this.timescale, this.#maxPixels);
    if (before === undefined && this.#track && sameVp9(this.#track, next)) return false;
    this.#track = next;
    return true;
  }

  #formatAt(sampleDescription: number): SampleFormat {
    const format = this.#formats[sampleDescription - 1];
    if (format) return format;
    throw new MediaError(
      'container-malformed',
      `The MP4 track ${this.id} has no sample entry ${sampleDescription}.`,
    );
  }
}

/** A VP9 record's level is the encoder's word, better than a guess from the first keyframe: the rest must agree. */
function sameVp9(known: Track, seen: Track): boolean {
  if (known.kind !== 'video' || seen.kind !== 'video') return false;
  const [, , , , profile, , format = 0] = known.configuration;
  const [, , , , seenProfile, , seenFormat = 0] = seen.configuration;
  const sameSize = known.width === seen.width && known.height === seen.height;
  return sameSize && profile === seenProfile && format >> 4 === seenFormat >> 4;
}

/**
 * An initial edit moves a track in time (ISO/IEC 14496-12 §8.6.6): empty edits later, the media time of the first
 * other one earlier (priming of AAC, reordering of B-frames). Edits after it cut, which a live stream does not.
 */
function editShift(edits: readonly Edit[], movieTimescale: Timescale, timescale: Timescale): number {
  let empty = 0;
  for (const edit of edits) {
    const shift = movieTimescale > 0 ? Math.round((empty * timescale) / movieTimescale) : 0;
    if (edit.mediaTime >= 0) return shift - edit.mediaTime;
    empty += edit.duration;
  }
  return 0;
}
