import { MediaError } from '../media-error.ts';
import { childBoxes, readFullBoxHeader, required } from './box.ts';
import { type Edit, readEditList } from './boxes/edit-list.ts';
import { readHandler } from './boxes/handler.ts';
import { type MediaHeader, readMediaHeader } from './boxes/media-header.ts';
import { readTrackExtends, type TrackExtends } from './boxes/movie-extends.ts';
import { type MovieHeader, readMovieHeader } from './boxes/movie-header.ts';
import { readAudioSampleEntry, readVisualSampleEntry, type SampleEntry } from './boxes/sample-entry.ts';
import { readSampleSizes, readTable, type SampleSizes, type Table } from './boxes/sample-tables.ts';
import { readTrackHeader, type TrackHeader } from './boxes/track-header.ts';
import type { ByteReader } from './byte-reader.ts';

/** MovieBox, `moov` (ISO/IEC 14496-12 §8.2.1): what a stream's tracks are. */
export interface Movie {
  readonly header: MovieHeader;
  readonly tracks: readonly MovieTrack[];
  /** The fragments' defaults; empty in a progressive file. */
  readonly extends: readonly TrackExtends[];
}

/** TrackBox, `trak` (ISO/IEC 14496-12 §8.3.1), with what its `mdia` holds. */
export interface MovieTrack {
  readonly header: TrackHeader;
  readonly media: MediaHeader;
  /** `vide`, `soun`, or a kind that this project does not read. */
  readonly handler: string;
  readonly edits: readonly Edit[];
  /** Empty for a handler that is neither `vide` nor `soun`. */
  readonly entries: readonly SampleEntry[];
  readonly tables: SampleTables;
}

/** SampleTableBox, `stbl` (ISO/IEC 14496-12 §8.5.1): where a progressive file's samples are. */
export interface SampleTables {
  readonly timeToSample: Table | undefined;
  readonly compositionOffsets: Table | undefined;
  /** Without it every sample is one that decoding can start at. */
  readonly syncSamples: Table | undefined;
  readonly sampleToChunk: Table | undefined;
  readonly sampleSizes: SampleSizes | undefined;
  readonly chunkOffsets: Table | undefined;
  /** `chunkOffsets` is a `co64`: 64 bits each. */
  readonly largeOffsets: boolean;
}

/** Reads the body of a `moov` with at most that many tracks. Throws MediaError. */
export function readMovie(reader: ByteReader, maxTracks: number): Movie {
  let header: MovieHeader | undefined;
  const tracks: MovieTrack[] = [];
  const defaults: TrackExtends[] = [];
  for (const box of childBoxes(reader)) {
    if (box.name === 'mvhd') header = readMovieHeader(box);
    if (box.name === 'trak') {
      if (tracks.length === maxTracks) {
        throw new MediaError('too-many-tracks', `The MP4 has more than ${maxTracks} tracks.`);
      }
      tracks.push(readTrack(box));
    }
    if (box.name === 'mvex') {
      for (const child of childBoxes(box)) if (child.name === 'trex') defaults.push(readTrackExtends(child));
    }
  }
  return { header: required(header, 'mvhd', 'moov'), tracks, extends: defaults };
}

function readTrack(trak: ByteReader): MovieTrack {
  let header: TrackHeader | undefined;
  let edits: readonly Edit[] = [];
  let mdia: ByteReader | undefined;
  for (const box of childBoxes(trak)) {
    if (box.name === 'tkhd') header = readTrackHeader(box);
    if (box.name === 'edts') {
      for (const child of childBoxes(box)) if (child.name === 'elst') edits = readEditList(child);
    }
    if (box.name === 'mdia') mdia = box;
  }
  return { header: required(header, 'tkhd', 'trak'), edits, ...readMedia(required(mdia, 'mdia', 'trak')) };
}

function readMedia(mdia: ByteReader): Pick<MovieTrack, 'media' | 'handler' | 'entries' | 'tables'> {
  let media: MediaHeader | undefined;
  let handler = '';
  let stbl: ByteReader | undefined;
  for (const box of childBoxes(mdia)) {
    if (box.name === 'mdhd') media = readMediaHeader(box);
    if (box.name === 'hdlr') handler = readHandler(box);
    if (box.name === 'minf') {
      for (const child of childBoxes(box)) if (child.name === 'stbl') stbl = child;
    }
  }
  media = required(media, 'mdhd', 'mdia');
  if (media.timescale === 0) {
    throw new MediaError('container-malformed', 'An MP4 track has a clock of 0 ticks in a second.');
  }
  return { media, handler, ...readSampleTable(required(stbl, 'stbl', 'mdia'), handler) };
}

function readSampleTable(stbl: ByteReader, handler: string): Pick<MovieTrack, 'entries' | 'tables'> {
  const boxes = new Map<string, ByteReader>();
  for (const box of childBoxes(stbl)) boxes.set(box.name, box);
  const table = (type: string, stride: number) => {
    const box = boxes.get(type);
    return box && readTable(box, stride);
  };
  const sizes = boxes.get('stsz');
  const large = table('co64', 8);
  return {
    entries: readSampleEntries(required(boxes.get('stsd'), 'stsd', 'stbl'), handler),
    tables: {
      timeToSample: table('stts', 8),
      compositionOffsets: table('ctts', 8),
      syncSamples: table('stss', 4),
      sampleToChunk: table('stsc', 12),
      sampleSizes: sizes && readSampleSizes(sizes),
      chunkOffsets: large ?? table('stco', 4),
      largeOffsets: large !== undefined,
    },
  };
}

/** SampleDescriptionBox, `stsd` (§8.5.2). */
function readSampleEntries(stsd: ByteReader, handler: string): SampleEntry[] {
  readFullBoxHeader(stsd);
  stsd.skip(4);
  if (handler === 'vide') return Array.from(childBoxes(stsd), readVisualSampleEntry);
  if (handler === 'soun') return Array.from(childBoxes(stsd), readAudioSampleEntry);
  return [];
}
