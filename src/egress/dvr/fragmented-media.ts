import type { Track } from '../../media/track.ts';
import { type FoundMovie, findMovie, leaderOf } from './read-movie.ts';
import type { FileReader, FileRun, RecordedMedia, RecordedTrack, SegmentBytes } from './recorded-media.ts';
import { type ScannedChunk, scanChunks } from './scan-chunks.ts';
import { SegmentLists } from './segment-list.ts';

/** From the first chunk of a segment to behind its last one; those of other tracks are in between. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** What a segment takes in memory, about. */
const SEGMENT_BYTES = 250;
/** Chunks to look at before others have their turn. */
const TURN = 2000;

/**
 * A recording that is being made, or stayed as it was made: a segment is a run of chunks, the same bytes that were live. Grows
 * with {@link follow}.
 */
export class FragmentedMedia implements RecordedMedia {
  readonly form = 'fragmented';
  readonly tracks: readonly RecordedTrack[];
  readonly #movie: FoundMovie;
  readonly #lists: SegmentLists<Range>;
  #inBand: boolean;
  #position: number;

  /** Call {@link follow} before anything else. */
  constructor(movie: FoundMovie) {
    this.#movie = movie;
    this.#inBand = movie.inBandParameterSets;
    this.#position = movie.end;
    const { tracks } = movie;
    const timescales = tracks.map(({ timescale }) => timescale);
    this.#lists = new SegmentLists(timescales, leaderOf(tracks));
    this.tracks = tracks.map((track, position) => ({
      track,
      segments: this.#lists.lists[position]?.segments ?? [],
    }));
  }

  get inBandParameterSets(): boolean {
    return this.#inBand;
  }

  get heldBytes(): number {
    return this.tracks.reduce((sum, { segments }) => sum + segments.length * SEGMENT_BYTES, 0);
  }

  /** Looks at what was written since the last time; one at a time. `ended`: nothing follows. Rejects with MediaError. */
  async follow(file: FileReader, ended: boolean): Promise<void> {
    this.#inBand = (await findMovie(file)).inBandParameterSets;
    let count = 0;
    for await (const chunk of scanChunks(file, this.#movie.readers, this.#position, file.size)) {
      this.#add(chunk);
      this.#position = chunk.offset + chunk.size;
      count += 1;
      if (count % TURN === 0) await new Promise((settle) => setImmediate(settle));
    }
    this.#lists.list(ended);
  }

  async locate(kind: Track['kind'], index: number, file: FileReader): Promise<SegmentBytes | undefined> {
    const position = this.tracks.findIndex(({ track }) => track.kind === kind);
    const range = this.#lists.lists[position]?.place(index);
    if (!range) return undefined;
    const runs: FileRun[] = [];
    let byteLength = 0;
    for await (const { track, offset, size } of scanChunks(file, this.#movie.readers, range.from, range.to)) {
      if (track.position !== position) continue;
      byteLength += size;
      const last = runs.at(-1);
      if (last && last.offset + last.size === offset)
        runs[runs.length - 1] = { ...last, size: last.size + size };
      else runs.push({ offset, size });
    }
    return { head: undefined, runs, byteLength };
  }

  #add({ track, start, end, keyframe, offset, size }: ScannedChunk): void {
    const media = { start, end, keyframe, byteLength: size };
    this.#lists.add(track.position, media, (range) => ({ from: range?.from ?? offset, to: offset + size }));
  }
}
