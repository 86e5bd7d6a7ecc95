import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MediaError } from '../media-error.ts';
import { readAmf0 } from '../rtmp/amf0-reader.ts';
import { amf0Property } from '../rtmp/amf0-value.ts';
import { timescale } from '../time.ts';
import type { AudioTrack, VideoCodec, VideoTrack } from '../track.ts';
import { readAudioTag, writeAudioConfiguration, writeAudioFrame } from './audio-tag.ts';
import { readOpusHead, writeOpusHead } from './opus-head.ts';
import { writeStreamMetadata } from './stream-metadata.ts';
import { readVideoTag, writeVideoConfiguration, writeVideoFrame } from './video-tag.ts';

const video = (codec: VideoCodec, configuration = Uint8Array.of(1, 0, 0, 0, 9, 8, 7)): VideoTrack => ({
  ...{ kind: 'video', codec, configuration, codecString: codec, timescale: timescale(90_000) },
  ...{ width: 1280, height: 720 },
});
const DOPS = Uint8Array.of(0, 2, 0x01, 0x38, 0, 0, 0xbb, 0x80, 0, 0, 0);
const audio = (codec: AudioTrack['codec'], configuration: Uint8Array): AudioTrack => ({
  ...{ kind: 'audio', codec, configuration, codecString: codec, timescale: timescale(48_000) },
  ...{ sampleRate: 48_000, channels: 2 },
});
/** How node-media-server reads a tag of that type at that time: codec, then 2 configuration, 3 keyframe, 4 other; of sound 0, 1. */
interface OtherReader {
  parserTag(
    type: number,
    time: number,
    size: number,
    data: Buffer,
  ): { readonly codec_id: number; readonly flags: number; readonly pts: number };
}
const other = createRequire(import.meta.url)('node-media-server/src/protocol/flv.js') as OtherReader;

const ascii = (text: string) => [...text].map((letter) => letter.charCodeAt(0));

describe('video', () => {
  it('writes H.264 as FLV 10.1 §E.4.3.1 has it', () => {
    expect([...writeVideoConfiguration(video('avc', Uint8Array.of(1, 2, 3)))]).toEqual([
      0x17, 0, 0, 0, 0, 1, 2, 3,
    ]);
    expect([...writeVideoFrame('avc', true, 0, Uint8Array.of(5))]).toEqual([0x17, 1, 0, 0, 0, 5]);
    expect([...writeVideoFrame('avc', false, -33, Uint8Array.of(5))]).toEqual([0x27, 1, 0xff, 0xff, 0xdf, 5]);
  });

  it('writes the other codecs as Enhanced RTMP v1 has them', () => {
    expect([...writeVideoConfiguration(video('av1', Uint8Array.of(0x81, 4)))]).toEqual([
      ...[0x90, ...ascii('av01'), 0x81, 4],
    ]);
    expect([...writeVideoConfiguration(video('vp9'))]).toEqual([0x90, ...ascii('vp09'), 1, 0, 0, 0, 9, 8, 7]);
    expect([...writeVideoFrame('vp9', false, 0, Uint8Array.of(5))]).toEqual([0xa1, ...ascii('vp09'), 5]);
    expect([...writeVideoFrame('hevc', true, 0, Uint8Array.of(5))]).toEqual([0x93, ...ascii('hvc1'), 5]);
    expect([...writeVideoFrame('hevc', true, 40, Uint8Array.of(5))]).toEqual([
      ...[0x91, ...ascii('hvc1'), 0, 0, 40, 5],
    ]);
  });

  it.each(['av1', 'vp9', 'hevc'] as const)('writes %s so that another server knows it', (codec) => {
    const read = (body: Uint8Array) => {
      const { codec_id, flags, pts } = other.parserTag(9, 1000, body.length, Buffer.from(body));
      return { codec: Buffer.from([24, 16, 8, 0].map((shift) => codec_id >>> shift)).toString(), flags, pts };
    };
    const name = { av1: 'av01', vp9: 'vp09', hevc: 'hvc1' }[codec];
    expect(read(writeVideoConfiguration(video(codec)))).toEqual({ codec: name, flags: 2, pts: 1000 });
    const offset = codec === 'hevc' ? 40 : 0;
    expect(read(writeVideoFrame(codec, true, offset, Uint8Array.of(5, 6, 7)))).toEqual({
      ...{ codec: name, flags: 3, pts: 1000 + offset },
    });
    expect(read(writeVideoFrame(codec, false, 0, Uint8Array.of(5)))).toMatchObject({ codec: name, flags: 4 });
  });

  it('reads back what was written', () => {
    const codec = fc.constantFrom<VideoCodec>('avc', 'hevc', 'vp8', 'vp9', 'av1');
    fc.assert(
      fc.property(
        codec,
        fc.boolean(),
        fc.integer({ min: -8e6, max: 8e6 }),
        fc.uint8Array(),
        (name, keyframe, given, data) => {
          const compositionOffset = name === 'avc' || name === 'hevc' ? given : 0;
          const frame = readVideoTag(writeVideoFrame(name, keyframe, given, data));
          expect(frame).toEqual({ type: 'frame', codec: name, keyframe, compositionOffset, data });
          const track = video(name);
          const record = { type: 'configuration', codec: name, record: track.configuration };
          expect(readVideoTag(writeVideoConfiguration(track))).toEqual(record);
        },
      ),
    );
  });

  it.each(['vp8', 'vp9'] as const)('reads the record of %s with its version and without', (codec) => {
    const name = codec === 'vp8' ? 'vp08' : 'vp09';
    const read = { type: 'configuration', codec, record: Uint8Array.of(1, 0, 0, 0, 1, 0, 0x82, 2) };
    expect(readVideoTag(Uint8Array.of(0x90, ...ascii(name), 1, 0, 0x82, 2))).toEqual(read);
    expect(readVideoTag(Uint8Array.of(0x90, ...ascii(name), 1, 0, 0, 0, 1, 0, 0x82, 2))).toEqual(read);
  });

  it('reads ends, and passes over commands and colours', () => {
    expect(readVideoTag(Uint8Array.of(0x17, 2, 0, 0, 0))).toEqual({ type: 'end', codec: 'avc' });
    expect(readVideoTag(Uint8Array.of(0x52, 0))).toEqual({ type: 'other' });
    expect(readVideoTag(Uint8Array.of(0x94, ...ascii('hvc1'), 2))).toEqual({ type: 'other' });
  });
});

