import { openDemuxer } from '../open-demuxer.ts';
import type { Sample } from '../sample.ts';
import { MILLISECOND_TIMESCALE, rescale } from '../time.ts';
import type { Track } from '../track.ts';
import { writeAudioConfiguration, writeAudioFrame } from './audio-tag.ts';
import { FLV_TAG } from './flv-tag.ts';
import { FlvWriter } from './flv-writer.ts';
import { writeStreamMetadata } from './stream-metadata.ts';
import { writeVideoConfiguration, writeVideoFrame } from './video-tag.ts';

/** A tag to be: the message of an RTMP publisher. */
export interface SyntheticTag {
  readonly type: number;
  readonly timestamp: number;
  readonly body: Uint8Array;
}

/** Of the `@setDataFrame` that publishers send before metadata, and files do not have. */
const SET_DATA_FRAME = 16;

/** The metadata that goes first. */
function metadataTagOf(tracks: readonly Track[]): SyntheticTag {
  const body = writeStreamMetadata(tracks, 'test').subarray(SET_DATA_FRAME);
  return { type: FLV_TAG.script, timestamp: 0, body };
}

/** What goes before a track's frames. */
function configurationTagOf(track: Track): SyntheticTag {
  const body = track.kind === 'video' ? writeVideoConfiguration(track) : writeAudioConfiguration(track);
  return { type: FLV_TAG[track.kind], timestamp: 0, body };
}

/** One frame. */
function frameTagOf(track: Track, { dts, pts, keyframe, data }: Sample): SyntheticTag {
  const at = rescale(dts, track.timescale, MILLISECOND_TIMESCALE);
  const offset = rescale(pts, track.timescale, MILLISECOND_TIMESCALE) - at;
  const body =
    track.kind === 'video'
      ? writeVideoFrame(track.codec, keyframe, offset, data)
      : writeAudioFrame(track.codec, data);
  return { type: FLV_TAG[track.kind], timestamp: at >>> 0, body };
}

/** The messages that an encoder would send of what a container has, as its bytes come. */
export class ContainerTags {
  #made: SyntheticTag[] = [];
  #known: readonly Track[] = [];
  readonly #demuxer = openDemuxer({
    tracks: (tracks) => {
      if (this.#known.length === 0) this.#made.push(metadataTagOf(tracks));
      this.#known = tracks;
      this.#made.push(...tracks.map(configurationTagOf));
    },
    sample: (position, sample) => {
      const track = this.#known[position];
      if (track) this.#made.push(frameTagOf(track, sample));
    },
  });

  /** Those that are whole with these bytes. */
  push(bytes: Uint8Array): SyntheticTag[] {
    this.#demuxer.push(bytes);
    return this.#made.splice(0);
  }

  /** Those that are left. */
  end(): SyntheticTag[] {
    this.#demuxer.end();
    return this.#made.splice(0);
  }
}

/** A recording's media as the messages that an RTMP publisher sends. */
export function tagsOf(recording: Uint8Array): SyntheticTag[] {
  const tags = new ContainerTags();
  return [...tags.push(recording), ...tags.end()];
}

/** Those tags as an FLV stream. */
export function writeFlv(tags: readonly SyntheticTag[]): Uint8Array {
  const writer = new FlvWriter();
  const pieces = [writer.header()];
  for (const { type, timestamp, body } of tags) pieces.push(writer.tag(type, timestamp, body.length), body);
  pieces.push(writer.end());
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** A recording's media as FLV. */
export const flvOf = (recording: Uint8Array): Uint8Array => writeFlv(tagsOf(recording));
