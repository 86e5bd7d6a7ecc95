import { readAacConfiguration } from '../codec/aac.ts';
import { Av1VideoReader } from '../codec/av1-video-reader.ts';
import { checkPictureSize, type VideoConfiguration } from '../codec/configuration.ts';
import { NalVideoReader } from '../codec/nal-video-reader.ts';
import { readOpusConfiguration } from '../codec/opus.ts';
import type { VideoReader } from '../codec/video-reader.ts';
import { readVpConfiguration, type VpCodec } from '../codec/vp-configuration.ts';
import { VpVideoReader } from '../codec/vp-video-reader.ts';
import { MediaError } from '../media-error.ts';
import type { Timescale } from '../time.ts';
import type { AudioTrack, Track, VideoCodec, VideoTrack } from '../track.ts';
import { printable } from './box.ts';
import { readElementaryStream, writeElementaryStream } from './boxes/elementary-stream.ts';
import type { AudioSampleEntry, SampleEntry, VisualSampleEntry } from './boxes/sample-entry.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

/** What a sample entry says of its samples. */
export interface SampleFormat {
  /** Undefined while only a keyframe can tell: configuration records may come incomplete. */
  readonly track: Track | undefined;
  /** Follows a video track's keyframes. */
  readonly bitstream: VideoReader | undefined;
}

/** The configuration box of each kind of entry. */
const CONFIGURATION_BOX: Readonly<Record<string, string>> = {
  avc1: 'avcC',
  avc3: 'avcC',
  hvc1: 'hvcC',
  hev1: 'hvcC',
  vp08: 'vpcC',
  vp09: 'vpcC',
  av01: 'av1C',
  Opus: 'dOps',
  mp4a: 'esds',
};

/** The entries whose record leaves it to them which codec it is. */
const VP_ENTRIES: Readonly<Record<string, VpCodec>> = { vp08: 'vp8', vp09: 'vp9' };

/** Sample entry and configuration box that a codec is written with. */
const ENTRY_OF: Readonly<Record<Track['codec'], { entry: string; box: string }>> = {
  avc: { entry: 'avc1', box: 'avcC' },
  hevc: { entry: 'hvc1', box: 'hvcC' },
  vp8: { entry: 'vp08', box: 'vpcC' },
  vp9: { entry: 'vp09', box: 'vpcC' },
  av1: { entry: 'av01', box: 'av1C' },
  opus: { entry: 'Opus', box: 'dOps' },
  aac: { entry: 'mp4a', box: 'esds' },
};

const MPEG4_AUDIO = 0x40;
const MPEG2_AAC_FIRST = 0x66;
const MPEG2_AAC_LAST = 0x68;

/** Reads a sample entry (the bindings: ISO/IEC 14496-15, VP9-, AV1- and Opus-in-ISOBMFF). Throws MediaError. */
export function readSampleFormat(entry: SampleEntry, timescale: Timescale, maxPixels: number): SampleFormat {
  const configuration = readConfigurationBox(entry);
  if (entry.kind === 'audio')
    return { track: audioTrack(entry, configuration, timescale), bitstream: undefined };
  checkPictureSize(entry.width, entry.height, maxPixels);
  const bitstream = openVideoReader(entry, configuration);
  const vp = VP_ENTRIES[entry.type];
  const known = vp ? statedVp(vp, configuration) : bitstream.configuration;
  const { width, height } = entry;
  const track = known && {
    ...videoTrack(known, timescale, maxPixels),
    ...(known.width ? {} : { width, height }),
  };
  return { track, bitstream };
}

/** Chromium writes level 0, which no player knows: then the first keyframe tells what the stream is. */
function statedVp(codec: VpCodec, record: Uint8Array): VideoConfiguration | undefined {
  const stated = readVpConfiguration(codec, record);
  return record[5] === 0 ? undefined : stated;
}

