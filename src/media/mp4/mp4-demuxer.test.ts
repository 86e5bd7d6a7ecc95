import { describe, expect, it } from 'vitest';
import { writeAvcConfiguration } from '../codec/avc.ts';
import { joinLengthPrefixed } from '../codec/nal-units.ts';
import { AVC_PPS, avcSps, opusPacket, vp9Keyframe } from '../codec/synthetic-bitstream.ts';
import { DEFAULT_DEMUXER_LIMITS } from '../demuxer.ts';
import { bytes } from '../time.ts';
import { CollectingSink } from '../webm/collecting-sink.ts';
import type { SampleEntry, VisualSampleEntry } from './boxes/sample-entry.ts';
import { NON_SYNC_SAMPLE_FLAGS, SYNC_SAMPLE_FLAGS } from './boxes/sample-flags.ts';
import { Mp4Demuxer } from './mp4-demuxer.ts';
import {
  AVC_RECORD,
  box,
  concatenate,
  FTYP,
  fullBox,
  idrFrame,
  interFrame,
  moof,
  moov,
  OPUS,
  type SyntheticTrack,
  traf,
  VIDEO,
  words32,
} from './synthetic-mp4.ts';

const V: SyntheticTrack = { id: 1, track: VIDEO };
const A: SyntheticTrack = { id: 7, track: OPUS };
const KEY = idrFrame(40);
const DELTA = interFrame(20);

function demux(...parts: readonly Uint8Array[]): CollectingSink {
  const sink = new CollectingSink();
  const demuxer = new Mp4Demuxer(sink);
  demuxer.push(concatenate(...parts));
  demuxer.end();
  return sink;
}

/** The times of a track's samples: dts, pts, duration. */
function times(sink: CollectingSink, track: number): number[][] {
  return sink.samples(track).map(({ dts, pts, duration }) => [dts, pts, duration]);
}

/** A fragment of one track in one run, with its mdat; `data offset` is where the moof ends. */
function fragment(
  id: number,
  decodeTime: number,
  duration: number,
  ...samples: readonly Uint8Array[]
): Uint8Array {
  const build = (offset: number) =>
    moof(
      traf(
        { trackId: id, defaultBaseIsMoof: true, sampleDuration: duration },
        fullBox('tfdt', 1, 0, 0, decodeTime),
        fullBox('trun', 0, 0x201, samples.length, offset, ...samples.map(({ length }) => length)),
      ),
    );
  return concatenate(build(build(0).length + 8), box('mdat', ...samples));
}

