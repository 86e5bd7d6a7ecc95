import { describe, expect, it } from 'vitest';
import {
  av1Keyframe,
  avcDelta,
  avcKeyframe,
  avcSps,
  opusHead,
  opusPacket,
  vp9Delta,
  vp9Keyframe,
} from '../codec/synthetic-bitstream.ts';
import { DEFAULT_DEMUXER_LIMITS } from '../demuxer.ts';
import { bytes } from '../time.ts';
import { CollectingSink } from './collecting-sink.ts';
import { EBML_ID } from './ebml-id.ts';
import {
  blockGroup,
  cluster,
  concatenate,
  ebmlHeader,
  ebmlLaced,
  element,
  fixedLaced,
  info,
  liveStream,
  number,
  type SyntheticTrack,
  simpleBlock,
  sizedCluster,
  text,
  tracks,
  unknownSize,
  xiphLaced,
} from './synthetic-webm.ts';
import { WebmDemuxer } from './webm-demuxer.ts';

const VP9: SyntheticTrack = { number: 1, type: 1, codecId: 'V_VP9' };
const AVC: SyntheticTrack = { number: 1, type: 1, codecId: 'V_MPEG4/ISO/AVC' };
const OPUS: SyntheticTrack = { number: 2, type: 2, codecId: 'A_OPUS', codecPrivate: opusHead() };
const SUBTITLES: SyntheticTrack = { number: 3, type: 17, codecId: 'S_TEXT/UTF8' };
const SIZE = { width: 640, height: 360 };
const LARGE = { width: 1280, height: 720 };

function demux(stream: Uint8Array, limits = DEFAULT_DEMUXER_LIMITS): CollectingSink {
  const sink = new CollectingSink();
  const demuxer = new WebmDemuxer(sink, limits);
  demuxer.push(stream);
  demuxer.end();
  return sink;
}

/** "V0" for video at 0, capital for keyframes and audio: the order of the calls at a glance. */
function order(sink: CollectingSink): string {
  const kinds: string[] = [];
  let known: readonly { kind: string }[] = [];
  for (const call of sink.calls) {
    if ('tracks' in call) {
      known = call.tracks;
      kinds.push(`[${known.map(({ kind }) => kind).join()}]`);
    } else {
      const letter = known[call.track]?.kind === 'video' ? 'v' : 'a';
      kinds.push(`${call.sample.keyframe ? letter.toUpperCase() : letter}${call.sample.pts}`);
    }
  }
  return kinds.join(' ');
}