describe('several tracks and prefixes of Enhanced RTMP v2', () => {
  const [oneTrack, manyTracks, manyCodecs] = [0x00, 0x10, 0x20];
  const frame = { type: 'frame', codec: 'hevc', keyframe: true, compositionOffset: 40 };

  it('brings the first track, whether it comes alone or beside others', () => {
    const alone = Uint8Array.of(0x96, oneTrack | 1, ...ascii('hvc1'), 0, 0, 0, 40, 7, 8);
    expect(readVideoTag(alone)).toEqual({ ...frame, data: Uint8Array.of(7, 8) });
    const beside = Uint8Array.of(
      ...[0x96, manyTracks | 1, ...ascii('hvc1'), 1, 0, 0, 2, 5, 5],
      ...[0, 0, 0, 5, 0, 0, 40, 7, 8],
    );
    expect(readVideoTag(beside)).toEqual({ ...frame, data: Uint8Array.of(7, 8) });
    const ofOthers = Uint8Array.of(
      ...[0x95, manyCodecs | 1, ...ascii('ac-3'), 1, 0, 0, 1, 9],
      ...[...ascii('Opus'), 0, 0, 0, 2, 7, 8],
    );
    expect(readAudioTag(ofOthers)).toEqual({ type: 'frame', codec: 'opus', data: Uint8Array.of(7, 8) });
    const configuration = Uint8Array.of(0x95, oneTrack, ...ascii('mp4a'), 0, 0x11, 0x90);
    expect(readAudioTag(configuration)).toEqual({
      ...{ type: 'configuration', codec: 'aac', record: Uint8Array.of(0x11, 0x90) },
    });
  });

  it('passes over the others, whatever their codec is', () => {
    expect(readVideoTag(Uint8Array.of(0x96, oneTrack | 1, ...ascii('vvc1'), 1, 9))).toEqual({
      type: 'other',
    });
    expect(readAudioTag(Uint8Array.of(0x95, oneTrack | 1, ...ascii('ac-3'), 3, 9))).toEqual({
      type: 'other',
    });
  });

  it('skips what is said of a packet before it, short and long', () => {
    const nanoseconds = [2, 0, 0, 9, 0x01];
    expect(readVideoTag(Uint8Array.of(0xa7, ...nanoseconds, ...ascii('vp09'), 5))).toMatchObject({
      ...{ type: 'frame', codec: 'vp9', keyframe: false, data: Uint8Array.of(5) },
    });
    const long = [255, 1, 0, ...new Uint8Array(257), 0x01];
    expect(readAudioTag(Uint8Array.of(0x97, ...long, ...ascii('Opus'), 5))).toMatchObject({
      ...{ type: 'frame', codec: 'opus', data: Uint8Array.of(5) },
    });
    const both = [0x97, ...nanoseconds.slice(0, 4), 0x05, oneTrack | 1, ...ascii('Opus'), 0, 5];
    expect(readAudioTag(Uint8Array.from(both))).toMatchObject({ type: 'frame', data: Uint8Array.of(5) });
  });

  it('names a codec that cannot be carried as it is called', () => {
    const bad = Uint8Array.of(0x95, oneTrack | 1, ...ascii('.mp3'), 0, 5);
    expect(() => readAudioTag(bad)).toThrow('audio called .mp3');
    const cut = Uint8Array.of(0x96, manyTracks | 1, ...ascii('hvc1'), 0, 0, 0, 9, 1);
    expect(() => readVideoTag(cut)).toThrow('too short');
  });
});