describe('a fragmented MP4', () => {
  it('gives samples as soon as their bytes are there, and the tracks before them', () => {
    const sink = new CollectingSink();
    const demuxer = new Mp4Demuxer(sink);
    demuxer.push(concatenate(FTYP, moov(V)));
    expect(sink.announcements).toEqual([[VIDEO]]);
    const whole = fragment(1, 0, 33, KEY, DELTA);
    const last = whole.length - 1;
    demuxer.push(whole.subarray(0, last - DELTA.length));
    expect(sink.samples(0)).toHaveLength(0);
    demuxer.push(whole.subarray(last - DELTA.length, last));
    expect(sink.samples(0)).toHaveLength(1);
    demuxer.push(whole.subarray(last));
    expect(sink.samples(0)).toHaveLength(2);
    demuxer.end();
  });

  it('takes defaults from trex, tfhd and trun, each over the one before', () => {
    const track = { ...V, defaultDuration: 40 };
    const first = moof(
      traf({ trackId: 1, defaultBaseIsMoof: true, sampleSize: 40 }, fullBox('trun', 0, 0, 1)),
    );
    const second = moof(
      traf(
        { trackId: 1, defaultBaseIsMoof: true, sampleDuration: 50, sampleFlags: NON_SYNC_SAMPLE_FLAGS },
        fullBox('trun', 0, 0x704, 2, SYNC_SAMPLE_FLAGS, 60, 40, 0, 70, 20, NON_SYNC_SAMPLE_FLAGS),
      ),
    );
    const sink = demux(FTYP, moov(track), first, box('mdat', KEY), second, box('mdat', KEY, DELTA));
    expect(times(sink, 0)).toEqual([
      [0, 0, 40],
      [40, 40, 60],
      [100, 100, 70],
    ]);
    expect(sink.samples(0).map(({ keyframe }) => keyframe)).toEqual([true, true, false]);
  });

  it('reads composition offsets as signed, in either version', () => {
    const runs = [0, 1].map((version) => fullBox('trun', version, 0xa01, 2, 0, 40, -10, 20, 30));
    for (const run of runs) {
      const build = (offset: number) => {
        const at = run.slice();
        at.set(words32(offset), 16);
        return moof(traf({ trackId: 1, defaultBaseIsMoof: true, sampleDuration: 33 }, at));
      };
      const sink = demux(FTYP, moov(V), build(build(0).length + 8), box('mdat', KEY, DELTA));
      expect(times(sink, 0)).toEqual([
        [0, -10, 33],
        [33, 63, 33],
      ]);
    }
  });

  it('goes on where it ended when a fragment has no tfdt, and follows a tfdt of version 0', () => {
    const run = fullBox('trun', 0, 0x200, 1, 40);
    const part = (...boxes: readonly Uint8Array[]) =>
      concatenate(
        moof(traf({ trackId: 1, defaultBaseIsMoof: true, sampleDuration: 33 }, ...boxes)),
        box('mdat', KEY),
      );
    const sink = demux(FTYP, moov(V), part(run), part(run), part(fullBox('tfdt', 0, 0, 500), run), part(run));
    expect(times(sink, 0).map(([dts]) => dts)).toEqual([0, 33, 500, 533]);
  });

  it('finds the data of runs without an offset one behind another', () => {
    const trafs = [
      traf(
        { trackId: 1, defaultBaseIsMoof: false, sampleDuration: 33 },
        fullBox('trun', 0, 0x200, 1, 40),
        fullBox('trun', 0, 0x200, 2, 20, 20),
      ),
      traf({ trackId: 7, defaultBaseIsMoof: false, sampleDuration: 960 }, fullBox('trun', 0, 0x200, 1, 5)),
    ];
    const sound = Uint8Array.of(8, 1, 2, 3, 4);
    const sink = demux(FTYP, moov(V, A), moof(...trafs), box('mdat', KEY, DELTA, DELTA, sound));
    expect(sink.samples(0).map(({ data }) => data.length)).toEqual([40, 20, 20]);
    expect(sink.samples(1).map(({ data }) => data)).toEqual([sound]);
  });

  it('emits the runs of several tracks in the order of their bytes, whatever the order of their boxes', () => {
    const build = (end: number) =>
      moof(
        traf(
          { trackId: 7, defaultBaseIsMoof: true, sampleDuration: 960 },
          fullBox('trun', 0, 0x201, 1, end + 48, 5),
          fullBox('trun', 0, 0x201, 1, end + 73, 5),
        ),
        traf(
          { trackId: 1, defaultBaseIsMoof: true, sampleDuration: 33 },
          fullBox('trun', 0, 0x201, 1, end + 8, 40),
          fullBox('trun', 0, 0x201, 1, end + 53, 20),
        ),
      );
    const header = build(build(0).length);
    const sink = demux(FTYP, moov(V, A), header, box('mdat', KEY, opusPacketOf(5), DELTA, opusPacketOf(5)));
    expect(sink.calls.flatMap((call) => ('sample' in call ? [call.track] : []))).toEqual([0, 1, 0, 1]);
    expect(times(sink, 1).map(([dts]) => dts)).toEqual([0, 960]);
  });

  it('finds base data offsets from the start of the recording, not of the stream', () => {
    const recording = () => {
      const start = concatenate(FTYP, moov(V));
      const build = (base: number) =>
        moof(
          traf(
            { trackId: 1, defaultBaseIsMoof: false, baseDataOffset: base, sampleDuration: 33 },
            fullBox('trun', 0, 0x201, 1, 0, 40),
          ),
        );
      return concatenate(start, build(start.length + build(0).length + 8), box('mdat', KEY));
    };
    expect(demux(recording(), recording()).samples(0)).toHaveLength(2);
  });

  it('moves times by an initial edit: an empty one later, its media time earlier', () => {
    const late = {
      ...V,
      edits: [
        { duration: 200, mediaTime: -1 },
        { duration: 0, mediaTime: 50 },
      ],
    };
    expect(times(demux(FTYP, moov(late), fragment(1, 1000, 33, KEY)), 0)).toEqual([[1150, 1150, 33]]);
  });

  it('passes over boxes that it does not need, of any size, without holding them', () => {
    const sink = new CollectingSink();
    const demuxer = new Mp4Demuxer(sink, { ...DEFAULT_DEMUXER_LIMITS, maxElement: bytes(2000) });
    demuxer.push(concatenate(box('styp'), FTYP, box('uuid', new Uint8Array(4000)), moov(V)));
    demuxer.push(concatenate(words32(1, 0x66726565, 0, 1_000_016), new Uint8Array(1_000_000)));
    for (const type of ['skip', 'emsg', 'sidx', 'prft', 'mfra']) demuxer.push(box(type, new Uint8Array(50)));
    demuxer.push(fragment(1, 0, 33, KEY));
    demuxer.end();
    expect(sink.samples(0)).toHaveLength(1);
  });

  it('may have an mdat that goes on to the end of the stream', () => {
    const whole = fragment(1, 0, 33, KEY, DELTA);
    whole.set(words32(0), whole.length - KEY.length - DELTA.length - 8);
    expect(demux(FTYP, moov(V), whole).samples(0)).toHaveLength(2);
  });

  it('may have an mdat that is larger than the limit for an element', () => {
    const sink = new CollectingSink();
    const demuxer = new Mp4Demuxer(sink, { ...DEFAULT_DEMUXER_LIMITS, maxElement: bytes(1500) });
    demuxer.push(concatenate(FTYP, moov(V), fragment(1, 0, 33, ...Array(100).fill(KEY))));
    expect(sink.samples(0)).toHaveLength(100);
  });

  it('passes over samples without bytes, with their time', () => {
    expect(times(demux(FTYP, moov(V), fragment(1, 0, 33, KEY, new Uint8Array(), DELTA)), 0)).toEqual([
      [0, 0, 33],
      [66, 66, 33],
    ]);
    const none = moof(traf({ trackId: 1, defaultBaseIsMoof: true }, fullBox('trun', 0, 0, 0xffffffff)));
    expect(demux(FTYP, moov(V), none).samples(0)).toEqual([]);
  });

  it('ignores tracks that are neither video nor audio', () => {
    const text = { id: 3, track: OPUS, handler: 'text' };
    const sink = demux(FTYP, moov(text, V), fragment(3, 0, 33, KEY), fragment(1, 0, 33, KEY));
    expect(sink.announcements).toEqual([[VIDEO]]);
    expect(sink.samples(0)).toHaveLength(1);
  });
});