describe('WebmDemuxer', () => {
  it('announces the tracks, then gives their samples in the order of the stream', () => {
    const blocks = [
      simpleBlock(1, 0, vp9Keyframe(SIZE)),
      simpleBlock(2, 5, opusPacket()),
      simpleBlock(1, 33, vp9Delta()),
    ];
    const sink = demux(liveStream([VP9, OPUS], cluster(1000, ...blocks)));
    expect(order(sink)).toBe('[video,audio] V1000 A1005 v1033');
    expect(sink.announcements).toEqual([
      [
        {
          kind: 'video',
          codec: 'vp9',
          codecString: 'vp09.00.21.08',
          timescale: 1000,
          configuration: Uint8Array.of(1, 0, 0, 0, 0, 21, 0x82, 1, 1, 1, 0, 0),
          ...SIZE,
        },
        {
          kind: 'audio',
          codec: 'opus',
          codecString: 'opus',
          timescale: 1000,
          configuration: Uint8Array.of(0, 2, 0x01, 0x38, 0, 0, 0xbb, 0x80, 0, 0, 0),
          sampleRate: 48_000,
          channels: 2,
        },
      ],
    ]);
  });

  it('reads elements of known size as it reads those of unknown size', () => {
    const first = [simpleBlock(1, 0, vp9Keyframe(SIZE)), simpleBlock(1, 33, vp9Delta())];
    const second = [simpleBlock(1, 66, vp9Delta())];
    const live = liveStream([VP9], cluster(0, ...first), cluster(0, ...second));
    const sized = concatenate(
      ebmlHeader('matroska'),
      element(EBML_ID.segment, info(), tracks(VP9), sizedCluster(0, ...first), sizedCluster(0, ...second)),
    );
    expect(demux(sized).calls).toEqual(demux(live).calls);
  });

  it('passes over Void, CRC-32, Cues, Tags, SeekHead, Attachments and what it does not know', () => {
    const noise = [EBML_ID.void, EBML_ID.crc32, EBML_ID.cues, EBML_ID.tags, EBML_ID.attachments, 0x4dbb].map(
      (id) => element(id, new Uint8Array(5)),
    );
    const inCluster = [element(EBML_ID.void, new Uint8Array(5)), element(EBML_ID.crc32, new Uint8Array(4))];
    const stream = concatenate(
      element(EBML_ID.void, new Uint8Array(300)),
      ebmlHeader(),
      unknownSize(
        EBML_ID.segment,
        element(EBML_ID.seekHead, new Uint8Array(40)),
        ...noise,
        element(EBML_ID.info, ...inCluster, number(EBML_ID.timestampScale, 1_000_000)),
        tracks(VP9),
        ...noise,
        cluster(0, ...inCluster, simpleBlock(1, 0, vp9Keyframe(SIZE)), ...inCluster),
        ...noise,
        cluster(0, simpleBlock(1, 33, vp9Delta())),
      ),
    );
    expect(order(demux(stream))).toBe('[video] V0 v33');
  });

  it('drops video before its first keyframe', () => {
    const blocks = [simpleBlock(1, 0, vp9Delta()), simpleBlock(2, 5, opusPacket())];
    const later = [simpleBlock(1, 66, vp9Keyframe(SIZE)), simpleBlock(1, 99, vp9Delta())];
    expect(order(demux(liveStream([VP9, OPUS], cluster(0, ...blocks), cluster(0, ...later))))).toBe(
      '[video,audio] A5 V66 v99',
    );
  });

  it('gives samples as views of what was pushed', () => {
    const stream = liveStream([VP9], cluster(0, simpleBlock(1, 0, vp9Keyframe(SIZE))));
    expect(demux(stream).samples(0)[0]?.data.buffer).toBe(stream.buffer);
  });

  it('takes H.264 as Annex B without a configuration record', () => {
    const sps = avcSps(SIZE);
    const blocks = [simpleBlock(1, 0, avcKeyframe(sps)), simpleBlock(1, 33, avcDelta(7))];
    const sink = demux(liveStream([AVC], cluster(0, ...blocks)));
    expect(sink.announcements).toMatchObject([[{ codecString: 'avc1.42c01f', ...SIZE }]]);
    expect(sink.samples(0)[1]?.data).toEqual(Uint8Array.of(0, 0, 0, 3, 0x61, 0xe0, 7));
  });

  it('takes AV1 without its temporal delimiters', () => {
    const stream = liveStream(
      [{ ...VP9, codecId: 'V_AV1' }],
      cluster(0, simpleBlock(1, 0, av1Keyframe(SIZE))),
    );
    const sink = demux(stream);
    expect(sink.announcements).toMatchObject([[{ codec: 'av1', codecString: 'av01.0.05M.08', ...SIZE }]]);
    expect(sink.samples(0)[0]?.data).toEqual(av1Keyframe(SIZE).subarray(2));
  });

  it('takes AAC with its AudioSpecificConfig', () => {
    const codecPrivate = Uint8Array.of(0x12, 0x10);
    const stream = liveStream(
      [{ number: 1, type: 2, codecId: 'A_AAC', codecPrivate }],
      cluster(0, simpleBlock(1, 0, Uint8Array.of(1))),
    );
    expect(demux(stream).announcements).toMatchObject([
      [{ codecString: 'mp4a.40.2', sampleRate: 44_100, channels: 2, configuration: codecPrivate }],
    ]);
  });

  it('ignores subtitles and announces every video and audio track', () => {
    const blocks = [
      simpleBlock(3, 0, text(0xec, 'hello')),
      simpleBlock(1, 0, vp9Keyframe(SIZE)),
      simpleBlock(4, 0, vp9Keyframe(LARGE)),
    ];
    const sink = demux(liveStream([VP9, SUBTITLES, OPUS, { ...VP9, number: 4 }], cluster(0, ...blocks)));
    expect(order(sink)).toBe('[video,audio,video] V0 V0');
  });
});

