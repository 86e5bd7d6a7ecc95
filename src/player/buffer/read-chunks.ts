import { MediaError } from '../../media/media-error.ts';
import { childBoxes, readBoxHeader } from '../../media/mp4/box.ts';
import { PRFT_CAPTURED, readProducerReferenceTime } from '../../media/mp4/boxes/producer-reference-time.ts';
import { isSyncSample } from '../../media/mp4/boxes/sample-flags.ts';
import { RUN_DURATION, RUN_FLAGS, type TrackRun, trackRunStride } from '../../media/mp4/boxes/track-run.ts';
import { ByteReader } from '../../media/mp4/byte-reader.ts';
import { readMovie } from '../../media/mp4/movie.ts';
import { readMovieFragment, type TrackFragment } from '../../media/mp4/movie-fragment.ts';
import {
  type Milliseconds,
  milliseconds,
  type Timescale,
  ticks,
  ticksToMilliseconds,
} from '../../media/time.ts';

/** What an init segment says of a track, as far as times are concerned. */
interface ChunkTrack {
  readonly kind: 'video' | 'audio';
  readonly timescale: Timescale;
  /** Ticks a sample, where its fragment does not say. */
  readonly sampleDuration: number;
  readonly sampleFlags: number;
}

/** The tracks of an init segment by their `track_ID`. */
export type ChunkTracks = ReadonlyMap<number, ChunkTrack>;

/** Ties a moment of the media to the server's wall clock (`prft`). */
export interface ChunkReference {
  readonly mediaTime: Milliseconds;
  readonly wallClock: Milliseconds;
  /** The time of capture; else that of arrival at the server. */
  readonly captured: boolean;
}

/** A chunk as a viewer needs to know it. Times on the broadcast's timeline. */
export interface PlayChunk {
  readonly kind: 'video' | 'audio';
  /** Decoding can start here. */
  readonly keyframe: boolean;
  readonly start: Milliseconds;
  readonly end: Milliseconds;
  readonly reference?: ChunkReference;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const MAX_TRACKS = 8;
const KINDS: Record<string, ChunkTrack['kind']> = { vide: 'video', soun: 'audio' };

/** Reads the tracks out of an init segment (`ftyp` + `moov`). Throws MediaError. */
export function readChunkTracks(init: Uint8Array): ChunkTracks {
  const tracks = new Map<number, ChunkTrack>();
  for (const box of childBoxes(new ByteReader(init, 'init segment'))) {
    if (box.name !== 'moov') continue;
    const movie = readMovie(box, MAX_TRACKS);
    for (const { header, media, handler } of movie.tracks) {
      const kind = KINDS[handler];
      if (!kind) continue;
      const defaults = movie.extends.find(({ trackId }) => trackId === header.trackId);
      const { sampleDuration = 0, sampleFlags = 0 } = defaults ?? {};
      tracks.set(header.trackId, { kind, timescale: media.timescale, sampleDuration, sampleFlags });
    }
  }
  if (tracks.size === 0)
    throw new MediaError('no-tracks', 'The init segment has no track that can be played.');
  return tracks;
}

/** Takes a message apart into its whole chunks, as views of it. Throws MediaError when it is anything else. */
export function readPlayChunks(message: Uint8Array<ArrayBuffer>, tracks: ChunkTracks): PlayChunk[] {
  const chunks: PlayChunk[] = [];
  const reader = new ByteReader(message, 'media message');
  let chunkStart = 0;
  let fragment: Fragment | undefined;
  let reference: ChunkReference | undefined;
  while (reader.remaining > 0) {
    const { type, size, headerSize } = readBoxHeader(reader);
    const body = new ByteReader(reader.take(size - headerSize), type);
    if (type === 'prft') reference = readReference(body, tracks) ?? reference;
    else if (type === 'moof') fragment = readFragment(body, tracks);
    else if (type === 'mdat') {
      if (!fragment)
        throw new MediaError('container-malformed', "A media message has an 'mdat' before its 'moof'.");
      const bytes = message.subarray(chunkStart, reader.position);
      chunks.push(reference ? { ...fragment, reference, bytes } : { ...fragment, bytes });
      chunkStart = reader.position;
      fragment = undefined;
      reference = undefined;
    }
  }
  if (chunkStart !== message.length) {
    throw new MediaError('container-truncated', 'A media message ends in the middle of a chunk.');
  }
  return chunks;
}

/** Playing can begin with that chunk: a keyframe of the picture, or of the sound where there is no picture. */
export function startsGroup({ keyframe, kind }: PlayChunk, tracks: ChunkTracks): boolean {
  return keyframe && (kind === 'video' || [...tracks.values()].every((track) => track.kind !== 'video'));
}

type Fragment = Omit<PlayChunk, 'bytes' | 'reference'>;

function readFragment(moof: ByteReader, tracks: ChunkTracks): Fragment {
  const fragments: Fragment[] = [];
  for (const fragment of readMovieFragment(moof).tracks) {
    const track = tracks.get(fragment.header.trackId);
    if (track) fragments.push(describe(fragment, track));
  }
  const main = fragments.find(({ kind }) => kind === 'video') ?? fragments[0];
  if (!main)
    throw new MediaError('container-malformed', 'A chunk holds no track that its init segment names.');
  return main;
}

function describe({ header, decodeTime, runs }: TrackFragment, track: ChunkTrack): Fragment {
  const sampleDuration = header.sampleDuration ?? track.sampleDuration;
  const duration = runs.reduce((sum, run) => sum + runDuration(run, sampleDuration), 0);
  const start = decodeTime ?? ticks(0);
  const [first] = runs;
  return {
    kind: track.kind,
    keyframe: first !== undefined && isSyncSample(firstFlags(first, header.sampleFlags ?? track.sampleFlags)),
    start: ticksToMilliseconds(start, track.timescale),
    end: ticksToMilliseconds(ticks(start + duration), track.timescale),
  };
}

function runDuration({ flags, sampleCount, table }: TrackRun, sampleDuration: number): number {
  if ((flags & RUN_DURATION) === 0) return sampleCount * sampleDuration;
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  let duration = 0;
  // The duration is the first field of each line.
  for (let at = 0; at < table.length; at += trackRunStride(flags)) duration += view.getUint32(at);
  return duration;
}

function firstFlags(run: TrackRun, sampleFlags: number): number {
  if (run.firstSampleFlags !== undefined) return run.firstSampleFlags;
  if ((run.flags & RUN_FLAGS) === 0 || run.table.length === 0) return sampleFlags;
  const before = trackRunStride(run.flags & (RUN_FLAGS - 1));
  return new DataView(run.table.buffer, run.table.byteOffset + before).getUint32(0);
}

function readReference(prft: ByteReader, tracks: ChunkTracks): ChunkReference | undefined {
  const { trackId, wallClock, mediaTime, flags } = readProducerReferenceTime(prft);
  const track = tracks.get(trackId);
  if (!track) return undefined;
  return {
    mediaTime: milliseconds(ticksToMilliseconds(mediaTime, track.timescale)),
    wallClock,
    captured: flags === PRFT_CAPTURED,
  };
}
