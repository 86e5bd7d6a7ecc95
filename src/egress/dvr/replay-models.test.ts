import HLS from 'hls-parser';
import { describe, expect, it } from 'vitest';
import { readMpd } from '../../../test/contract/read-mpd.ts';
import { formatManifest } from '../../media/dash/format-manifest.ts';
import { formatMediaPlaylist } from '../../media/hls/format-media-playlist.ts';
import { formatMultivariantPlaylist } from '../../media/hls/multivariant-playlist.ts';
import { OPUS, VIDEO } from '../../media/mp4/synthetic-mp4.ts';
import { bytes, milliseconds, ticks } from '../../media/time.ts';
import type { Track } from '../../media/track.ts';
import { manifestOfReplay } from './manifest-of-replay.ts';
import { playlistOfReplay, variantsOf } from './playlist-of-replay.ts';
import type { OpenedRecording, Replay } from './replay.ts';
import { finishedPeriods, ReplayClock } from './replay-clock.ts';

// It takes every EXT-X-SERVER-CONTROL for one of low latency, and warns that it does not block.
HLS.setOptions({ silent: true });
const START = Date.UTC(2026, 0, 1);

function segmentsOf(track: Track, count: number, silent?: number) {
  return Array.from({ length: count }, (_, index) => ({
    start: ticks(index * 4 * track.timescale),
    duration: ticks(4 * track.timescale),
    byteLength: bytes(index === silent ? 0 : 100_000),
    independent: true,
  }));
}

function recorded(
  id: string,
  count: number,
  more: { inBand?: boolean; silent?: number } = {},
): OpenedRecording {
  return {
    recording: { id, path: '', growing: false, generation: 0, startedAt: milliseconds(START) },
    media: {
      tracks: [
        { track: VIDEO, segments: segmentsOf(VIDEO, count) },
        { track: OPUS, segments: segmentsOf(OPUS, count, more.silent) },
      ],
      inBandParameterSets: more.inBand ?? false,
      form: 'fragmented',
      heldBytes: 0,
      locate: async () => undefined,
    },
  };
}

const replay = (live: boolean): Replay => ({
  id: 'b',
  title: 'T',
  startedAt: milliseconds(START),
  live,
  recordings: [],
});

const PLACE = { base: '../../vod/b/', timeSource: '../time', availabilityStart: milliseconds(START) };

describe('a replay in HLS', () => {
  it('goes from recording to recording, and says where sound is missing', () => {
    const opened = [recorded('r1', 2, { silent: 1 }), recorded('r2', 1, { inBand: true })];
    expect(formatMediaPlaylist(playlistOfReplay(replay(true), opened, 'audio'))).toBe(`#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:10
#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=60
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-MAP:URI="r1/audio/init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z
#EXTINF:4,
r1/audio/0.m4s
#EXT-X-GAP
#EXTINF:4,
r1/audio/1.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="r2/audio/init-in-band.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z
#EXTINF:4,
r2/audio/0.m4s
`);
  });

  it('is read by another parser, live and over', () => {
    for (const live of [true, false]) {
      const text = formatMediaPlaylist(playlistOfReplay(replay(live), [recorded('r1', 5)], 'video'));
      const parsed = HLS.parse(text);
      if (parsed.isMasterPlaylist) throw new Error('not a media playlist');
      expect([parsed.playlistType, parsed.endlist, parsed.segments.length]).toEqual([
        live ? 'EVENT' : 'VOD',
        !live,
        5,
      ]);
    }
    const variants = variantsOf([recorded('r1', 5, { inBand: true })], '../../vod/b/');
    if (!variants) throw new Error('nothing to play');
    const index = HLS.parse(formatMultivariantPlaylist(variants));
    if (!index.isMasterPlaylist) throw new Error('not a multivariant playlist');
    expect(index.variants[0]).toMatchObject({ uri: '../../vod/b/video.m3u8', codecs: 'avc3.42c01f,opus' });
    expect(index.variants[0]?.audio[0]?.uri).toBe('../../vod/b/audio.m3u8');
  });

  it('is nothing before there is a segment', () => {
    expect(variantsOf([recorded('r1', 0)], '')).toBeUndefined();
    expect(variantsOf([], '')).toBeUndefined();
  });
});

describe('a replay in DASH', () => {
  it('is dynamic with everything from the beginning while it is on', () => {
    const opened = [recorded('r1', 5)];
    const now = milliseconds(START + 22_000);
    const periods = new ReplayClock(milliseconds(START)).periods(opened, now);
    const text = formatManifest(manifestOfReplay(replay(true), opened, periods, PLACE, now));
    expect(text).toMatch(/type="dynamic" availabilityStartTime="2026-01-01T00:00:00.000Z"/);
    expect(text).not.toContain('timeShiftBufferDepth');
    expect(text).not.toContain('availabilityTimeOffset');
    const [video] = readMpd(text).playlists;
    expect(video?.segments.map(({ resolvedUri }) => resolvedUri)).toEqual(
      [0, 1, 2, 3, 4].map((number) => `http://host/vod/b/r1/video/${number}.m4s`),
    );
  });

  it('is static and without holes when it is over', () => {
    const opened = [recorded('r1', 3), recorded('r2', 2)];
    const manifest = manifestOfReplay(
      replay(false),
      opened,
      finishedPeriods(opened),
      PLACE,
      milliseconds(START),
    );
    expect(manifest.periods.map(({ id, start }) => [id, start])).toEqual([
      ['r1', 0],
      ['r2', 12_000],
    ]);
    expect(manifest.duration).toBe(20_000);
    expect(formatManifest(manifest)).toContain('type="static" mediaPresentationDuration="PT20S"');
  });
});
