import { describe, expect, it } from 'vitest';
import { writeAvcConfiguration } from '../codec/avc.ts';
import { AVC_PPS, avcSps } from '../codec/synthetic-bitstream.ts';
import { milliseconds, ticks, timescale } from '../time.ts';
import type { AudioTrack, Track, VideoTrack } from '../track.ts';
import { CollectingSink } from '../webm/collecting-sink.ts';
import { childBoxes } from './box.ts';
import { readFileType } from './boxes/file-type.ts';
import { PRFT_CAPTURED, readProducerReferenceTime } from './boxes/producer-reference-time.ts';
import { RUN_DATA_OFFSET, RUN_DURATION, RUN_FIRST_SAMPLE_FLAGS, RUN_SIZE } from './boxes/track-run.ts';
import { ByteReader } from './byte-reader.ts';
import { type ChunkHeader, type ChunkSample, writeChunk } from './cmaf-chunk.ts';
import { mimeOf, writeInit } from './cmaf-header.ts';
import { readMovie } from './movie.ts';
import { readMovieFragment } from './movie-fragment.ts';
import { Mp4Demuxer } from './mp4-demuxer.ts';
import { concatenate, idrFrame, interFrame, OPUS, VIDEO } from './synthetic-mp4.ts';

const AAC: AudioTrack = {
  kind: 'audio',
  codec: 'aac',
  codecString: 'mp4a.40.2',
  timescale: timescale(44_100),
  configuration: Uint8Array.of(0x12, 0x10),
  sampleRate: 44_100,
  channels: 2,
};
const VP9: VideoTrack = {
  ...VIDEO,
  codec: 'vp9',
  codecString: 'vp09.00.21.08',
  configuration: Uint8Array.of(1, 0, 0, 0, 0, 21, 0x82, 2, 2, 2, 0, 0),
};
const LARGE: VideoTrack = {
  ...VIDEO,
  configuration: writeAvcConfiguration([avcSps({ width: 1920, height: 1080 }), AVC_PPS], 4).configuration,
  width: 1920,
  height: 1080,
};

function demux(...parts: readonly Uint8Array[]): CollectingSink {
  const sink = new CollectingSink();
  const demuxer = new Mp4Demuxer(sink);
  for (const part of parts) demuxer.push(part);
  demuxer.end();
  return sink;
}

function sample(data: Uint8Array, duration: number, compositionOffset = 0): ChunkSample {
  return { data, duration: ticks(duration), compositionOffset: ticks(compositionOffset) };
}

function header(fields: Partial<ChunkHeader> = {}): ChunkHeader {
  return {
    trackId: 1,
    sequence: 1,
    decodeTime: ticks(0),
    keyframe: false,
    referenceTime: undefined,
    ...fields,
  };
}

function childOf(bytes: Uint8Array, type: string): ByteReader {
  for (const box of childBoxes(new ByteReader(bytes, 'chunk'))) if (box.name === type) return box;
  throw new Error(`no ${type}`);
}

/** The flags of a chunk's `trun`, and the fields of its `tfhd`. */
function fields(chunk: Uint8Array) {
  const [traf] = readMovieFragment(childOf(chunk, 'moof')).tracks;
  return { run: traf?.runs[0]?.flags, header: traf?.header };
}

describe('an init segment', () => {
  it.each<{ tracks: readonly Track[] }>([
    { tracks: [VIDEO, OPUS] },
    { tracks: [VP9, OPUS] },
    { tracks: [LARGE, AAC] },
    { tracks: [OPUS] },
    { tracks: [VIDEO] },
  ])('says what its tracks are: $tracks.0.codecString', ({ tracks }) => {
    expect(demux(writeInit(tracks)).announcements).toEqual([tracks]);
  });

  it('gives video track 1 and audio track 2, alone or together', () => {
    const ids = (tracks: readonly Track[]) =>
      readMovie(childOf(writeInit(tracks), 'moov'), 8).tracks.map((track) => track.header.trackId);
    expect([ids([VIDEO, OPUS]), ids([VIDEO]), ids([AAC])]).toEqual([[1, 2], [1], [2]]);
  });

  it('has the brand of CMAF', () => {
    expect(readFileType(childOf(writeInit([VIDEO]), 'ftyp')).compatibleBrands).toContain('cmfc');
  });

  it('has a MIME type for MediaSource', () => {
    expect(mimeOf([VIDEO, OPUS])).toBe('video/mp4; codecs="avc1.42c01f,opus"');
    expect(mimeOf([AAC])).toBe('audio/mp4; codecs="mp4a.40.2"');
  });
});