describe('a change in mid-stream', () => {
  it('is announced when a keyframe brings another sequence parameter set', () => {
    const sps = avcSps({ width: 1280, height: 720 });
    const larger = joinLengthPrefixed([sps, AVC_PPS, idrFrame(40).subarray(4)]);
    const sink = demux(
      FTYP,
      moov(V, A),
      fragment(1, 0, 33, KEY, DELTA),
      fragment(1, 66, 33, larger, DELTA),
      fragment(1, 132, 33, larger, DELTA),
    );
    expect(sink.announcements).toHaveLength(2);
    expect(sink.announcements[1]).toMatchObject([{ codec: 'avc', width: 1280, height: 720 }, OPUS]);
    const kinds = sink.calls.map((call) => ('tracks' in call ? 'tracks' : 'sample'));
    expect(kinds.slice(0, 5)).toEqual(['tracks', 'sample', 'sample', 'tracks', 'sample']);
  });

  it('is announced when a VP9 keyframe has another size', () => {
    const record = Uint8Array.of(1, 0, 0, 0, 0, 21, 0x82, 2, 2, 2, 0, 0);
    const track = { ...VIDEO, codec: 'vp9' as const, codecString: 'vp09.00.21.08', configuration: record };
    const small = vp9Keyframe({ width: 640, height: 360 });
    const large = vp9Keyframe({ width: 1920, height: 1080 });
    const sink = demux(
      FTYP,
      moov({ id: 1, track }),
      fragment(1, 0, 33, small),
      fragment(1, 33, 33, small),
      fragment(1, 66, 33, large),
    );
    expect(sink.announcements).toEqual([[track], [expect.objectContaining({ width: 1920, height: 1080 })]]);
  });

  it('is announced when a fragment names another sample entry of its track', () => {
    const larger = writeAvcConfiguration([avcSps({ width: 1280, height: 720 }), AVC_PPS], 4);
    const entries = [avc1(VIDEO.configuration), avc1(larger.configuration)];
    const part = (sampleDescription: number) => {
      const header = {
        trackId: 1,
        defaultBaseIsMoof: true,
        sampleDescription,
        sampleDuration: 33,
        sampleSize: 40,
      };
      return concatenate(moof(traf(header, fullBox('trun', 0, 0, 1))), box('mdat', KEY));
    };
    const sink = demux(FTYP, moov({ ...V, entries }), part(1), part(2), part(2), part(1));
    expect(sink.announcements).toMatchObject([[{ width: 640 }], [{ width: 1280 }], [{ width: 640 }]]);
    expect(() => demux(FTYP, moov({ ...V, entries }), part(3))).toThrow('no sample entry 3');
  });

  it('waits for the keyframe where the container does not say what the stream is', () => {
    const { configuration } = VIDEO;
    const empty = Uint8Array.of(...configuration.subarray(0, 5), 0xe0, 0);
    const entries = [{ ...avc1(empty), type: 'avc3' }];
    const key = joinLengthPrefixed([avcSps({ width: 320, height: 240 }), AVC_PPS, idrFrame(40).subarray(4)]);
    const sink = demux(
      FTYP,
      moov({ ...V, entries }),
      fragment(1, 0, 33, DELTA),
      fragment(1, 33, 33, key, DELTA),
    );
    expect(sink.announcements).toMatchObject([[{ codec: 'avc', width: 320, height: 240 }]]);
    expect(times(sink, 0).map(([dts]) => dts)).toEqual([33, 66]);
  });
});

