import { DEFAULT_DEMUXER_LIMITS, type Demuxer, type DemuxerLimits } from '../demuxer.ts';
import { MediaError } from '../media-error.ts';
import type { SampleSink } from '../sample.ts';
import { ticks } from '../time.ts';
import { type BoxHeader, printable } from './box.ts';
import { type BoxUse, BoxWalker } from './box-walker.ts';
import { ByteReader } from './byte-reader.ts';
import { fragmentRuns } from './fragment-runs.ts';
import { MediaData } from './media-data.ts';
import { type Movie, type MovieTrack, readMovie } from './movie.ts';
import { readMovieFragment } from './movie-fragment.ts';
import type { SampleRun } from './sample-run.ts';
import { TableRun } from './table-run.ts';
import { TrackReader } from './track-reader.ts';

/** What an MP4 may begin with; a stream that does not is something else. */
const FIRST_BOXES = [
  'ftyp',
  'styp',
  'moov',
  'moof',
  'mdat',
  'free',
  'skip',
  'wide',
  'uuid',
  'sidx',
  'emsg',
  'prft',
];

/**
 * Reads MP4 as it arrives (ISO/IEC 14496-12): fragmented, as browsers record it, or progressive with its `moov` in
 * front. Samples come out as soon as their bytes are complete, in the order of the bytes. Held is at most one
 * sample, `moov` or `moof`. Another `ftyp` and `moov` may follow in mid-stream.
 */
export class Mp4Demuxer implements Demuxer {
  readonly #sink: SampleSink;
  readonly #limits: DemuxerLimits;
  readonly #boxes: BoxWalker;
  readonly #media: MediaData;
  #started = false;
  /** Where the current file began: recordings may follow one another in one stream. */
  #fileStart = 0;
  #tracks: readonly TrackReader[] | undefined;
  #announced = false;
  #movies = 0;
  /** Where the stream's first `moov` ends. */
  #header = 0;
  /** All of the stream is fragments of its first movie, each of which said its decode time. */
  #restartable = false;

  constructor(sink: SampleSink, limits: DemuxerLimits = DEFAULT_DEMUXER_LIMITS) {
    this.#sink = sink;
    this.#limits = limits;
    this.#media = new MediaData((run, data) => this.#emit(run, data), limits.maxElement);
    const visitor = {
      open: (header: BoxHeader, start: number, end: number) => this.#open(header, start, end),
      box: (type: string, start: number, end: number, body: Uint8Array) => this.#box(type, start, end, body),
      piece: (bytes: Uint8Array, position: number) => this.#media.piece(bytes, position),
    };
    this.#boxes = new BoxWalker(visitor, limits.maxElement);
  }

  push(bytes: Uint8Array): void {
    this.#boxes.push(bytes);
  }

  skipTo(offset: number): void {
    this.#boxes.skipTo(offset);
  }

  end(): void {
    this.#boxes.end();
    if (!this.#media.expecting) return;
    throw new MediaError('container-truncated', 'The MP4 ends before the samples that it announced.');
  }

  #open({ type }: BoxHeader, start: number, end: number): BoxUse {
    if (!this.#started && !FIRST_BOXES.includes(type)) {
      throw new MediaError('container-unknown', 'The stream is not an MP4.');
    }
    this.#started = true;
    if (type === 'moov' || type === 'moof') return 'hold';
    if (type === 'mdat') {
      this.#openMedia(end);
      return 'stream';
    }
    if (type === 'ftyp') this.#fileStart = start;
    if (!/^[\x20-\x7e\xa9]{4}$/.test(type)) {
      throw new MediaError(
        'container-malformed',
        `The MP4 has a box of an impossible type, '${printable(type)}'.`,
      );
    }
    return 'skip';
  }

  #box(type: string, start: number, end: number, body: Uint8Array): void {
    if (this.#media.expecting) {
      throw new MediaError(
        'container-malformed',
        `An MP4 '${type}' comes before the samples announced by the last one.`,
      );
    }
    const reader = new ByteReader(body, type);
    if (type === 'moof') this.#readFragment(reader, start, end);
    else {
      this.#movies += 1;
      if (this.#movies === 1) this.#header = end;
      this.#readMovie(readMovie(reader, this.#limits.maxTracks));
      this.#restartable = this.#movies === 1 && !this.#media.expecting;
    }
  }

  #openMedia(end: number): void {
    if (!this.#tracks) {
      throw new MediaError(
        'container-malformed',
        "This MP4 has its index ('moov') behind its media, so it cannot be read as a stream. " +
          'Remux it: ffmpeg -i in.mp4 -c copy -movflags +faststart out.mp4',
      );
    }
    this.#media.open(end);
  }

  #readMovie(movie: Movie): void {
    const tracks: TrackReader[] = [];
    const runs: TableRun[] = [];
    for (const source of movie.tracks) {
      if (source.entries.length === 0) continue;
      const track = this.#openTrack(movie, source, tracks.length);
      tracks.push(track);
      runs.push(new TableRun(track, source.tables, this.#fileStart));
    }
    if (tracks.length === 0) throw new MediaError('no-tracks', 'The MP4 has neither video nor audio.');
    this.#tracks = tracks;
    this.#announce(tracks);
    this.#media.expect(runs);
  }

  #openTrack(movie: Movie, source: MovieTrack, position: number): TrackReader {
    const defaults = movie.extends.find(({ trackId }) => trackId === source.header.trackId);
    return new TrackReader(position, source, defaults, movie.header.timescale, this.#limits.maxPixels);
  }

  #readFragment(reader: ByteReader, moofStart: number, moofEnd: number): void {
    if (!this.#tracks) {
      throw new MediaError('container-malformed', "The MP4 has a fragment ('moof') before its 'moov'.");
    }
    const place = { fileStart: this.#fileStart, moofStart, moofEnd };
    const fragment = readMovieFragment(reader);
    this.#restartable &&= fragment.tracks.every(({ decodeTime }) => decodeTime !== undefined);
    if (this.#restartable && this.#announced) {
      this.#sink.restartPoint?.({ header: this.#header, offset: moofStart });
    }
    this.#media.expect(fragmentRuns(fragment, this.#tracks, place));
  }

  /** Waits until all tracks are known: some say only in their first keyframe what they are. */
  #announce(readers: readonly TrackReader[]): void {
    const tracks = readers.flatMap(({ track }) => track ?? []);
    this.#announced = tracks.length === readers.length;
    if (this.#announced) this.#sink.tracks(tracks);
  }

  #emit(run: SampleRun, data: Uint8Array): void {
    const reader = run.track;
    const selected = reader.select(run.sampleDescription);
    const changed = run.keyframe && reader.isVideo && reader.readKeyframe(data);
    if (selected || changed) this.#announce(this.#tracks ?? []);
    // Before every track is known nobody could decode it.
    if (!this.#announced) return;
    const dts = run.decodeTime + reader.shift;
    this.#sink.sample(reader.position, {
      dts: ticks(dts),
      pts: ticks(dts + run.compositionOffset),
      duration: ticks(run.duration),
      keyframe: run.keyframe || !reader.isVideo,
      data,
    });
  }
}