/** A video track with that configuration. Throws MediaError `picture-too-large`. */
export function videoTrack(known: VideoConfiguration, timescale: Timescale, maxPixels: number): VideoTrack {
  checkPictureSize(known.width, known.height, maxPixels);
  const { codec, codecString, configuration, width, height } = known;
  return { kind: 'video', codec, codecString, timescale, configuration, width, height };
}

function readConfigurationBox(entry: SampleEntry): Uint8Array {
  const type = CONFIGURATION_BOX[entry.type];
  if (type === undefined) throw unsupported(entry);
  const box = entry.boxes.find((candidate) => candidate.type === type);
  // Copied: a track outlives the buffer that its box came in.
  if (box) return box.body.slice();
  throw new MediaError('codec-malformed', `The MP4 track '${entry.type}' has no '${type}' box.`);
}

function openVideoReader(entry: VisualSampleEntry, configuration: Uint8Array): VideoReader {
  const vp = VP_ENTRIES[entry.type];
  if (vp) return new VpVideoReader(vp);
  if (entry.type === 'av01') return new Av1VideoReader(configuration);
  const codec: VideoCodec = entry.type.startsWith('avc') ? 'avc' : 'hevc';
  return new NalVideoReader(codec, configuration);
}

function audioTrack(entry: AudioSampleEntry, configuration: Uint8Array, timescale: Timescale): AudioTrack {
  const known =
    entry.type === 'Opus'
      ? readOpusConfiguration(configuration)
      : readAacConfiguration(aacConfiguration(configuration));
  const { codec, codecString, sampleRate, channels } = known;
  return {
    kind: 'audio',
    codec,
    codecString,
    timescale,
    configuration: known.configuration,
    sampleRate,
    channels,
  };
}

function aacConfiguration(esds: Uint8Array): Uint8Array {
  const { objectType, configuration } = readElementaryStream(new ByteReader(esds, 'esds'));
  const aac = objectType === MPEG4_AUDIO || (objectType >= MPEG2_AAC_FIRST && objectType <= MPEG2_AAC_LAST);
  if (aac) return configuration;
  throw new MediaError(
    'codec-unsupported',
    `The MP4 audio is not AAC (object type 0x${objectType.toString(16)}): use Opus or AAC.`,
  );
}

function unsupported(entry: SampleEntry): MediaError {
  const name = printable(entry.type);
  if (name === 'encv' || name === 'enca') {
    return new MediaError(
      'codec-unsupported',
      `The MP4 ${entry.kind} track is encrypted ('${name}'): send it clear.`,
    );
  }
  const use = entry.kind === 'video' ? 'H.264, HEVC, VP9 or AV1' : 'Opus or AAC';
  return new MediaError(
    'codec-unsupported',
    `The MP4 ${entry.kind} codec '${name}' is not supported: use ${use}.`,
  );
}

/** The entries whose samples may bring parameter sets of their own (ISO/IEC 14496-15 §5.4.2, §8.4.1). */
const IN_BAND_ENTRY: Readonly<Record<string, string>> = { avc1: 'avc3', hvc1: 'hev1' };

/** The sample entry that describes a track's samples in a CMAF header (ISO/IEC 23000-19 §7.5.10). */
export function sampleEntryOf(track: Track, inBandParameterSets = false): SampleEntry {
  const { entry, box } = ENTRY_OF[track.codec];
  const type = (inBandParameterSets && IN_BAND_ENTRY[entry]) || entry;
  if (track.kind === 'video') {
    const { width, height, configuration } = track;
    return { kind: 'video', type, width, height, boxes: [{ type: box, body: configuration }] };
  }
  const { sampleRate, channels } = track;
  const body = track.codec === 'aac' ? esdsBody(track.configuration) : track.configuration;
  return { kind: 'audio', type, sampleRate, channels, boxes: [{ type: box, body }] };
}

function esdsBody(configuration: Uint8Array): Uint8Array {
  const writer = new ByteWriter();
  writeElementaryStream(writer, { objectType: MPEG4_AUDIO, configuration });
  return writer.finish().subarray(8);
}
