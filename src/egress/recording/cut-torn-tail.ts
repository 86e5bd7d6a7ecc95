import { type FileHandle, open } from 'node:fs/promises';
import { MediaError } from '../../media/media-error.ts';
import { frontBoxHeader } from '../../media/mp4/box.ts';
import { readSegmentIndex } from '../../media/mp4/boxes/segment-index.ts';
import { ByteReader } from '../../media/mp4/byte-reader.ts';
import { fragmentRuns } from '../../media/mp4/fragment-runs.ts';
import { readMovie } from '../../media/mp4/movie.ts';
import { readMovieFragment } from '../../media/mp4/movie-fragment.ts';
import { TrackReader } from '../../media/mp4/track-reader.ts';
import { type Milliseconds, milliseconds } from '../../media/time.ts';

/** What is left of a file. */
export interface WholeChunks {
  /** Bytes. */
  readonly size: number;
  readonly duration: Milliseconds;
}

const LARGEST_HEADER = 16;
const MAX_BOX = 16 * 1024 * 1024;
const MAX_TRACKS = 8;
const READ_WHOLE = ['moov', 'moof', 'sidx'];
const BOXES = [...READ_WHOLE, 'mdat', 'ftyp', 'free', 'prft'];

/**
 * Cuts a fragmented recording behind its last whole chunk. What its index covers is believed and not looked at, so it
 * takes as long as the file grew since the index was written last, whatever its size. Rejects with the system's errors
 * and MediaError; the file is as it was then.
 */
export async function cutTornTail(path: string): Promise<WholeChunks> {
  const file = await open(path, 'r+');
  try {
    const walk = new ChunkWalk(file, (await file.stat()).size);
    const found = await walk.run();
    // Nothing of it is understood: it is not for us to cut.
    if (found.size === 0)
      throw new MediaError('container-malformed', 'The file does not begin as a recording.');
    await file.truncate(found.size);
    return found;
  } finally {
    await file.close();
  }
}

/** Walks over a file's boxes, and notes how far it is whole. */
class ChunkWalk {
  readonly #file: FileHandle;
  readonly #size: number;
  #tracks: TrackReader[] = [];
  /** Where the media ends that the newest `moof` announced, in milliseconds. */
  #announced = 0;
  #duration = 0;
  #whole = 0;

  constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.#size = size;
  }

  async run(): Promise<WholeChunks> {
    let position = 0;
    for (let next: number | undefined = 0; next !== undefined; next = await this.#step(position))
      position = next;
    return { size: this.#whole, duration: milliseconds(Math.round(this.#duration)) };
  }

  /** Answers where the next box is; undefined where nothing is to be understood any more. */
  async #step(position: number): Promise<number | undefined> {
    const head = await this.#read(position, LARGEST_HEADER);
    const header = frontBoxHeader(head);
    if (!header) return undefined;
    const { type, size, headerSize } = header;
    const end = position + size;
    // Zeros, or whatever a disk leaves of a torn write: nothing behind them is known.
    if (!BOXES.includes(type) || end > this.#size) return undefined;
    if (type === 'mdat') this.#complete(end);
    else if (READ_WHOLE.includes(type)) {
      if (size > MAX_BOX) return undefined;
      return this.#take(type, (await this.#read(position, size)).subarray(headerSize), position, end);
    } else if (!this.#hasMedia && type !== 'prft') this.#whole = end;
    return end;
  }

  get #hasMedia(): boolean {
    return this.#announced > 0;
  }

  #take(type: string, body: Uint8Array, start: number, end: number): number {
    const reader = new ByteReader(body, type);
    if (type === 'moof') this.#announce(reader, start, end);
    else {
      this.#whole = end;
      if (type === 'sidx') return this.#believe(reader, end);
      const movie = readMovie(reader, MAX_TRACKS);
      this.#tracks = movie.tracks.map((track, position) => {
        const defaults = movie.extends.find(({ trackId }) => trackId === track.header.trackId);
        return new TrackReader(position, track, defaults, movie.header.timescale, Number.POSITIVE_INFINITY);
      });
    }
    return end;
  }

  /** What an index points at was written before it. */
  #believe(reader: ByteReader, end: number): number {
    const { references, firstOffset, earliestPresentationTime, timescale } = readSegmentIndex(reader);
    const bytes = references.reduce((sum, { size }) => sum + size, end + firstOffset);
    if (references.length === 0 || bytes > this.#size) return end;
    const ticks = references.reduce((sum, { duration }) => sum + duration, Number(earliestPresentationTime));
    this.#announced = (ticks / timescale) * 1000;
    this.#complete(bytes);
    return bytes;
  }

  #announce(reader: ByteReader, moofStart: number, moofEnd: number): void {
    fragmentRuns(readMovieFragment(reader), this.#tracks, { fileStart: 0, moofStart, moofEnd });
    const ends = this.#tracks.map(({ clock, timescale }) => (clock / timescale) * 1000);
    this.#announced = Math.max(this.#announced, ...ends);
  }

  #complete(end: number): void {
    this.#whole = end;
    this.#duration = this.#announced;
  }

  async #read(position: number, length: number): Promise<Uint8Array> {
    const { buffer, bytesRead } = await this.#file.read(new Uint8Array(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  }
}
