import { MediaError } from '../../../media/media-error.ts';
import { type BoxHeader, childBoxes, frontBoxHeader, printable, required } from '../../../media/mp4/box.ts';
import { ByteReader } from '../../../media/mp4/byte-reader.ts';
import type { FragmentRun } from '../../../media/mp4/fragment-run.ts';
import { fragmentRuns } from '../../../media/mp4/fragment-runs.ts';
import { type Movie, readMovie } from '../../../media/mp4/movie.ts';
import { readMovieFragment } from '../../../media/mp4/movie-fragment.ts';
import type { ProgressiveTrack } from '../../../media/mp4/progressive-header.ts';
import { SampleIndex } from '../../../media/mp4/sample-index.ts';
import { TrackReader } from '../../../media/mp4/track-reader.ts';
import type { BlockReader } from './block-reader.ts';
import { MediaPlan } from './media-plan.ts';

/** What a fragmented file holds: its tracks with their samples listed, and where their bytes are. */
export interface Fragments {
  readonly tracks: readonly ProgressiveTrack[];
  readonly plan: MediaPlan;
}

/** A movie of ours has one video and one audio track. */
const MAX_TRACKS = 8;
/** Of a box that is read whole, and of a tail that was cut off in the middle of a chunk. */
const MAX_BOX = 16 * 1024 * 1024;
const MAX_TORN_TAIL = 512 * 1024 * 1024;
const LARGEST_HEADER = 16;
const PASSED_OVER = ['ftyp', 'free', 'skip', 'sidx', 'prft', 'styp', 'emsg', 'mfra'];

/** The file is progressive already: it has its samples in its `moov`. */
export class AlreadyProgressive {
  /** Milliseconds. */
  readonly duration: number;

  constructor({ header }: Movie) {
    this.duration = (header.duration / header.timescale) * 1000;
  }
}

/**
 * Reads the boxes of a fragmented MP4 around its media, from the first to the last whole chunk; `passed` is told of its bytes
 * as they go by. Throws MediaError when it has no media, or is broken elsewhere than at its end.
 */
export function readFragments(
  reader: BlockReader,
  passed: (bytes: number) => void,
): Fragments | AlreadyProgressive {
  const walk = new FragmentWalk();
  let position = 0;
  while (position < reader.size) {
    const header = readHeader(reader, position);
    const end = header ? position + header.size : Number.POSITIVE_INFINITY;
    if (!header || end > reader.size) {
      checkTail(header, reader.size - position);
      break;
    }
    if (header.type === 'mdat') {
      walk.media(position + header.headerSize, end);
      passed(header.size);
    } else if (header.type === 'moov' || header.type === 'moof') {
      if (header.size > MAX_BOX) throw malformed(`'${header.type}' has ${header.size} bytes`);
      const body = reader.all(position, header.size).subarray(header.headerSize);
      const found = header.type === 'moov' ? walk.movie(body) : walk.fragment(body, position, end);
      if (found) return found;
    } else if (!PASSED_OVER.includes(header.type)) {
      throw malformed(`there is no box '${printable(header.type)}' in a recording`);
    }
    position = end;
  }
  return walk.end();
}

/** The last box of a file, a packet of silence, may be shorter than the largest header. */
const readHeader = (reader: BlockReader, position: number): BoxHeader | undefined =>
  frontBoxHeader(reader.all(position, LARGEST_HEADER));

/** What a crash cut off is at most a chunk; anything else at the end would be media that we cannot read. */
function checkTail(header: BoxHeader | undefined, size: number): void {
  if (!header) return;
  const known = PASSED_OVER.includes(header.type) || header.type === 'moof' || header.type === 'mdat';
  if (!known || size > MAX_TORN_TAIL) throw malformed('it has no boxes from some byte on');
}

/** Lists samples as their boxes come by. */
class FragmentWalk {
  #tracks: (Omit<ProgressiveTrack, 'samples'> & { samples: SampleIndex })[] = [];
  #readers: TrackReader[] = [];
  #plan = new MediaPlan(0);
  /** Of the newest `moof`: they count once their media is there. */
  #runs: FragmentRun[] = [];

  movie(body: Uint8Array): AlreadyProgressive | undefined {
    const movie = readMovie(new ByteReader(body, 'moov'), MAX_TRACKS);
    if (movie.extends.length === 0) return new AlreadyProgressive(movie);
    const descriptions = sampleDescriptions(body);
    this.#readers = movie.tracks.map((track, position) => {
      const defaults = movie.extends.find(({ trackId }) => trackId === track.header.trackId);
      return new TrackReader(position, track, defaults, movie.header.timescale, Number.POSITIVE_INFINITY);
    });
    this.#tracks = movie.tracks.map((track, position) => ({
      position,
      header: track.header,
      timescale: track.media.timescale,
      handler: track.handler === 'vide' ? 'vide' : 'soun',
      sampleDescription: required(descriptions[position], 'stsd', 'stbl'),
      samples: new SampleIndex(),
    }));
    this.#plan = new MediaPlan(this.#tracks.length);
    return undefined;
  }

  fragment(body: Uint8Array, moofStart: number, moofEnd: number): undefined {
    // Its tables are read when its media is known to be there, and the block that they are in may be gone by then.
    const fragment = readMovieFragment(new ByteReader(body.slice(), 'moof'));
    this.#runs = fragmentRuns(fragment, this.#readers, { fileStart: 0, moofStart, moofEnd });
  }

  media(start: number, end: number): void {
    for (const run of this.#runs) this.#add(run, start, end);
    this.#runs = [];
  }

  end(): Fragments {
    const kept = this.#tracks.filter(({ samples }) => samples.count > 0);
    if (kept.length === 0) throw new MediaError('container-truncated', 'The recording has no media.');
    for (const { samples } of kept) samples.end();
    this.#plan.end();
    return { tracks: kept, plan: this.#plan };
  }

  #add(run: FragmentRun, start: number, end: number): void {
    const track = this.#tracks[run.track.position];
    if (!track) return;
    const { samples } = track;
    const time = (run.decodeTime / track.timescale) * 1000;
    const before = samples.count;
    let offset = -1;
    let size = 0;
    while (run.advance()) {
      if (offset < 0) offset = run.offset;
      size += run.size;
      samples.add(run);
    }
    if (size === 0) return;
    if (offset < start || offset + size > end)
      throw malformed('a sample is not in the media behind its index');
    this.#plan.add({ track: run.track.position, samples: samples.count - before, offset, size, time });
  }
}

/** The body of each track's `stsd`. */
function sampleDescriptions(moov: Uint8Array): (Uint8Array | undefined)[] {
  const found: (Uint8Array | undefined)[] = [];
  for (const trak of childBoxes(new ByteReader(moov, 'moov'))) {
    if (trak.name !== 'trak') continue;
    found.push(findBody(trak, ['mdia', 'minf', 'stbl', 'stsd']));
  }
  return found;
}

function findBody(parent: ByteReader, [type, ...rest]: readonly string[]): Uint8Array | undefined {
  for (const box of childBoxes(parent)) {
    if (box.name === type) return rest.length === 0 ? box.rest().slice() : findBody(box, rest);
  }
  return undefined;
}

const malformed = (what: string) =>
  new MediaError('container-malformed', `The recording cannot be finalised: ${what}.`);
