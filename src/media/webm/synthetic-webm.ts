import { EBML_ID } from './ebml-id.ts';

/** WebM made element by element, for tests. */

/** Joins bytes. */
export function concatenate(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A variable-size integer of that many bytes (RFC 8794 §4). */
function vint(value: number, length = value < 127 ? 1 : 8): Uint8Array {
  const bytes = unsigned(value, length);
  bytes[0] = (bytes[0] ?? 0) | (0x80 >> (length - 1));
  return bytes;
}

/** An element with its size. */
export function element(id: number, ...body: readonly Uint8Array[]): Uint8Array {
  const whole = concatenate(...body);
  return concatenate(idBytes(id), vint(whole.length), whole);
}

/** An element that says no size (RFC 8794 §6.2). */
export function unknownSize(id: number, ...body: readonly Uint8Array[]): Uint8Array {
  return concatenate(idBytes(id), Uint8Array.of(0x01, 255, 255, 255, 255, 255, 255, 255), ...body);
}

/** An element that claims a size, and no body. */
export function claimedSize(id: number, size: number): Uint8Array {
  return concatenate(idBytes(id), vint(size, 8));
}

/** An unsigned integer element. */
export function number(id: number, value: number): Uint8Array {
  return element(id, unsigned(value, 8));
}

/** A string element. */
export function text(id: number, value: string): Uint8Array {
  return element(
    id,
    Uint8Array.from(value, (letter) => letter.charCodeAt(0)),
  );
}

function idBytes(id: number): Uint8Array {
  return unsigned(id, Math.ceil(Math.log2(id + 1) / 8));
}

function unsigned(value: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => Math.floor(value / 256 ** (length - 1 - index)) % 256);
}

/** The EBML header. */
export function ebmlHeader(docType = 'webm'): Uint8Array {
  return element(EBML_ID.ebml, number(EBML_ID.ebmlReadVersion, 1), text(EBML_ID.docType, docType));
}

/** The Info element; the default scale is a millisecond. */
export function info(timestampScale = 1_000_000): Uint8Array {
  return element(EBML_ID.info, number(EBML_ID.timestampScale, timestampScale));
}

/** What {@link trackEntry} writes. */
export interface SyntheticTrack {
  readonly number: number;
  /** 1 video, 2 audio, 17 subtitles. */
  readonly type: number;
  readonly codecId: string;
  readonly codecPrivate?: Uint8Array | undefined;
  /** Nanoseconds. */
  readonly defaultDuration?: number;
  readonly codecDelay?: number;
  readonly more?: readonly Uint8Array[];
}

/** A TrackEntry. */
function trackEntry(track: SyntheticTrack): Uint8Array {
  return element(
    EBML_ID.trackEntry,
    number(EBML_ID.trackNumber, track.number),
    number(EBML_ID.trackType, track.type),
    text(EBML_ID.codecId, track.codecId),
    ...(track.codecPrivate ? [element(EBML_ID.codecPrivate, track.codecPrivate)] : []),
    ...(track.defaultDuration ? [number(EBML_ID.defaultDuration, track.defaultDuration)] : []),
    ...(track.codecDelay ? [number(EBML_ID.codecDelay, track.codecDelay)] : []),
    ...(track.more ?? []),
  );
}

/** The Tracks element. */
export function tracks(...entries: readonly SyntheticTrack[]): Uint8Array {
  return element(EBML_ID.tracks, ...entries.map(trackEntry));
}

/** A Cluster of unknown size, as live muxers write it. */
export function cluster(timestamp: number, ...blocks: readonly Uint8Array[]): Uint8Array {
  return unknownSize(EBML_ID.cluster, number(EBML_ID.timestamp, timestamp), ...blocks);
}

/** A Cluster of known size. */
export function sizedCluster(timestamp: number, ...blocks: readonly Uint8Array[]): Uint8Array {
  return element(EBML_ID.cluster, number(EBML_ID.timestamp, timestamp), ...blocks);
}

/** The body of a Block: one frame, or what lacing made of several. */
export function blockBody(track: number, time: number, frame: Uint8Array, flags = 0): Uint8Array {
  return concatenate(vint(track), Uint8Array.of((time >> 8) & 0xff, time & 0xff, flags), frame);
}

/** A SimpleBlock. */
export function simpleBlock(track: number, time: number, frame: Uint8Array, flags = 0): Uint8Array {
  return element(EBML_ID.simpleBlock, blockBody(track, time, frame, flags));
}

/** A BlockGroup with a duration. */
export function blockGroup(track: number, time: number, frame: Uint8Array, duration: number): Uint8Array {
  const block = element(EBML_ID.block, blockBody(track, time, frame));
  return element(EBML_ID.blockGroup, block, number(EBML_ID.blockDuration, duration));
}

/** Flags and payload of a laced Block (RFC 9559 §10.3). */
export interface Laced {
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** Xiph lacing. */
export function xiphLaced(...frames: readonly Uint8Array[]): Laced {
  const sizes = frames.slice(0, -1).map(({ length }) => {
    const bytes = Array<number>(Math.floor(length / 255)).fill(255);
    return Uint8Array.of(...bytes, length % 255);
  });
  return { flags: 0x02, payload: concatenate(Uint8Array.of(frames.length - 1), ...sizes, ...frames) };
}

/** Fixed-size lacing; the frames have the same size. */
export function fixedLaced(...frames: readonly Uint8Array[]): Laced {
  return { flags: 0x04, payload: concatenate(Uint8Array.of(frames.length - 1), ...frames) };
}

/** EBML lacing, its differences in two bytes. */
export function ebmlLaced(...frames: readonly Uint8Array[]): Laced {
  const sizes = frames.slice(0, -1).map(({ length }, index) => {
    const previous = frames[index - 1]?.length;
    return previous === undefined ? vint(length, 2) : vint(length - previous + 2 ** 13 - 1, 2);
  });
  return { flags: 0x06, payload: concatenate(Uint8Array.of(frames.length - 1), ...sizes, ...frames) };
}

/** A whole live stream: header, Info, Tracks, Clusters, in a Segment of unknown size. */
export function liveStream(
  entries: readonly SyntheticTrack[],
  ...clusters: readonly Uint8Array[]
): Uint8Array {
  return concatenate(ebmlHeader(), unknownSize(EBML_ID.segment, info(), tracks(...entries), ...clusters));
}
