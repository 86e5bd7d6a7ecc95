import { MediaError } from '../media-error.ts';
import { EBML_ID } from './ebml-id.ts';
import { readElements, readFields, readText, readUnsigned } from './ebml-value.ts';

/** What a TrackEntry says (RFC 9559 §5.1.4.1), durations in nanoseconds, 0 where it does not. */
export interface TrackEntry {
  readonly number: number;
  /** 1 video, 2 audio; others are not carried. */
  readonly type: number;
  readonly codecId: string;
  readonly codecPrivate: Uint8Array | undefined;
  readonly defaultDuration: number;
  readonly codecDelay: number;
  /** Bytes that were stripped from the front of every frame. */
  readonly strippedHeader: Uint8Array | undefined;
}

/** `TrackType` (RFC 9559 §5.1.4.1.3). */
export const TRACK_TYPE = { video: 1, audio: 2 } as const;

/** Reads the Tracks element. Throws MediaError `container-malformed`, `too-many-tracks` or `codec-unsupported`. */
export function readTracks(body: Uint8Array, maxTracks: number): TrackEntry[] {
  const entries: TrackEntry[] = [];
  for (const { id, data } of readElements(body)) {
    if (id !== EBML_ID.trackEntry) continue;
    if (entries.length === maxTracks) {
      throw new MediaError('too-many-tracks', `the stream has over ${maxTracks} tracks: send fewer`);
    }
    const entry = readTrackEntry(data);
    if (entries.some((other) => other.number === entry.number))
      throw malformed('two tracks have the same number');
    entries.push(entry);
  }
  return entries;
}

function readTrackEntry(body: Uint8Array): TrackEntry {
  const fields = readFields(body);
  const unsigned = (id: number) => readUnsigned(fields.get(id) ?? new Uint8Array());
  const number = unsigned(EBML_ID.trackNumber);
  if (number === 0) throw malformed('a track has no number');
  const codecPrivate = fields.get(EBML_ID.codecPrivate);
  const encodings = fields.get(EBML_ID.contentEncodings);
  return {
    number,
    type: unsigned(EBML_ID.trackType),
    codecId: readText(fields.get(EBML_ID.codecId) ?? new Uint8Array()),
    // A copy: it lives as long as the track, what it came in need not.
    codecPrivate: codecPrivate && new Uint8Array(codecPrivate),
    defaultDuration: unsigned(EBML_ID.defaultDuration),
    codecDelay: unsigned(EBML_ID.codecDelay),
    strippedHeader: encodings && readStrippedHeader(encodings),
  };
}

/** Header stripping is the only ContentEncoding of live streams; others are refused by name (RFC 9559 §5.1.4.1.31). */
function readStrippedHeader(encodings: Uint8Array): Uint8Array | undefined {
  let encoding: Uint8Array | undefined;
  for (const { id, data } of readElements(encodings)) {
    if (id !== EBML_ID.contentEncoding) continue;
    if (encoding) throw unsupported('several content encodings');
    encoding = data;
  }
  if (!encoding) return undefined;
  const fields = readFields(encoding);
  const type = fields.get(EBML_ID.contentEncodingType);
  if ((type && readUnsigned(type) !== 0) || fields.has(EBML_ID.contentEncryption))
    throw unsupported('encryption');
  const scope = fields.get(EBML_ID.contentEncodingScope);
  if (scope && readUnsigned(scope) !== 1) throw unsupported('an encoded CodecPrivate');
  const compression = readFields(fields.get(EBML_ID.contentCompression) ?? new Uint8Array());
  const algorithm = readUnsigned(compression.get(EBML_ID.contentCompAlgo) ?? new Uint8Array());
  const name = ['zlib', 'bzlib', 'lzo1x', 'header stripping'][algorithm];
  if (name !== 'header stripping') throw unsupported(`${name ?? 'an unknown'} compression`);
  return compression.get(EBML_ID.contentCompSettings);
}

function unsupported(what: string): MediaError {
  return new MediaError('codec-unsupported', `a WebM track uses ${what}: send it without`);
}

function malformed(problem: string): MediaError {
  return new MediaError('container-malformed', `the WebM stream is damaged: ${problem}`);
}