describe('a chunk', () => {
  const init = writeInit([VIDEO, OPUS]);

  it('gives its samples back', () => {
    const first = writeChunk(header({ keyframe: true }), [sample(idrFrame(90), 33, 66)]);
    const second = writeChunk(header({ decodeTime: ticks(33) }), [
      sample(interFrame(50), 33),
      sample(interFrame(60), 34, 5),
    ]);
    const sink = demux(init, first, second);
    expect(sink.samples(0)).toEqual([
      { dts: 0, pts: 66, duration: 33, keyframe: true, data: idrFrame(90) },
      { dts: 33, pts: 33, duration: 33, keyframe: false, data: interFrame(50) },
      { dts: 66, pts: 71, duration: 34, keyframe: false, data: interFrame(60) },
    ]);
  });

  it('says nothing more than it must', () => {
    const video = fields(writeChunk(header(), [sample(interFrame(50), 3000)]));
    expect(video.run).toBe(RUN_DATA_OFFSET);
    expect(video.header).toEqual({
      trackId: 1,
      defaultBaseIsMoof: true,
      sampleDuration: 3000,
      sampleSize: 50,
    });
    const keyframe = fields(writeChunk(header({ keyframe: true }), [sample(idrFrame(50), 3000)]));
    expect(keyframe.run).toBe(RUN_DATA_OFFSET | RUN_FIRST_SAMPLE_FLAGS);
    const packets = [sample(new Uint8Array(5), 960), sample(new Uint8Array(6), 960)];
    expect(fields(writeChunk(header({ trackId: 2 }), packets)).run).toBe(RUN_DATA_OFFSET | RUN_SIZE);
    const uneven = [sample(new Uint8Array(5), 960), sample(new Uint8Array(5), 480)];
    expect(fields(writeChunk(header({ trackId: 2 }), uneven)).run).toBe(RUN_DATA_OFFSET | RUN_DURATION);
  });

  it('costs 104 bytes beside its frame', () => {
    expect(writeChunk(header(), [sample(interFrame(50), 3000)]).length).toBe(50 + 104);
  });

  it('is one buffer of just its size', () => {
    const chunk = writeChunk(header({ keyframe: true }), [
      sample(idrFrame(77), 33, 5),
      sample(interFrame(50), 34),
    ]);
    expect(chunk.buffer.byteLength).toBe(chunk.length);
    expect(childOf(chunk, 'mdat').remaining).toBe(127);
  });

  it('ties its media to the wall clock when it is told', () => {
    const referenceTime = {
      trackId: 1,
      wallClock: milliseconds(Date.UTC(2026, 1, 1)),
      mediaTime: ticks(90_000),
      flags: PRFT_CAPTURED,
    };
    const chunk = writeChunk(header({ referenceTime }), [sample(interFrame(50), 33)]);
    expect([...childBoxes(new ByteReader(chunk, 'chunk'))].map(({ name }) => name)).toEqual([
      'prft',
      'moof',
      'mdat',
    ]);
    expect(readProducerReferenceTime(childOf(chunk, 'prft'))).toEqual(referenceTime);
  });

  it('keeps decode times beyond 32 bits', () => {
    const decodeTime = ticks(24 * 3600 * 90_000);
    const sink = demux(
      concatenate(init, writeChunk(header({ decodeTime, keyframe: true }), [sample(idrFrame(50), 33)])),
    );
    expect(sink.samples(0)[0]?.dts).toBe(decodeTime);
  });
});