describe('audio', () => {
  it('writes AAC as FLV 10.1 §E.4.2.1 has it, and Opus as Enhanced RTMP v2', () => {
    expect([...writeAudioConfiguration(audio('aac', Uint8Array.of(0x11, 0x90)))]).toEqual([
      0xaf, 0, 0x11, 0x90,
    ]);
    expect([...writeAudioFrame('aac', Uint8Array.of(5))]).toEqual([0xaf, 1, 5]);
    expect([...writeAudioFrame('opus', Uint8Array.of(5))]).toEqual([0x91, ...ascii('Opus'), 5]);
    expect([...writeAudioConfiguration(audio('opus', DOPS))]).toEqual([
      ...[0x90, ...ascii('OpusOpusHead'), 1, 2, 0x38, 0x01, 0x80, 0xbb, 0, 0, 0, 0, 0],
    ]);
  });

  it('reads back what was written', () => {
    const codec = fc.constantFrom('aac' as const, 'opus' as const);
    fc.assert(
      fc.property(codec, fc.uint8Array(), (name, data) => {
        expect(readAudioTag(writeAudioFrame(name, data))).toEqual({ type: 'frame', codec: name, data });
      }),
    );
    const record = readAudioTag(writeAudioConfiguration(audio('opus', DOPS)));
    expect(record).toEqual({ type: 'configuration', codec: 'opus', record: DOPS });
    expect(readOpusHead(writeOpusHead(DOPS))).toEqual(DOPS);
  });
});

it('ends any body with a tag or with an error by name', () => {
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc
      .tuple(
        fc.constantFrom('hvc1', 'av01', 'vp09', 'Opus', 'mp4a', 'avc1'),
        fc.nat(255),
        fc.uint8Array({ maxLength: 20 }),
      )
      .map(([fourcc, first, rest]) => Uint8Array.of(first, ...ascii(fourcc), ...rest)),
  );
  fc.assert(
    fc.property(body, fc.constantFrom(readVideoTag, readAudioTag), (bytes, read) => {
      try {
        read(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(MediaError);
      }
    }),
    { numRuns: 2000 },
  );
});

it('says what the tracks are, H.264 and AAC by number and the others by name', () => {
  const [command, name, metadata] = readAmf0(
    writeStreamMetadata([video('av1'), audio('aac', Uint8Array.of(0x11, 0x90))], 'Headwater'),
  );
  expect([command, name]).toEqual(['@setDataFrame', 'onMetaData']);
  expect(amf0Property(metadata, 'width')).toBe(1280);
  expect(amf0Property(metadata, 'videocodecid')).toBe(0x61763031);
  expect(amf0Property(metadata, 'audiocodecid')).toBe(10);
  expect(amf0Property(metadata, 'stereo')).toBe(true);
});
