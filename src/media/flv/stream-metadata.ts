import type { Amf0Value } from '../rtmp/amf0-value.ts';
import { writeAmf0 } from '../rtmp/amf0-writer.ts';
import type { Track } from '../track.ts';
import { AUDIO_FOURCC } from './audio-tag.ts';
import { VIDEO_FOURCC } from './video-tag.ts';

const AVC_CODEC_ID = 7;
const AAC_CODEC_ID = 10;

/** `@setDataFrame` with `onMetaData` (Adobe FLV specification 10.1, §E.5): what publishers send first. */
export function writeStreamMetadata(tracks: readonly Track[], encoder: string): Uint8Array {
  const metadata = new Map<string, Amf0Value>([['duration', 0]]);
  for (const track of tracks) {
    if (track.kind === 'video') {
      metadata.set('width', track.width);
      metadata.set('height', track.height);
      metadata.set(
        'videocodecid',
        track.codec === 'avc' ? AVC_CODEC_ID : fourccNumber(VIDEO_FOURCC[track.codec]),
      );
    } else {
      metadata.set(
        'audiocodecid',
        track.codec === 'aac' ? AAC_CODEC_ID : fourccNumber(AUDIO_FOURCC[track.codec]),
      );
      metadata.set('audiosamplerate', track.sampleRate);
      metadata.set('audiosamplesize', 16);
      metadata.set('audiochannels', track.channels);
      metadata.set('stereo', track.channels === 2);
    }
  }
  metadata.set('encoder', encoder);
  return writeAmf0(['@setDataFrame', 'onMetaData', metadata]);
}

/** As a number, big-endian (Enhanced RTMP v1, "Metadata"). */
function fourccNumber(fourcc: string): number {
  return [...fourcc].reduce((number, letter) => number * 256 + letter.charCodeAt(0), 0);
}
