import type { Chunk } from '../media/chunk.ts';
import { bytes, milliseconds, rescale, ticks, timescale } from '../media/time.ts';
import type { Track } from '../media/track.ts';
import { AAC_FRAME, AdtsReader } from './adts-reader.ts';
import { INPUT_ARGUMENTS } from './input-arguments.ts';
import type { ChildOrigin, Recipe } from './recipe.ts';

const SAMPLE_RATE = timescale(48_000);
const AAC_LC = 'mp4a.40.2';
const MOST_CHANNELS = 2;
const BITRATE = { mono: 96_000, stereo: 128_000 };

/**
 * The filter makes the sound one run of samples that begins at the child's zero: over a hole it puts silence, and where
 * decoding lost something it follows the timestamps. So frames can be counted, and none needs a timestamp.
 */
const CONTINUOUS = `aresample=${SAMPLE_RATE}:async=1:first_pts=0:min_hard_comp=0.01`;

/**
 * AAC-LC of 48 kHz, mono or stereo. Its frames lie on one grid, multiples of 1024 samples on the broadcast's timeline: what
 * one child leaves off another goes on with, without a gap.
 */
export const AAC_RECIPE: Recipe = {
  name: 'AAC',
  kind: 'audio',
  encoder: 'aac',
  release: '4.0',
  timescale: SAMPLE_RATE,
  copies: (track) =>
    track.kind === 'audio' && track.codecString === AAC_LC && track.channels <= MOST_CHANNELS,
  arguments: (track) => {
    const channels = channelsOf(track);
    const bitrate = channels === 1 ? BITRATE.mono : BITRATE.stereo;
    return [
      ...INPUT_ARGUMENTS,
      ...['-map', '0:a:0', '-af', CONTINUOUS],
      ...[
        '-c:a',
        'aac',
        '-profile:a',
        'aac_low',
        '-b:a',
        `${bitrate}`,
        '-ac',
        `${channels}`,
        '-threads',
        '1',
      ],
      ...['-flush_packets', '1', '-f', 'adts', 'pipe:1'],
    ];
  },
  origin: ({ dts, timescale: from }: Chunk): ChildOrigin => {
    const start = rescale(dts, from, SAMPLE_RATE);
    const output = ticks(start - (start % AAC_FRAME));
    return { source: rescale(output, SAMPLE_RATE, from), output };
  },
  // The first frame that the encoder makes is its priming: it lies before the sound.
  openReader: ({ output }, sink) => new AdtsReader(output - AAC_FRAME, sink),
  preroll: milliseconds(80),
  startsAtNewest: false,
  // 64 ms: three of these are an LL-HLS part of 192 ms, and little is waited for.
  chunkPackets: 3,
  maxQueue: bytes(2 * 1024 * 1024),
  niceness: 5,
};

function channelsOf(track: Track): number {
  return track.kind === 'audio' && track.channels === 1 ? 1 : MOST_CHANNELS;
}
