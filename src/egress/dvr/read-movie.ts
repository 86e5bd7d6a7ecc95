import { MediaError } from '../../media/media-error.ts';
import { readBoxHeader } from '../../media/mp4/box.ts';
import { ByteReader } from '../../media/mp4/byte-reader.ts';
import { type Movie, readMovie } from '../../media/mp4/movie.ts';
import { TrackReader } from '../../media/mp4/track-reader.ts';
import type { Track } from '../../media/track.ts';
import type { FileReader } from './recorded-media.ts';

/** What a recording's file says of itself. */
export interface FoundMovie {
  readonly movie: Movie;
  /** Its `moov` and what it refers to, in memory. */
  readonly heldBytes: number;
  /** Of each track of the movie, in its order. */
  readonly readers: readonly TrackReader[];
  readonly tracks: readonly Track[];
  readonly inBandParameterSets: boolean;
  /** Where the box behind the `moov` begins. */
  readonly end: number;
}

const LARGEST_HEADER = 16;
const MAX_TRACKS = 8;
/** Of a week of samples; beyond it a recording is only to be had as a file. */
const MAX_MOOV = 256 * 1024 * 1024;
const IN_BAND = ['avc3', 'hev1'];

/** Finds and reads the `moov` of a recording, which is in front of its media. Rejects with MediaError. */
export async function findMovie(file: FileReader): Promise<FoundMovie> {
  for (let position = 0; position < file.size; ) {
    const head = await file.read(position, LARGEST_HEADER);
    if (head.byteLength < LARGEST_HEADER) break;
    const { type, size, headerSize } = readBoxHeader(new ByteReader(head, 'header'));
    if (type === 'moov') {
      if (size > MAX_MOOV)
        throw new MediaError('element-too-large', 'The recording is too long to be cut into segments.');
      const bytes = await file.read(position, size);
      return describe(bytes.subarray(headerSize), position + size);
    }
    position += size;
  }
  throw new MediaError('container-truncated', 'The recording has no index.');
}

function describe(moov: Uint8Array, end: number): FoundMovie {
  const movie = readMovie(new ByteReader(moov, 'moov'), MAX_TRACKS);
  const readers = movie.tracks.map((track, position) => {
    const defaults = movie.extends.find(({ trackId }) => trackId === track.header.trackId);
    return new TrackReader(position, track, defaults, movie.header.timescale, Number.POSITIVE_INFINITY);
  });
  const tracks = readers.flatMap(({ track }) => track ?? []);
  if (tracks.length === 0 || tracks.length < readers.length)
    throw new MediaError('no-tracks', 'The recording has a track that is not understood.');
  const inBandParameterSets = movie.tracks.some(({ entries }) => IN_BAND.includes(entries[0]?.type ?? ''));
  return { movie, heldBytes: moov.byteLength, readers, tracks, inBandParameterSets, end };
}

/** The place of the track that segments are cut by: the picture, where there is one. */
export const leaderOf = (tracks: readonly Track[]): number =>
  Math.max(
    0,
    tracks.findIndex(({ kind }) => kind === 'video'),
  );