describe('the time of samples', () => {
  it('has the duration of a BlockGroup, and of Opus packets where it is whole ticks', () => {
    const blocks = [
      blockGroup(1, 0, vp9Keyframe(SIZE), 40),
      simpleBlock(1, 40, vp9Delta()),
      blockGroup(2, 0, opusPacket(), 19),
    ];
    const sink = demux(liveStream([VP9, OPUS], cluster(0, ...blocks)));
    expect(sink.samples(0).map(({ duration }) => duration)).toEqual([40, 0]);
    expect(sink.samples(1).map(({ duration }) => duration)).toEqual([20]);
  });

  it('does not believe that one frame lasts for hours', () => {
    const sink = demux(liveStream([VP9], cluster(0, blockGroup(1, 0, vp9Keyframe(SIZE), 2 ** 40))));
    expect(sink.samples(0)[0]?.duration).toBe(0);
  });

  it.each([
    ['Xiph', xiphLaced],
    ['EBML', ebmlLaced],
    ['fixed-size', fixedLaced],
  ])('follows the packets of %s lacing', (_, lace) => {
    const { flags, payload } = lace(opusPacket(1), opusPacket(2), opusPacket(3));
    const sink = demux(liveStream([OPUS], cluster(500, simpleBlock(2, 10, payload, flags))));
    expect(sink.samples(0).map(({ pts, data }) => [pts, data])).toEqual([
      [510, opusPacket(1)],
      [530, opusPacket(2)],
      [550, opusPacket(3)],
    ]);
  });

  it('spaces laced frames of other codecs by their DefaultDuration', () => {
    const { flags, payload } = xiphLaced(vp9Keyframe(SIZE), vp9Delta(), vp9Delta());
    const track = { ...VP9, defaultDuration: 40_000_000 };
    const sink = demux(liveStream([track], cluster(0, simpleBlock(1, 0, payload, flags))));
    expect(sink.samples(0).map(({ pts }) => pts)).toEqual([0, 40, 80]);
  });

  it('honours the TimestampScale', () => {
    const stream = concatenate(
      ebmlHeader(),
      unknownSize(
        EBML_ID.segment,
        tracks(VP9),
        info(100_000),
        cluster(50_000, simpleBlock(1, 333, vp9Keyframe(SIZE))),
      ),
    );
    const sink = demux(stream);
    expect(sink.announcements).toMatchObject([[{ timescale: 10_000 }]]);
    expect(sink.samples(0)[0]?.pts).toBe(50_333);
  });

  it('is less by the CodecDelay', () => {
    const track = { ...OPUS, codecDelay: 6_500_000 };
    const stream = liveStream([track], cluster(100, simpleBlock(2, 0, opusPacket())));
    expect(demux(stream).samples(0)[0]?.pts).toBe(93);
  });

  it('finds decode times for reordered frames', () => {
    const sps = avcSps({ ...SIZE, profile: 100, referenceFrames: 4, reorderFrames: 1 });
    const blocks = [
      simpleBlock(1, 0, avcKeyframe(sps)),
      ...[80, 40, 160, 120].map((time) => simpleBlock(1, time, avcDelta())),
    ];
    const track = { ...AVC, defaultDuration: 40_000_000 };
    const samples = demux(liveStream([track], cluster(0, ...blocks))).samples(0);
    expect(samples.map(({ dts, pts }) => [dts, pts])).toEqual([
      [-40, 0],
      [0, 80],
      [40, 40],
      [80, 160],
      [120, 120],
    ]);
  });
});

