import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bytes as byteCount } from '../time.ts';
import type { Track } from '../track.ts';
import { CollectingSink } from '../webm/collecting-sink.ts';
import { readAudioTag, writeAudioConfiguration, writeAudioFrame } from './audio-tag.ts';
import { FlvDemuxer } from './flv-demuxer.ts';
import { FLV_TAG } from './flv-tag.ts';
import { type FlvTag, FlvWalker } from './flv-walker.ts';
import { readVideoTag, writeVideoConfiguration, writeVideoFrame } from './video-tag.ts';

const FOLDER = new URL('../../../test/fixtures/ffmpeg/', import.meta.url);
const FRAMES = 30;
const PACKETS = 51;
const MAX_BODY = byteCount(1024 * 1024);
/** SVT-AV1 has another sequence header in the record than in the stream, whose we tell: what is before it is the same. */
const AV1_RECORD_HEAD = 5 + 4;

function tagsOf(file: Uint8Array): FlvTag[] {
  const tags: FlvTag[] = [];
  const walker = new FlvWalker((tag) => void tags.push(tag), MAX_BODY);
  walker.push(file);
  walker.end();
  return tags.filter(({ type }) => type !== FLV_TAG.script);
}

/** The same body as we write it; undefined for what is only described. */
function writtenByUs(tag: FlvTag, tracks: readonly Track[]): Uint8Array | undefined {
  for (const track of tracks) {
    if (tag.type === FLV_TAG.video && track.kind === 'video') {
      const read = readVideoTag(tag.body);
      if (read.type === 'configuration') return writeVideoConfiguration(track);
      if (read.type === 'frame')
        return writeVideoFrame(read.codec, read.keyframe, read.compositionOffset, read.data);
    }
    if (tag.type === FLV_TAG.audio && track.kind === 'audio') {
      const read = readAudioTag(tag.body);
      if (read.type === 'configuration') return writeAudioConfiguration(track);
      if (read.type === 'frame') return writeAudioFrame(read.codec, read.data);
    }
  }
  return undefined;
}

describe.each([
  ['vp9', 'vp09.00.10.08'],
  ['hevc', 'hvc1.1.6.L30.90'],
  ['av1', 'av01.0.00M.08'],
])('%s and Opus, as FFmpeg 8 sends them by Enhanced RTMP', (codec, codecString) => {
  const bytes = new Uint8Array(readFileSync(new URL(`flv-${codec}-opus.flv`, FOLDER)));
  const sink = new CollectingSink();
  const demuxer = new FlvDemuxer(sink);
  demuxer.push(bytes);
  demuxer.end();
  const tracks = sink.announcements.at(-1) ?? [];

  it('are read whole', () => {
    expect(tracks).toMatchObject([
      { kind: 'video', codec, codecString, width: 160, height: 96 },
      { kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2 },
    ]);
    expect(sink.samples(0)).toHaveLength(FRAMES);
    expect(sink.samples(0).filter(({ keyframe }) => keyframe)).toHaveLength(2);
    expect(sink.samples(1)).toHaveLength(PACKETS);
  });

  it('are byte for byte what we send', () => {
    let compared = 0;
    for (const tag of tagsOf(bytes)) {
      const ours = writtenByUs(tag, tracks);
      if (!ours) continue;
      const isRecord = codec === 'av1' && readsAsRecord(tag);
      const theirs = isRecord ? tag.body.subarray(0, AV1_RECORD_HEAD) : tag.body;
      expect(isRecord ? ours.subarray(0, AV1_RECORD_HEAD) : ours).toEqual(theirs);
      compared += 1;
    }
    expect(compared).toBe(FRAMES + PACKETS + 2);
  });
});

const readsAsRecord = (tag: FlvTag) =>
  tag.type === FLV_TAG.video && readVideoTag(tag.body).type === 'configuration';