describe('a progressive MP4 with its moov in front', () => {
  const tables = (offsets: readonly number[]) => [
    fullBox('stts', 0, 0, 2, 2, 40, 1, 20),
    fullBox('ctts', 0, 0, 2, 1, 40, 2, 0),
    fullBox('stss', 0, 0, 1, 1),
    fullBox('stsc', 0, 0, 2, 1, 2, 1, 2, 1, 1),
    fullBox('stsz', 0, 0, 0, 3, 40, 20, 20),
    fullBox('stco', 0, 0, offsets.length, ...offsets),
  ];
  const sound = (offset: number) => [
    fullBox('stts', 0, 0, 1, 2, 960),
    fullBox('stsc', 0, 0, 1, 1, 2, 1),
    fullBox('stsz', 0, 0, 5, 2),
    fullBox('co64', 0, 0, 1, 0, offset),
  ];

  function file(): Uint8Array {
    const build = (at: number) =>
      concatenate(
        FTYP,
        moov(
          { ...V, progressive: true, tables: tables([at, at + 70]) },
          { ...A, progressive: true, tables: sound(at + 60) },
        ),
      );
    const media = box('mdat', KEY, DELTA, opusPacketOf(5), opusPacketOf(5), DELTA);
    return concatenate(build(build(0).length + 8), media);
  }

  it('gives the samples of its tracks by turns, as their chunks lie', () => {
    const sink = demux(file());
    expect(sink.calls.flatMap((call) => ('sample' in call ? [call.track] : []))).toEqual([0, 0, 1, 1, 0]);
    expect(times(sink, 0)).toEqual([
      [0, 40, 40],
      [40, 40, 40],
      [80, 80, 20],
    ]);
    expect(sink.samples(0).map(({ keyframe }) => keyframe)).toEqual([true, false, false]);
    expect(times(sink, 1)).toEqual([
      [0, 0, 960],
      [960, 960, 960],
    ]);
  });

  it('is refused when it ends before its samples', () => {
    const whole = file();
    expect(() => demux(whole.subarray(0, whole.length - 1))).toThrow('ends in the middle of a box');
    expect(() => demux(whole.subarray(0, whole.length - 98))).toThrow('before the samples that it announced');
  });
});