describe('a change in mid-stream', () => {
  it.each([
    ['H.264', AVC, avcKeyframe(avcSps(SIZE)), avcKeyframe(avcSps(LARGE))],
    ['VP9', VP9, vp9Keyframe(SIZE), vp9Keyframe(LARGE)],
    ['AV1', { ...VP9, codecId: 'V_AV1' }, av1Keyframe(SIZE), av1Keyframe(LARGE)],
  ])('of the size of %s announces the tracks again, before the sample', (_, track, first, second) => {
    const blocks = [
      simpleBlock(1, 0, first),
      simpleBlock(2, 0, opusPacket()),
      simpleBlock(1, 33, first),
      simpleBlock(1, 66, second),
      simpleBlock(2, 66, opusPacket()),
    ];
    const sink = demux(liveStream([track, OPUS], cluster(0, ...blocks)));
    expect(order(sink)).toBe('[video,audio] V0 A0 V33 [video,audio] V66 A66');
    expect(sink.announcements.map((all) => all[0])).toMatchObject([SIZE, LARGE]);
    expect(sink.announcements[1]?.[1]).toBe(sink.announcements[0]?.[1]);
  });

  it('keeps both configurations apart while another track is awaited', () => {
    const other = { ...VP9, number: 4 };
    const blocks = [
      simpleBlock(1, 0, vp9Keyframe(SIZE)),
      simpleBlock(1, 33, vp9Keyframe(LARGE)),
      simpleBlock(4, 66, vp9Keyframe(SIZE)),
    ];
    const sink = demux(liveStream([VP9, other], cluster(0, ...blocks)));
    expect(order(sink)).toBe('[video,video] V0 [video,video] V33 V66');
    expect(sink.announcements.map((all) => all[0])).toMatchObject([SIZE, LARGE]);
  });
});

describe('a track that is awaited', () => {
  const audio = (count: number) =>
    Array.from({ length: count }, (_, index) => simpleBlock(2, index * 20, opusPacket()));

  it('holds the others for 5 s of media, and is announced when it comes', () => {
    const sink = new CollectingSink();
    const demuxer = new WebmDemuxer(sink);
    demuxer.push(liveStream([VP9, OPUS], cluster(0, ...audio(251))));
    expect(sink.calls).toEqual([]);
    expect(demuxer.retained).toBeGreaterThan(0);
    demuxer.push(simpleBlock(2, 5020, opusPacket()));
    expect(sink.announcements.map((all) => all.map(({ kind }) => kind))).toEqual([['audio']]);
    expect(sink.samples(0)).toHaveLength(252);
    expect(demuxer.retained).toBe(0);
    demuxer.push(simpleBlock(1, 5040, vp9Keyframe(SIZE)));
    expect(sink.announcements.at(-1)?.map(({ kind }) => kind)).toEqual(['audio', 'video']);
    expect(sink.samples(1)).toHaveLength(1);
  });

  it('holds the others for 16 MiB at most', () => {
    const sink = new CollectingSink();
    const demuxer = new WebmDemuxer(sink);
    demuxer.push(liveStream([{ ...VP9, number: 4 }, VP9], cluster(0, simpleBlock(1, 0, vp9Keyframe(SIZE)))));
    const frame = concatenate(vp9Delta(), new Uint8Array(1_000_000));
    for (let index = 0; index < 16; index++) demuxer.push(simpleBlock(1, 1, frame));
    expect(sink.calls).toEqual([]);
    demuxer.push(simpleBlock(1, 1, frame));
    expect(sink.samples(0)).toHaveLength(18);
  });

  it('holds nothing back at the end', () => {
    expect(order(demux(liveStream([VP9, OPUS], cluster(0, ...audio(2)))))).toBe('[audio] A0 A20');
  });
});

