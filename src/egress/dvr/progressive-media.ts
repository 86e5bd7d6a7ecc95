import { trackIdOf } from '../../media/mp4/cmaf-header.ts';
import { type ListedSample, writeFragmentHead } from '../../media/mp4/fragment-head.ts';
import { SampleCursor } from '../../media/mp4/sample-cursor.ts';
import { ticks } from '../../media/time.ts';
import type { Track } from '../../media/track.ts';
import { type FoundMovie, leaderOf } from './read-movie.ts';
import type { FileReader, FileRun, RecordedMedia, RecordedTrack, SegmentBytes } from './recorded-media.ts';
import { SegmentLists } from './segment-list.ts';

/** The samples of a segment: a cursor that stands before the first, and how many there are. */
interface Samples {
  readonly before: SampleCursor;
  readonly count: number;
}

/** What a segment takes in memory, about. */
const SEGMENT_BYTES = 500;
/** Samples to look at before others have their turn: a few milliseconds. */
const TURN = 4000;

/**
 * A finished recording, whose samples are listed in its `moov`: a segment is made of a fragment's head that is written when
 * it is asked for, and of the samples' bytes as they are in the file.
 */
export class ProgressiveMedia implements RecordedMedia {
  readonly form = 'progressive';
  readonly tracks: readonly RecordedTrack[];
  readonly inBandParameterSets: boolean;
  readonly heldBytes: number;
  readonly #lists: SegmentLists<Samples>;
  /** Of each track: what its samples' decode times count from. */
  readonly #starts: readonly number[];

  private constructor(movie: FoundMovie, lists: SegmentLists<Samples>, starts: readonly number[]) {
    this.inBandParameterSets = movie.inBandParameterSets;
    this.#lists = lists;
    this.#starts = starts;
    this.tracks = movie.tracks.map((track, position) => ({
      track,
      segments: lists.lists[position]?.segments ?? [],
    }));
    const segments = this.tracks.reduce((sum, track) => sum + track.segments.length, 0);
    this.heldBytes = movie.heldBytes + segments * SEGMENT_BYTES;
  }

  /** Cuts it into segments. Rejects with MediaError. */
  static async open(movie: FoundMovie): Promise<ProgressiveMedia> {
    const { tracks } = movie;
    const starts = startsOf(movie);
    const leader = leaderOf(tracks);
    const lists = new SegmentLists<Samples>(
      tracks.map(({ timescale }) => timescale),
      leader,
    );
    const order = [...tracks.keys()].sort((one, other) => Number(other === leader) - Number(one === leader));
    for (const position of order) await addSamples(lists, movie, position, starts[position] ?? 0);
    lists.list(true);
    return new ProgressiveMedia(movie, lists, starts);
  }

  async locate(kind: Track['kind'], index: number, _file: FileReader): Promise<SegmentBytes | undefined> {
    const position = this.tracks.findIndex(({ track }) => track.kind === kind);
    const samples = this.#lists.lists[position]?.place(index);
    const track = this.tracks[position]?.track;
    if (!samples || !track) return undefined;
    const cursor = samples.before.copy();
    const listed: ListedSample[] = [];
    const runs: FileRun[] = [];
    let bytes = 0;
    let start: number | undefined;
    while (listed.length < samples.count && cursor.advance()) {
      const { offset, size, decodeTime, duration, compositionOffset, keyframe } = cursor;
      start ??= decodeTime;
      listed.push({ size, duration, compositionOffset, keyframe });
      const last = runs.at(-1);
      if (last && last.offset + last.size === offset)
        runs[runs.length - 1] = { ...last, size: last.size + size };
      else runs.push({ offset, size });
      bytes += size;
    }
    const decodeTime = ticks((start ?? 0) + (this.#starts[position] ?? 0));
    const head = writeFragmentHead(trackIdOf(track), index + 1, decodeTime, listed);
    return { head, runs, byteLength: head.byteLength + bytes };
  }
}

async function addSamples(
  lists: SegmentLists<Samples>,
  { movie }: FoundMovie,
  position: number,
  start: number,
): Promise<void> {
  const source = movie.tracks[position];
  if (!source) return;
  const cursor = new SampleCursor(source.tables);
  // One sample behind: where a segment begins, that place is kept.
  const behind = cursor.copy();
  for (let count = 1; cursor.advance(); count += 1) {
    const at = start + cursor.decodeTime;
    const media = {
      start: ticks(at),
      end: ticks(at + cursor.duration),
      keyframe: cursor.keyframe,
      byteLength: cursor.size,
    };
    lists.add(position, media, (samples) => ({
      before: samples?.before ?? behind.copy(),
      count: (samples?.count ?? 0) + 1,
    }));
    behind.advance();
    if (count % TURN === 0) await new Promise((settle) => setImmediate(settle));
  }
}

/**
 * Where each track's clock is 0 on the recording's timeline, as its edit list says (ISO/IEC 14496-12 §8.6.6); none of them
 * before 0.
 */
function startsOf({ readers }: FoundMovie): number[] {
  const earliest = Math.min(0, ...readers.map(({ shift, timescale }) => shift / timescale));
  return readers.map(({ shift, timescale }) => shift - Math.round(earliest * timescale));
}
