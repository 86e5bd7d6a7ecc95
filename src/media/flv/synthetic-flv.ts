import { openDemuxer } from '../open-demuxer.ts';
import type { SampleSink } from '../sample.ts';
import { rescale, timescale } from '../time.ts';
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

const MILLISECONDS = timescale(1000);
/** Of the `@setDataFrame` that publishers send before metadata, and files do not have. */
const SET_DATA_FRAME = 16;

/** A recording's media as the messages that an RTMP publisher sends, metadata first: for tests. */
export function tagsOf(recording: Uint8Array, { metadata = true } = {}): SyntheticTag[] {
  const tags: SyntheticTag[] = [];
  let known: readonly Track[] = [];
  const sink: SampleSink = {
    tracks: (tracks) => {
      if (known.length === 0 && metadata) {
        const body = writeStreamMetadata(tracks, 'test').subarray(SET_DATA_FRAME);
        tags.push({ type: FLV_TAG.script, timestamp: 0, body });
      }
      known = tracks;
      for (const track of tracks) tags.push(configurationOf(track));
    },
    sample: (position, { dts, pts, keyframe, data }) => {
      const track = known[position];
      if (!track) return;
      const at = rescale(dts, track.timescale, MILLISECONDS);
      const offset = rescale(pts, track.timescale, MILLISECONDS) - at;
      const body =
        track.kind === 'video'
          ? writeVideoFrame(track.codec, keyframe, offset, data)
          : writeAudioFrame(track.codec, data);
      tags.push({ type: FLV_TAG[track.kind], timestamp: at >>> 0, body });
    },
  };
  const demuxer = openDemuxer(sink);
  demuxer.push(recording);
  demuxer.end();
  return tags;
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

function configurationOf(track: Track): SyntheticTag {
  const body = track.kind === 'video' ? writeVideoConfiguration(track) : writeAudioConfiguration(track);
  return { type: FLV_TAG[track.kind], timestamp: 0, body };
}
