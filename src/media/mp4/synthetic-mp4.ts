import { timescale } from '../time.ts';
import type { AudioTrack, VideoTrack } from '../track.ts';
import { type Edit, writeEditList } from './boxes/edit-list.ts';
import { writeFileType } from './boxes/file-type.ts';
import { writeHandler } from './boxes/handler.ts';
import { writeMediaHeader } from './boxes/media-header.ts';
import { writeTrackExtends } from './boxes/movie-extends.ts';
import { writeMovieHeader } from './boxes/movie-header.ts';
import { type SampleEntry, writeSampleEntry } from './boxes/sample-entry.ts';
import { SYNC_SAMPLE_FLAGS } from './boxes/sample-flags.ts';
import { type TrackFragmentHeader, writeTrackFragmentHeader } from './boxes/track-fragment.ts';
import { writeTrackHeader } from './boxes/track-header.ts';
import { ByteWriter } from './byte-writer.ts';
import { sampleEntryOf } from './sample-format.ts';

/** MP4 made box by box, for tests. */

/** What a writer's calls make. */
export function written(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter(16);
  write(writer);
  return writer.finish().slice();
}

/** Joins bytes. */
export function concatenate(...parts: readonly Uint8Array[]): Uint8Array {
  return written((writer) => {
    for (const part of parts) writer.append(part);
  });
}

/** A box around those bytes. */
export function box(type: string, ...body: readonly Uint8Array[]): Uint8Array {
  return written((writer) => {
    const mark = writer.open(type);
    for (const part of body) writer.append(part);
    writer.close(mark);
  });
}

/** A full box around 32-bit words. */
export function fullBox(
  type: string,
  version: number,
  flags: number,
  ...words: readonly number[]
): Uint8Array {
  return box(type, words32(((version << 24) | flags) >>> 0, ...words));
}

/** Big-endian 32-bit words; negative ones in two's complement. */
export function words32(...words: readonly number[]): Uint8Array {
  return written((writer) => {
    for (const word of words) writer.i32(word);
  });
}

/** `ftyp` of a file. */
export const FTYP = written((writer) =>
  writeFileType(writer, { majorBrand: 'isom', minorVersion: 512, compatibleBrands: ['isom', 'iso6'] }),
);

/** An `avcC` body with the parameter sets of a 640 × 360 picture, as Chromium writes it. */
export const AVC_RECORD = fromHex('0142c01fffe100136742c01f8c8d405017fcb3506060607844235001000468ce3c80');

/** H.264, 640 × 360, 1000 ticks a second. */
export const VIDEO: VideoTrack = {
  kind: 'video',
  codec: 'avc',
  codecString: 'avc1.42c01f',
  timescale: timescale(1000),
  configuration: AVC_RECORD,
  width: 640,
  height: 360,
};

/** Opus in mono. */
export const OPUS: AudioTrack = {
  kind: 'audio',
  codec: 'opus',
  codecString: 'opus',
  timescale: timescale(48_000),
  configuration: Uint8Array.of(0, 1, 0, 0, 0, 0, 0xbb, 0x80, 0, 0, 0),
  sampleRate: 48_000,
  channels: 1,
};

/** A keyframe of {@link VIDEO}: an IDR slice of so many bytes behind its length. */
export function idrFrame(size: number): Uint8Array {
  return nalFrame(0x65, size);
}

/** A frame of {@link VIDEO} that others must precede. */
export function interFrame(size: number): Uint8Array {
  return nalFrame(0x41, size);
}

function nalFrame(header: number, size: number): Uint8Array {
  const frame = new Uint8Array(size).fill(0xab);
  frame.set(words32(size - 4));
  frame[4] = header;
  return frame;
}

/** How a synthetic track differs from the usual. */
export interface SyntheticTrack {
  readonly id: number;
  readonly track: VideoTrack | AudioTrack;
  readonly entries?: readonly SampleEntry[];
  readonly handler?: string;
  readonly edits?: readonly Edit[];
  /** The boxes of `stbl` beside `stsd`: none for a fragmented file. */
  readonly tables?: readonly Uint8Array[];
  /** Leaves `trex` out. */
  readonly progressive?: boolean;
  readonly defaultDuration?: number;
}

/** A `moov` on a movie timescale of 1000. */
export function moov(...tracks: readonly SyntheticTrack[]): Uint8Array {
  const header = written((writer) =>
    writeMovieHeader(writer, { timescale: timescale(1000), duration: 0 as never, nextTrackId: 9 }),
  );
  const trexes = tracks.filter(({ progressive }) => !progressive).map((track) => trex(track));
  return box('moov', header, ...tracks.map(trak), ...(trexes.length > 0 ? [box('mvex', ...trexes)] : []));
}

function trex({ id, defaultDuration = 0 }: SyntheticTrack): Uint8Array {
  return written((writer) =>
    writeTrackExtends(writer, {
      trackId: id,
      sampleDescription: 1,
      sampleDuration: defaultDuration,
      sampleSize: 0,
      sampleFlags: SYNC_SAMPLE_FLAGS,
    }),
  );
}

function trak({
  id,
  track,
  entries = [sampleEntryOf(track)],
  handler,
  edits,
  tables = [],
}: SyntheticTrack): Uint8Array {
  const video = track.kind === 'video';
  const { width, height } = video ? track : { width: 0, height: 0 };
  const descriptions = entries.map((entry) => written((writer) => writeSampleEntry(writer, entry)));
  return box(
    'trak',
    written((writer) =>
      writeTrackHeader(writer, { trackId: id, duration: 0 as never, audible: !video, width, height }),
    ),
    ...(edits ? [written((writer) => writeEditList(writer, edits))] : []),
    box(
      'mdia',
      written((writer) => writeMediaHeader(writer, { timescale: track.timescale, duration: 0 as never })),
      written((writer) => writeHandler(writer, handler ?? (video ? 'vide' : 'soun'), '')),
      box('minf', box('stbl', box('stsd', words32(0, descriptions.length), ...descriptions), ...tables)),
    ),
  );
}

/** A `traf`: `tfhd`, then the boxes given (`tfdt`, `trun`). */
export function traf(header: TrackFragmentHeader, ...boxes: readonly Uint8Array[]): Uint8Array {
  return box(
    'traf',
    written((writer) => writeTrackFragmentHeader(writer, header)),
    ...boxes,
  );
}

/** A `moof` around `traf`s. */
export function moof(...trafs: readonly Uint8Array[]): Uint8Array {
  return box('moof', fullBox('mfhd', 0, 0, 1), ...trafs);
}

function fromHex(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