describe('what is refused', () => {
  const entry = (type: string): SampleEntry => ({ kind: 'video', type, width: 640, height: 360, boxes: [] });

  it.each([
    ['vp08', 'codec-malformed', "has no 'vpcC' box"],
    ['encv', 'codec-unsupported', "is encrypted ('encv'): send it clear"],
    ['s263', 'codec-unsupported', "video codec 's263' is not supported: use H.264, HEVC, VP9 or AV1"],
    ['avc1', 'codec-malformed', "has no 'avcC' box"],
  ])('a video track of %s', (type, code, message) => {
    expect(() => demux(FTYP, moov({ ...V, entries: [entry(type)] }))).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  it('an encrypted audio track', () => {
    const enca: SampleEntry = { kind: 'audio', type: 'enca', channels: 1, sampleRate: 48_000, boxes: [] };
    expect(() => demux(FTYP, moov({ ...A, entries: [enca] }))).toThrow("audio track is encrypted ('enca')");
  });

  it.each([
    ['no MP4', 'container-unknown', [box('HTTP')]],
    ['a box of an impossible type', 'container-malformed', [FTYP, box('a\u0000b\u0007')]],
    ['a fragment before the moov', 'container-malformed', [FTYP, fragment(1, 0, 33, KEY)]],
    ['media before the moov', 'container-malformed', [FTYP, box('mdat', KEY), moov(V)]],
    ['a moov without tracks', 'no-tracks', [FTYP, moov()]],
    ['nine tracks', 'too-many-tracks', [FTYP, moov(...Array.from({ length: 9 }, (_, id) => ({ ...V, id })))]],
    [
      'a picture that is too large',
      'picture-too-large',
      [FTYP, moov({ ...V, entries: [{ ...avc1(AVC_RECORD), width: 60_000 }] })],
    ],
    ['a moov that is too large', 'element-too-large', [FTYP, words32(0x7fffffff, 0x6d6f6f76)]],
    ['a moov to the end of the stream', 'element-too-large', [FTYP, words32(0, 0x6d6f6f76)]],
    ['a cut in a box', 'container-truncated', [FTYP, moov(V).subarray(0, 100)]],
    ['a cut in a header', 'container-truncated', [FTYP, moov(V), words32(100)]],
    [
      'a fragment whose samples never come',
      'container-truncated',
      [FTYP, moov(V), headOf(fragment(1, 0, 33, KEY))],
    ],
    [
      'a sample beyond its mdat',
      'container-malformed',
      [FTYP, moov(V), headOf(fragment(1, 0, 33, KEY)), box('mdat', DELTA)],
    ],
    [
      'a moof before the samples of the last',
      'container-malformed',
      [FTYP, moov(V), headOf(fragment(1, 0, 33, KEY)), fragment(1, 0, 33, KEY)],
    ],
  ] as const)('%s', (_, code, parts) => {
    expect(() => demux(...parts)).toThrow(expect.objectContaining({ name: 'MediaError', code }));
  });

  it('a sample that is too large, before its bytes are waited for', () => {
    const demuxer = new Mp4Demuxer(new CollectingSink());
    const run = fullBox('trun', 0, 0x200, 1, 0x7fffffff);
    const header = moof(traf({ trackId: 1, defaultBaseIsMoof: true }, run));
    demuxer.push(concatenate(FTYP, moov(V), header, words32(0x7fffffff, 0x6d646174)));
    expect(() => demuxer.push(new Uint8Array(1))).toThrow(
      expect.objectContaining({ code: 'element-too-large' }),
    );
  });

  it('samples that lie over one another', () => {
    const build = (end: number) =>
      moof(
        traf(
          { trackId: 1, defaultBaseIsMoof: true, sampleDuration: 33 },
          fullBox('trun', 0, 0x201, 2, end + 8, 40, 20),
          fullBox('trun', 0, 0x201, 1, end + 48, 20),
        ),
      );
    const header = build(build(0).length);
    expect(() => demux(FTYP, moov(V), header, box('mdat', KEY, DELTA, DELTA))).toThrow(
      'lies where another one is',
    );
  });

  it('a clock of zero ticks', () => {
    const track = { ...OPUS, timescale: 0 as never };
    expect(() => demux(FTYP, moov({ id: 1, track }))).toThrow('0 ticks in a second');
  });
});

function opusPacketOf(size: number): Uint8Array {
  const packet = new Uint8Array(size);
  packet.set(opusPacket().subarray(0, size));
  return packet;
}

function avc1(record: Uint8Array): VisualSampleEntry {
  return { kind: 'video', type: 'avc1', width: 640, height: 360, boxes: [{ type: 'avcC', body: record }] };
}

/** The `moof` alone. */
function headOf(whole: Uint8Array): Uint8Array {
  return whole.subarray(0, whole.length - KEY.length - 8);
}
