import { MediaError } from '../../media/media-error.ts';
import { type BoxHeader, readBoxHeader } from '../../media/mp4/box.ts';
import { ByteReader } from '../../media/mp4/byte-reader.ts';
import { fragmentRuns } from '../../media/mp4/fragment-runs.ts';
import { readMovieFragment } from '../../media/mp4/movie-fragment.ts';
import type { TrackReader } from '../../media/mp4/track-reader.ts';
import { type Ticks, ticks } from '../../media/time.ts';
import type { FileReader, FileRun } from './recorded-media.ts';

/** A chunk in a fragmented file. */
export interface ScannedChunk extends FileRun {
  readonly track: TrackReader;
  readonly start: Ticks;
  readonly end: Ticks;
  readonly keyframe: boolean;
}

const BLOCK = 256 * 1024;
const LARGEST_HEADER = 16;
const MAX_MOOF = 16 * 1024 * 1024;
const PASSED_OVER = ['ftyp', 'moov', 'free', 'skip', 'sidx', 'styp', 'emsg', 'mfra'];

/**
 * The whole chunks of a fragmented file from one place up to another, both where a box begins: what is being written behind
 * them is not looked at. Rejects with MediaError where it is broken.
 */
export async function* scanChunks(
  file: FileReader,
  tracks: readonly TrackReader[],
  from: number,
  to: number,
): AsyncGenerator<ScannedChunk> {
  const window = new ReadWindow(file, to);
  let moof: { readonly start: number; readonly at: number; readonly body: Uint8Array } | undefined;
  let prft: number | undefined;
  for (let position = from; position < to; ) {
    const header = await readHeader(window, position);
    const end = position + (header?.size ?? Number.POSITIVE_INFINITY);
    if (!header || end > to) return;
    if (header.type === 'moof') {
      if (header.size > MAX_MOOF) throw new MediaError('container-malformed', 'A fragment is too large.');
      const bytes = await window.bytes(position, header.size);
      moof = { start: prft ?? position, at: position, body: bytes.subarray(header.headerSize) };
    } else if (header.type === 'mdat') {
      const found = moof && readChunk(moof.body, tracks, { ...moof, end: position });
      if (found && moof) yield { ...found, offset: moof.start, size: end - moof.start };
      moof = undefined;
    } else if (header.type !== 'prft' && !PASSED_OVER.includes(header.type)) {
      // Zeros, or whatever a power loss left behind the last chunk: nothing is known from here on.
      return;
    }
    prft = header.type === 'prft' ? position : undefined;
    position = end;
  }
}

function readChunk(
  body: Uint8Array,
  tracks: readonly TrackReader[],
  place: { readonly at: number; readonly end: number },
): Omit<ScannedChunk, keyof FileRun> | undefined {
  const fragment = readMovieFragment(new ByteReader(body, 'moof'));
  const [run] = fragmentRuns(fragment, tracks, { fileStart: 0, moofStart: place.at, moofEnd: place.end });
  if (!run?.advance()) return undefined;
  const { track, decodeTime, keyframe } = run;
  return { track, start: ticks(decodeTime), end: ticks(track.clock), keyframe };
}

async function readHeader(window: ReadWindow, position: number): Promise<BoxHeader | undefined> {
  const bytes = await window.bytes(position, LARGEST_HEADER);
  if (bytes.byteLength < 8 || (bytes.byteLength < LARGEST_HEADER && bytes[3] === 1)) return undefined;
  return readBoxHeader(new ByteReader(bytes, 'header'));
}

/** Reads a file forwards in large blocks. */
class ReadWindow {
  readonly #file: FileReader;
  readonly #end: number;
  #start = 0;
  #block: Uint8Array = new Uint8Array(0);

  constructor(file: FileReader, end: number) {
    this.#file = file;
    this.#end = end;
  }

  async bytes(position: number, length: number): Promise<Uint8Array> {
    const wanted = Math.min(length, this.#end - position);
    const from = position - this.#start;
    if (from >= 0 && from + wanted <= this.#block.byteLength)
      return this.#block.subarray(from, from + wanted);
    this.#block = await this.#file.read(position, Math.max(wanted, Math.min(BLOCK, this.#end - position)));
    this.#start = position;
    return this.#block.subarray(0, wanted);
  }
}
