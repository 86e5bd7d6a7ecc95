import { describe, expect, it } from 'vitest';
import { milliseconds } from '../time.ts';
import {
  type DeliveryDirectives,
  judgeReload,
  type PlaylistEdge,
  parseDirectives,
} from './delivery-directives.ts';
import { formatMediaPlaylist } from './format-media-playlist.ts';
import type { MediaPlaylist, PlaylistMap, PlaylistSegment } from './media-playlist.ts';
import { formatMultivariantPlaylist } from './multivariant-playlist.ts';

const FIRST: PlaylistMap = { uri: 'init-0.mp4' };
const SECOND: PlaylistMap = { uri: 'init-1.mp4' };

const segment = (index: number, more: Partial<PlaylistSegment> = {}): PlaylistSegment => ({
  uri: `${index}.m4s`,
  duration: milliseconds(2000),
  discontinuities: 0,
  map: FIRST,
  parts: [],
  ...more,
});

const part = (index: number, independent = false) => ({
  uri: `part-${index}.m4s`,
  duration: milliseconds(200.125),
  independent,
});

const LIVE: MediaPlaylist = {
  targetDuration: milliseconds(4000),
  mediaSequence: 7,
  discontinuitySequence: 1,
  segments: [
    segment(7, { programDateTime: milliseconds(Date.UTC(2026, 10, 21, 12, 0, 0, 5)) }),
    segment(8, { map: SECOND, discontinuities: 2, parts: [part(40, true), part(41)] }),
    segment(9, { map: SECOND, gap: true }),
  ],
  ended: false,
  lowLatency: {
    partTarget: milliseconds(211),
    open: { discontinuities: 0, map: SECOND, parts: [part(42, true)] },
    hint: 'part-43.m4s',
    reports: [
      { uri: 'audio.m3u8', lastSequence: 10, lastPart: 3 },
      { uri: 'other.m3u8', lastSequence: 9, lastPart: undefined },
    ],
  },
};

describe('a media playlist', () => {
  it('lists what is there and what comes next', () => {
    expect(formatMediaPlaylist(LIVE)).toBe(`#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:4
#EXT-X-PART-INF:PART-TARGET=0.211
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=24,HOLD-BACK=12,PART-HOLD-BACK=0.633
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-DISCONTINUITY-SEQUENCE:1
#EXT-X-MAP:URI="init-0.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T12:00:00.005Z
#EXTINF:2,
7.m4s
#EXT-X-DISCONTINUITY
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="init-1.mp4"
#EXT-X-PART:DURATION=0.20013,URI="part-40.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.20013,URI="part-41.m4s"
#EXTINF:2,
8.m4s
#EXT-X-GAP
#EXTINF:2,
9.m4s
#EXT-X-PART:DURATION=0.20013,URI="part-42.m4s",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="part-43.m4s"
#EXT-X-RENDITION-REPORT:URI="audio.m3u8",LAST-MSN=10,LAST-PART=3
#EXT-X-RENDITION-REPORT:URI="other.m3u8",LAST-MSN=9
`);
  });

  it('promises and hints nothing after its end', () => {
    const text = formatMediaPlaylist({ ...LIVE, ended: true });
    expect(text.endsWith('9.m4s\n#EXT-X-ENDLIST\n')).toBe(true);
    expect(text).not.toMatch(/PRELOAD|REPORT|CAN-/);
  });

  it('lists byte ranges of one file, for who goes back to the start', () => {
    const map: PlaylistMap = { uri: 'media.mp4', range: { offset: 0, length: 800 } };
    const text = formatMediaPlaylist({
      targetDuration: milliseconds(2000),
      mediaSequence: 0,
      discontinuitySequence: 0,
      segments: [segment(0, { uri: 'media.mp4', map, range: { offset: 800, length: 5000 } })],
      type: 'EVENT',
      ended: false,
    });
    expect(text).toBe(`#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=12
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-MAP:URI="media.mp4",BYTERANGE="800@0"
#EXTINF:2,
#EXT-X-BYTERANGE:5000@800
media.mp4
`);
  });

  it('leaves out what is older than the skip boundary, and only that', () => {
    const many = { ...LIVE, segments: Array.from({ length: 20 }, (_, index) => segment(index + 7)) };
    const text = formatMediaPlaylist(many, { skip: true });
    expect(text).toContain(
      '#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n#EXT-X-SKIP:SKIPPED-SEGMENTS=8\n',
    );
    expect(text).not.toContain('\n14.m4s');
    expect(text).toContain('\n15.m4s');
    expect(formatMediaPlaylist(LIVE, { skip: true })).toBe(formatMediaPlaylist(LIVE));
    const ended = { ...many, ended: true };
    expect(formatMediaPlaylist(ended, { skip: true })).toBe(formatMediaPlaylist(ended));
  });
});

