import { Mp4Demuxer } from '../media/mp4/mp4-demuxer.ts';
import { bytes, milliseconds, rescale, ticks } from '../media/time.ts';
import type { Track } from '../media/track.ts';
import { VIDEO_TIMESCALE } from '../package/video-chunker.ts';
import { INPUT_ARGUMENTS } from './input-arguments.ts';
import type { ChildOrigin, PacketSink, Recipe } from './recipe.ts';

/** What platforms ask for. */
const KEYFRAME_SECONDS = 2;
/** Bits for each pixel of 30 pictures a second: 2.8 Mbit/s for 720p, within what platforms take. */
const BITS_PER_PIXEL = 0.1 * 30;
const LEAST_BITRATE = 400_000;
const MOST_BITRATE = 6_000_000;

const FASTER_THAN_LIVE = ['-preset', 'veryfast', '-tune', 'zerolatency', '-profile:v', 'high'];
const KEYFRAMES = [
  ...['-force_key_frames', `expr:gte(t,n_forced*${KEYFRAME_SECONDS})`, '-forced-idr', '1'],
  ...['-g', '600', '-sc_threshold', '0'],
];

/** H.264 of every track, or only of those that are not H.264 already. */
export const H264_RECIPES = { 'as needed': recipe(true), always: recipe(false) } as const;

/**
 * Even sizes, 4:2:0 of 8 bits, a keyframe every 2 s, a bitrate that players and platforms can rely on, no reordering: each
 * picture goes out as it comes in, at its own time.
 */
function recipe(copiesAvc: boolean): Recipe {
  return {
    name: 'H.264',
    kind: 'video',
    encoder: 'libx264',
    release: '5.1',
    timescale: VIDEO_TIMESCALE,
    copies: (track) => copiesAvc && track.codec === 'avc',
    arguments: (track) => {
      const { filter, bitrate } = pictureOf(track);
      return [
        ...INPUT_ARGUMENTS,
        ...['-map', '0:v:0', '-vf', filter, '-fps_mode', 'passthrough', '-enc_time_base', '-1'],
        ...['-c:v', 'libx264', ...FASTER_THAN_LIVE, ...KEYFRAMES],
        ...['-b:v', `${bitrate}`, '-maxrate', `${bitrate}`, '-bufsize', `${2 * bitrate}`],
        ...['-video_track_timescale', `${VIDEO_TIMESCALE}`, '-flush_packets', '1'],
        ...['-f', 'mp4', '-movflags', 'frag_every_frame+empty_moov+default_base_moof', 'pipe:1'],
      ];
    },
    origin: ({ dts, timescale }): ChildOrigin => ({
      source: dts,
      output: rescale(dts, timescale, VIDEO_TIMESCALE),
    }),
    openReader: ({ output }, sink) => openMp4(output, sink),
    preroll: milliseconds(0),
    startsAtNewest: true,
    chunkPackets: 1,
    maxQueue: bytes(32 * 1024 * 1024),
    niceness: 10,
  };
}

function pictureOf(track: Track): { readonly filter: string; readonly bitrate: number } {
  const [width, height] = track.kind === 'video' ? [track.width, track.height] : [0, 0];
  const wanted = Math.round(width * height * BITS_PER_PIXEL);
  const bitrate = Math.min(Math.max(wanted, LEAST_BITRATE), MOST_BITRATE);
  const even = width % 2 === 0 && height % 2 === 0;
  return { filter: even ? 'format=yuv420p' : 'crop=trunc(iw/2)*2:trunc(ih/2)*2:0:0,format=yuv420p', bitrate };
}

function openMp4(origin: number, sink: PacketSink) {
  return new Mp4Demuxer({
    tracks: ([track]) => {
      if (track) sink.track(track);
    },
    sample: (_, { dts, pts, duration, keyframe, data }) => {
      sink.packet({
        dts: ticks(origin + dts),
        duration,
        compositionOffset: ticks(pts - dts),
        keyframe,
        data,
      });
    },
  });
}