describe('another Segment on the same stream', () => {
  const session = (at: number, entries = [VP9, OPUS]) =>
    liveStream(
      entries,
      cluster(
        at,
        simpleBlock(1, 0, vp9Keyframe(SIZE)),
        simpleBlock(2, 0, opusPacket()),
        simpleBlock(1, 33, vp9Delta()),
      ),
    );

  it('continues the timeline where the media so far ends', () => {
    expect(order(demux(concatenate(session(0), session(0))))).toBe(
      '[video,audio] V0 A0 v33 [video,audio] V33 A33 v66',
    );
  });

  it('keeps its own time when that is later', () => {
    expect(order(demux(concatenate(session(0), session(5000))))).toBe(
      '[video,audio] V0 A0 v33 [video,audio] V5000 A5000 v5033',
    );
  });

  it('keeps the positions of the kinds of tracks', () => {
    const sink = demux(concatenate(session(0), session(0, [OPUS, VP9])));
    expect(sink.announcements.map((all) => all.map(({ kind }) => kind))).toEqual([
      ['video', 'audio'],
      ['video', 'audio'],
    ]);
  });

  it('may have another TimestampScale and other tracks', () => {
    const second = concatenate(
      ebmlHeader('matroska'),
      unknownSize(
        EBML_ID.segment,
        info(100_000),
        tracks(AVC),
        cluster(0, simpleBlock(1, 0, avcKeyframe(avcSps(LARGE)))),
      ),
    );
    const sink = demux(concatenate(session(0), second));
    expect(sink.announcements.at(-1)).toMatchObject([{ codec: 'avc', timescale: 10_000 }]);
    expect(sink.samples(0).at(-1)?.pts).toBe(330);
  });

  it('follows a Segment of known size, too', () => {
    const sized = concatenate(
      ebmlHeader(),
      element(EBML_ID.segment, tracks(VP9), sizedCluster(0, simpleBlock(1, 0, vp9Keyframe(SIZE)))),
    );
    expect(order(demux(concatenate(sized, sized)))).toBe('[video] V0 [video] V0');
  });
});

describe('header stripping', () => {
  const stripped = (...encoding: readonly Uint8Array[]) => {
    const encodings = element(EBML_ID.contentEncodings, element(EBML_ID.contentEncoding, ...encoding));
    return liveStream(
      [{ ...VP9, more: [encodings] }],
      cluster(0, simpleBlock(1, 0, vp9Keyframe(SIZE).subarray(2))),
    );
  };
  const settings = element(EBML_ID.contentCompSettings, vp9Keyframe(SIZE).subarray(0, 2));
  const compression = (algorithm: number) =>
    element(EBML_ID.contentCompression, number(EBML_ID.contentCompAlgo, algorithm), settings);

  it('is undone', () => {
    expect(demux(stripped(compression(3))).samples(0)[0]?.data).toEqual(vp9Keyframe(SIZE));
  });

  it.each([
    ['zlib compression', [compression(0)]],
    ['lzo1x compression', [compression(2)]],
    ['encryption', [number(EBML_ID.contentEncodingType, 1), element(EBML_ID.contentEncryption)]],
    ['an encoded CodecPrivate', [number(EBML_ID.contentEncodingScope, 3), compression(3)]],
  ])('is the only encoding: %s is refused by name', (name, encoding) => {
    expect(() => demux(stripped(...encoding))).toThrow(`a WebM track uses ${name}`);
  });
});

