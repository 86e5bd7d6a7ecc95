import { rescale, type Ticks, type Timescale, ticks, timescale as timescaleOf } from '../time.ts';
import { type Edit, writeEditList } from './boxes/edit-list.ts';
import { writeFileType } from './boxes/file-type.ts';
import { writeHandler } from './boxes/handler.ts';
import { writeMediaHeader } from './boxes/media-header.ts';
import {
  writeDataInformation,
  writeSoundMediaHeader,
  writeVideoMediaHeader,
} from './boxes/media-information.ts';
import { writeMovieHeader } from './boxes/movie-header.ts';
import { type TrackHeader, writeTrackHeader } from './boxes/track-header.ts';
import { ByteWriter } from './byte-writer.ts';
import type { ChunkLayout } from './chunk-layout.ts';
import type { SampleIndex } from './sample-index.ts';
import { writeSampleTable } from './sample-table.ts';

/** A track of a progressive file. It has samples. */
export interface ProgressiveTrack {
  /** Its number in the layout. */
  readonly position: number;
  readonly header: TrackHeader;
  readonly timescale: Timescale;
  readonly handler: 'vide' | 'soun';
  /** The body of its `stsd`, as it was in the fragmented file. */
  readonly sampleDescription: Uint8Array;
  readonly samples: SampleIndex;
}

/** When a track is shown, on the movie's timescale. */
interface Showing {
  /** Nothing is shown before it. */
  readonly delay: Ticks;
  readonly length: Ticks;
}

/** Beyond it an offset, or the size of a box, takes 64 bits. */
const MAX_32_BITS = 0xffffffff;
const FIRST_CAPACITY = 1024 * 1024;

/** How long a file of these tracks lasts, and on which clock. */
export interface ProgressiveLength {
  readonly duration: Ticks;
  readonly timescale: Timescale;
}

/** Its movie's timescale is the finest of its tracks', so that no duration of theirs is rounded to milliseconds. */
export function progressiveLength(tracks: readonly ProgressiveTrack[]): ProgressiveLength {
  const finest = timescaleOf(Math.max(1, ...tracks.map((track) => track.timescale)));
  const ends = showings(tracks, finest).map(({ delay, length }) => delay + length);
  return { duration: ticks(Math.max(0, ...ends)), timescale: finest };
}

/**
 * Writes what a progressive MP4 has before its media (ISO/IEC 14496-12 §4.3, §8.2): `ftyp`, `moov`, and the head of the
 * `mdat` that the chunks of `layout` follow in. The earliest picture or sound is shown at 0.
 */
export function writeProgressiveHeader(tracks: readonly ProgressiveTrack[], layout: ChunkLayout): Uint8Array {
  // How large the tables are does not depend on what they say: a draft tells where the media begins.
  const draft = write(tracks, layout, 0, false).length;
  if (draft + layout.size <= MAX_32_BITS) return write(tracks, layout, draft, false);
  return write(tracks, layout, write(tracks, layout, 0, true).length, true);
}

function write(
  tracks: readonly ProgressiveTrack[],
  layout: ChunkLayout,
  start: number,
  large: boolean,
): Uint8Array {
  const writer = new ByteWriter(FIRST_CAPACITY);
  writeFileType(writer, {
    majorBrand: 'isom',
    minorVersion: 512,
    compatibleBrands: ['isom', 'iso6', 'mp41'],
  });
  const { duration, timescale } = progressiveLength(tracks);
  const shown = showings(tracks, timescale);
  const moov = writer.open('moov');
  const nextTrackId = Math.max(...tracks.map(({ header }) => header.trackId)) + 1;
  writeMovieHeader(writer, { timescale, duration, nextTrackId });
  for (const [index, track] of tracks.entries()) {
    const chunks = layout.ofTrack(track.position);
    const showing = shown[index] ?? { delay: ticks(0), length: ticks(0) };
    writeTrack(writer, track, showing, () => writeSampleTable(writer, track, chunks, start, large));
  }
  writer.close(moov);
  writeMediaDataHeader(writer, layout.size, large);
  return writer.finish();
}

function writeMediaDataHeader(writer: ByteWriter, size: number, large: boolean): void {
  writer.u32(large ? 1 : size + 8);
  writer.text('mdat');
  if (large) writer.u64(size + 16);
}

function showings(tracks: readonly ProgressiveTrack[], timescale: Timescale): Showing[] {
  const starts = tracks.map((track) => rescale(ticks(track.samples.earliest), track.timescale, timescale));
  const first = Math.min(...starts);
  return tracks.map((track, index) => {
    const { earliest, latest } = track.samples;
    const length = rescale(ticks(latest - earliest), track.timescale, timescale);
    return { delay: ticks((starts[index] ?? 0) - first), length };
  });
}

function writeTrack(
  writer: ByteWriter,
  track: ProgressiveTrack,
  showing: Showing,
  writeTable: () => void,
): void {
  const video = track.handler === 'vide';
  const trak = writer.open('trak');
  writeTrackHeader(writer, { ...track.header, duration: ticks(showing.delay + showing.length) });
  const edits = editsOf(track, showing);
  if (edits.length > 0) writeEditList(writer, edits);
  const mdia = writer.open('mdia');
  writeMediaHeader(writer, { timescale: track.timescale, duration: ticks(track.samples.length) });
  writeHandler(writer, track.handler, video ? 'Video' : 'Audio');
  const minf = writer.open('minf');
  if (video) writeVideoMediaHeader(writer);
  else writeSoundMediaHeader(writer);
  writeDataInformation(writer);
  writeTable();
  writer.close(minf);
  writer.close(mdia);
  writer.close(trak);
}

/** None where the track is shown from 0 on as its clock says. */
function editsOf({ samples }: ProgressiveTrack, { delay, length }: Showing): Edit[] {
  const mediaTime = samples.earliest - samples.first;
  const edits: Edit[] = [];
  if (delay > 0) edits.push({ duration: delay, mediaTime: -1 });
  if (delay > 0 || mediaTime !== 0) edits.push({ duration: length, mediaTime: Math.max(0, mediaTime) });
  return edits;
}
