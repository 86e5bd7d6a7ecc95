import { AUDIO_TRACK_ID, VIDEO_TRACK_ID } from '../chunk.ts';
import { MILLISECOND_TIMESCALE, type Milliseconds, ticks } from '../time.ts';
import type { Track } from '../track.ts';
import { writeFileType } from './boxes/file-type.ts';
import { writeHandler } from './boxes/handler.ts';
import { writeMediaHeader } from './boxes/media-header.ts';
import {
  writeDataInformation,
  writeSoundMediaHeader,
  writeVideoMediaHeader,
} from './boxes/media-information.ts';
import { writeMovieExtendsHeader, writeTrackExtends } from './boxes/movie-extends.ts';
import { writeMovieHeader } from './boxes/movie-header.ts';
import { writeSampleEntry } from './boxes/sample-entry.ts';
import { NON_SYNC_SAMPLE_FLAGS, SYNC_SAMPLE_FLAGS } from './boxes/sample-flags.ts';
import { writeSampleSizes, writeTable } from './boxes/sample-tables.ts';
import { writeTrackHeader } from './boxes/track-header.ts';
import { ByteWriter } from './byte-writer.ts';
import { sampleEntryOf } from './sample-format.ts';

const NO_DURATION = ticks(0);
const NEXT_TRACK_ID = 3;

/** `track_ID` of a track in every init segment and chunk: 1 video, 2 audio, alone or together. */
export function trackIdOf(track: Track): number {
  return track.kind === 'video' ? VIDEO_TRACK_ID : AUDIO_TRACK_ID;
}

/** What the header of a file says that the one of a live stream does not; its size does not depend on it. */
export interface RecordedMovie {
  /** 0 while it is not known. */
  readonly duration: Milliseconds;
  /** Keyframes bring parameter sets that differ from the configuration's: the sample entry is `avc3` or `hev1`. */
  readonly inBandParameterSets: boolean;
}

/**
 * Writes `ftyp` and `moov` for at most one video and one audio track: with one track a CMAF header (ISO/IEC
 * 23000-19 §7.3.1), with both the header of a fragmented MP4 whose tracks follow CMAF.
 */
export function writeInit(tracks: readonly Track[], movie?: RecordedMovie): Uint8Array {
  const writer = new ByteWriter();
  writeFileType(writer, { majorBrand: 'iso6', minorVersion: 0, compatibleBrands: brandsOf(tracks) });
  const moov = writer.open('moov');
  writeMovieHeader(writer, {
    timescale: MILLISECOND_TIMESCALE,
    duration: NO_DURATION,
    nextTrackId: NEXT_TRACK_ID,
  });
  for (const track of tracks) writeTrack(writer, track, movie);
  const mvex = writer.open('mvex');
  if (movie) writeMovieExtendsHeader(writer, ticks(Math.round(movie.duration)));
  for (const track of tracks) writeDefaults(writer, track);
  writer.close(mvex);
  writer.close(moov);
  return writer.finish();
}

/** `cmfc` is the CMAF brand (ISO/IEC 23000-19 §7.2), `av01` the one that AV1-ISOBMFF §2.1 asks for. */
function brandsOf(tracks: readonly Track[]): string[] {
  const brands = ['iso6', 'cmfc'];
  if (tracks.some(({ codec }) => codec === 'av1')) brands.push('av01');
  return brands;
}

function writeTrack(writer: ByteWriter, track: Track, movie: RecordedMovie | undefined): void {
  const video = track.kind === 'video';
  const trak = writer.open('trak');
  writeTrackHeader(writer, {
    trackId: trackIdOf(track),
    duration: NO_DURATION,
    audible: !video,
    width: video ? track.width : 0,
    height: video ? track.height : 0,
  });
  const mdia = writer.open('mdia');
  writeMediaHeader(writer, { timescale: track.timescale, duration: NO_DURATION });
  writeHandler(writer, video ? 'vide' : 'soun', video ? 'Video' : 'Audio');
  const minf = writer.open('minf');
  if (video) writeVideoMediaHeader(writer);
  else writeSoundMediaHeader(writer);
  writeDataInformation(writer);
  writeSampleTable(writer, track, movie?.inBandParameterSets ?? false);
  writer.close(minf);
  writer.close(mdia);
  writer.close(trak);
}

/** The samples are in the fragments: only the description is not empty (ISO/IEC 23000-19 §7.5.9). */
function writeSampleTable(writer: ByteWriter, track: Track, inBand: boolean): void {
  const stbl = writer.open('stbl');
  const stsd = writer.openFull('stsd', 0, 0);
  writer.u32(1);
  writeSampleEntry(writer, sampleEntryOf(track, inBand));
  writer.close(stsd);
  writeTable(writer, 'stts', 0, []);
  writeTable(writer, 'stsc', 0, []);
  writeSampleSizes(writer, []);
  writeTable(writer, 'stco', 0, []);
  writer.close(stbl);
}

/** Most frames of video are no keyframes and every packet of audio is one: chunks then need not say so. */
function writeDefaults(writer: ByteWriter, track: Track): void {
  writeTrackExtends(writer, {
    trackId: trackIdOf(track),
    sampleDescription: 1,
    sampleDuration: 0,
    sampleSize: 0,
    sampleFlags: track.kind === 'video' ? NON_SYNC_SAMPLE_FLAGS : SYNC_SAMPLE_FLAGS,
  });
}

/** The MIME type with codecs (RFC 6381) that MediaSource asks for: `video/mp4; codecs="avc1.42c01f,opus"`. */
export function mimeOf(tracks: readonly Track[]): string {
  const kind = tracks.some((track) => track.kind === 'video') ? 'video' : 'audio';
  return `${kind}/mp4; codecs="${tracks.map(({ codecString }) => codecString).join(',')}"`;
}