describe('what is refused', () => {
  const refusal = (stream: Uint8Array, limits = DEFAULT_DEMUXER_LIMITS): unknown => {
    try {
      return demux(stream, limits);
    } catch (error) {
      return error;
    }
  };

  it.each([
    ['V_THEORA', 1, 'the video codec V_THEORA is not supported'],
    ['A_VORBIS', 2, 'the audio codec A_VORBIS is not supported: send Opus or AAC'],
  ])('%s, in words that say what to use', (codecId, type, words) => {
    const error = refusal(liveStream([{ number: 1, type, codecId }], cluster(0)));
    expect(error).toMatchObject({ code: 'codec-unsupported', message: expect.stringContaining(words) });
  });

  it.each<[string, string, Uint8Array]>([
    ['another EBML document', 'container-unknown', ebmlHeader('mdoc')],
    [
      'longer sizes than eight bytes',
      'container-malformed',
      element(EBML_ID.ebml, number(EBML_ID.ebmlMaxSizeLength, 9), text(EBML_ID.docType, 'webm')),
    ],
    ['a Segment without an EBML header', 'container-malformed', unknownSize(EBML_ID.segment)],
    [
      'a Cluster before the Tracks',
      'container-malformed',
      concatenate(ebmlHeader(), unknownSize(EBML_ID.segment, cluster(0))),
    ],
    [
      'a block before its Timestamp',
      'container-malformed',
      liveStream([VP9], unknownSize(EBML_ID.cluster, simpleBlock(1, 0, vp9Keyframe(SIZE)))),
    ],
    [
      'a Cluster within one of known size',
      'container-malformed',
      liveStream([VP9], sizedCluster(0, sizedCluster(0))),
    ],
    [
      'a Segment within one of known size',
      'container-malformed',
      concatenate(ebmlHeader(), element(EBML_ID.segment, unknownSize(EBML_ID.segment))),
    ],
    [
      'a block of unknown size',
      'container-malformed',
      liveStream([VP9], cluster(0, unknownSize(EBML_ID.simpleBlock))),
    ],
    [
      'an element that leaves its parent',
      'container-malformed',
      liveStream([VP9], element(EBML_ID.cluster, Uint8Array.of(EBML_ID.simpleBlock, 0x8f))),
    ],
    ['something else after the EBML header', 'container-malformed', concatenate(ebmlHeader(), info())],
    ['two tracks of one number', 'container-malformed', liveStream([VP9, VP9])],
    ['a track without a number', 'container-malformed', liveStream([{ ...VP9, number: 0 }])],
    [
      'a TimestampScale of 0',
      'container-malformed',
      concatenate(ebmlHeader(), unknownSize(EBML_ID.segment, info(0), tracks(VP9), cluster(0))),
    ],
    [
      'a time beyond a hundred years',
      'container-malformed',
      liveStream([VP9], cluster(2 ** 52, simpleBlock(1, 0, vp9Keyframe(SIZE)))),
    ],
    [
      'a broken VP9 frame',
      'codec-malformed',
      liveStream([VP9], cluster(0, simpleBlock(1, 0, Uint8Array.of(0)))),
    ],
    [
      'Opus without OpusHead',
      'codec-malformed',
      liveStream([{ ...OPUS, codecPrivate: undefined }], cluster(0)),
    ],
    ['only subtitles', 'no-tracks', liveStream([SUBTITLES], cluster(0))],
    ['an end before any keyframe', 'no-tracks', liveStream([VP9], cluster(0, simpleBlock(1, 0, vp9Delta())))],
    ['an end before the Tracks', 'no-tracks', ebmlHeader()],
  ])('%s', (_, code, stream) => {
    expect(refusal(stream)).toMatchObject({ name: 'MediaError', code });
  });

  it('more tracks, larger elements and larger pictures than the limits allow', () => {
    const limits = { maxTracks: 2, maxElement: bytes(1000), maxPixels: 640 * 360 };
    const tooMany = liveStream([VP9, OPUS, SUBTITLES]);
    expect(refusal(tooMany, limits)).toMatchObject({ code: 'too-many-tracks' });
    const tooLong = liveStream([VP9], cluster(0, simpleBlock(1, 0, new Uint8Array(1000))));
    expect(refusal(tooLong, limits)).toMatchObject({ code: 'element-too-large' });
    const tooLarge = liveStream([VP9], cluster(0, simpleBlock(1, 0, vp9Keyframe(LARGE))));
    expect(refusal(tooLarge, limits)).toMatchObject({ code: 'picture-too-large' });
    expect(
      refusal(liveStream([VP9], cluster(0, simpleBlock(1, 0, vp9Keyframe(SIZE)))), limits),
    ).toBeInstanceOf(CollectingSink);
  });

  it('an end within an element, after what came before it', () => {
    const stream = liveStream(
      [VP9],
      cluster(0, simpleBlock(1, 0, vp9Keyframe(SIZE)), simpleBlock(1, 33, vp9Delta())),
    );
    const sink = new CollectingSink();
    const demuxer = new WebmDemuxer(sink);
    demuxer.push(stream.subarray(0, -1));
    expect(() => demuxer.end()).toThrow('the WebM stream ended in simpleBlock');
    expect(sink.samples(0)).toHaveLength(1);
  });
});