describe('a playlist that grows from the beginning of a broadcast', () => {
  const EVENT: MediaPlaylist = {
    targetDuration: milliseconds(4000),
    mediaSequence: 0,
    discontinuitySequence: 0,
    segments: Array.from({ length: 30 }, (_, index) => segment(index, { map: index < 20 ? FIRST : SECOND })),
    type: 'EVENT',
    ended: false,
  };

  it('can be asked for without what a player has, beyond six target durations', () => {
    const text = formatMediaPlaylist(EVENT, { skip: true });
    expect(formatMediaPlaylist(EVENT)).toContain('\n#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=24\n');
    // Twelve segments of 2 s reach up to the boundary; the map is said again, for that of a growing file may change its name.
    expect(text).toContain(`#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-SKIP:SKIPPED-SEGMENTS=18
#EXT-X-MAP:URI="init-0.mp4"
#EXTINF:2,
18.m4s
`);
    expect(text.split('#EXTINF').length - 1).toBe(12);
  });

  it('is whole for who asks so while there is little, and when nothing follows', () => {
    const short = { ...EVENT, segments: EVENT.segments.slice(0, 12) };
    expect(formatMediaPlaylist(short, { skip: true })).toBe(formatMediaPlaylist(short));
    const over: MediaPlaylist = { ...EVENT, type: 'VOD', ended: true };
    expect(formatMediaPlaylist(over, { skip: true })).toBe(formatMediaPlaylist(over));
    expect(formatMediaPlaylist(over)).not.toContain('SERVER-CONTROL');
  });

  it('offers nothing of the kind where old segments go by themselves', () => {
    const { type, ...plain } = EVENT;
    expect(formatMediaPlaylist(plain, { skip: true })).not.toMatch(/SKIP|SERVER-CONTROL/);
    expect(type).toBe('EVENT');
  });
});

describe('a multivariant playlist', () => {
  it('tells what there is to choose from', () => {
    const text = formatMultivariantPlaylist({
      variants: [
        {
          uri: 'x/video.m3u8',
          bandwidth: 2_600_001,
          averageBandwidth: 2_400_000,
          codecs: ['avc1.42c01f', 'opus'],
          resolution: { width: 1280, height: 720 },
          frameRate: 29.97,
          audioGroup: 'audio',
        },
      ],
      audio: [{ group: 'audio', name: 'Main', uri: 'x/audio.m3u8', channels: 2, isDefault: true }],
    });
    expect(text).toBe(`#EXTM3U
#EXT-X-VERSION:6
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Main",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="x/audio.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=2600001,AVERAGE-BANDWIDTH=2400000,CODECS="avc1.42c01f,opus",RESOLUTION=1280x720,FRAME-RATE=29.970,AUDIO="audio",CLOSED-CAPTIONS=NONE
x/video.m3u8
`);
  });
});

/** Segment 9 is complete and had 10 parts; 3 of the next are there. */
const EDGE: PlaylistEdge = { lastSequence: 9, lastParts: 10, openParts: 3, partTarget: milliseconds(211) };
const ask = (sequence: number, part?: number): DeliveryDirectives => ({ sequence, part, skip: false });

describe('delivery directives', () => {
  it('are read, others ignored', () => {
    expect(parseDirectives({})).toEqual({ sequence: undefined, part: undefined, skip: false });
    const query = { _HLS_msn: '12', _HLS_part: '3', _HLS_skip: 'YES', _HLS_new: 'x', token: 'x' };
    expect(parseDirectives(query)).toEqual({ sequence: 12, part: 3, skip: true });
    expect(parseDirectives({ _HLS_skip: 'v2' })).toEqual({
      sequence: undefined,
      part: undefined,
      skip: true,
    });
    expect(parseDirectives({ _HLS_skip: 'v3' })).toEqual({
      sequence: undefined,
      part: undefined,
      skip: false,
    });
  });

  it.each([
    [{ _HLS_part: '1' }],
    [{ _HLS_msn: '' }],
    [{ _HLS_msn: '-1' }],
    [{ _HLS_msn: '1.5' }],
    [{ _HLS_msn: '1e3' }],
    [{ _HLS_msn: '9999999999999999' }],
    [{ _HLS_msn: ['1', '2'] }],
    [{ _HLS_msn: '1', _HLS_part: 'x' }],
  ])('are refused in words: %j', (query) => {
    expect(parseDirectives(query)).toMatch(/^_HLS_(msn|part): expected/);
  });

  it.each([
    ['the past', ask(3), 'ready'],
    ['a part of the past', ask(8, 99), 'ready'],
    ['the last segment', ask(9), 'ready'],
    ['its last part', ask(9, 9), 'ready'],
    ['a part beyond it, which is the first of the next', ask(9, 10), 'ready'],
    ['the open segment as a whole, as Safari does: it is not answered early', ask(10), 'wait'],
    ['a part that is there', ask(10, 2), 'ready'],
    ['the next part', ask(10, 3), 'wait'],
    ['a part 3 s ahead', ask(10, 17), 'wait'],
    ['a part further ahead', ask(10, 18), 'too-far'],
    ['the segment after the open one', ask(11), 'wait'],
    ['its first part', ask(11, 0), 'wait'],
    ['what is further ahead', ask(12), 'too-far'],
  ] as const)('are judged: %s', (_what, directives, verdict) => {
    expect(judgeReload(directives, EDGE)).toBe(verdict);
  });

  it('take a part beyond the last one as the first of the next also where that is not there', () => {
    const edge = { ...EDGE, openParts: 0 };
    expect(judgeReload(ask(9, 10), edge)).toBe('wait');
    expect(judgeReload(ask(9, 9), edge)).toBe('ready');
  });

  it('take a segment without parts as one part', () => {
    const edge = { ...EDGE, lastParts: 0, openParts: 0 };
    expect(judgeReload(ask(9, 0), edge)).toBe('ready');
    expect(judgeReload(ask(9, 1), edge)).toBe('wait');
  });

  it('may ask for three parts ahead where parts are long', () => {
    const edge = { ...EDGE, partTarget: milliseconds(1055) };
    expect(judgeReload(ask(10, 5), edge)).toBe('wait');
    expect(judgeReload(ask(10, 6), edge)).toBe('too-far');
  });
});
