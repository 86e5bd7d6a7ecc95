import { execFileSync } from 'node:child_process';
import type { ChunkSink } from '../media/chunk.ts';
import { openDemuxer } from '../media/open-demuxer.ts';
import { milliseconds } from '../media/time.ts';
import type { Track } from '../media/track.ts';
import { Packager } from '../package/packager.ts';

/** What a test publishes. */
export interface BeepOptions {
  readonly seconds: number;
  readonly channels?: 1 | 2;
  /** Encoder arguments of ffmpeg for the sound; Opus in packets of 60 ms, as browsers record it, by default. */
  readonly audio?: readonly string[];
  /** Encoder arguments for a picture of that size beside it: black, and white while it beeps. */
  readonly video?: { readonly size: string; readonly encoder: readonly string[] };
}

const OPUS = ['-c:a', 'libopus', '-frame_duration', '60', '-b:a', '96k'];
/** Every second has one, in its middle. */
const BEEPS = 'if(between(mod(t,1),0.5,0.55),0.9*sin(2*PI*1000*t),0)';
const FLASHES = "eq=brightness='if(between(mod(t,1),0.5,0.55),1,-1)':eval=frame";

/** A WebM with a beep of 50 ms in the middle of every second, made by ffmpeg: for tests. */
export function makeBeeps({ seconds, channels = 2, audio = OPUS, video }: BeepOptions): Uint8Array {
  const sound = Array.from({ length: channels }, () => BEEPS).join('|');
  const picture = video
    ? ['-f', 'lavfi', '-i', `color=gray:r=30:d=${seconds},scale=${video.size},${FLASHES}`]
    : [];
  return new Uint8Array(
    execFileSync(
      'ffmpeg',
      [
        ...['-v', 'error', '-f', 'lavfi', '-i', `aevalsrc='${sound}':s=48000:d=${seconds}`],
        ...picture,
        ...['-map', '0:a', ...audio],
        ...(video ? ['-map', '1:v', ...video.encoder] : []),
        ...['-f', 'matroska', '-live', '1', 'pipe:1'],
      ],
      { maxBuffer: 256 * 1024 * 1024 },
    ),
  );
}

/** How a recording is packaged. */
export interface SessionOptions {
  readonly startAt?: number;
  readonly firstEpoch?: number;
  /** Samples between these times in ms never came. */
  readonly lost?: readonly [from: number, to: number];
}

/** Packages a recording as one session of a broadcast, captured at 0 of the wall clock; answers where the next one starts. */
export function packageRecording(
  recording: Uint8Array,
  sink: ChunkSink,
  { startAt = 0, firstEpoch = 0, lost = [0, 0] }: SessionOptions = {},
): number {
  const packager = new Packager({
    ...{ sink, firstEpoch, startAt: milliseconds(startAt) },
    captureClock: { known: true, wallClock: (at) => at },
  });
  let sources: readonly Track[] = [];
  const demuxer = openDemuxer({
    tracks: (tracks) => {
      sources = tracks;
      packager.tracks(tracks);
    },
    sample: (track, sample) => {
      const at = (sample.pts / (sources[track]?.timescale ?? 1)) * 1000;
      if (at < lost[0] || at >= lost[1]) packager.sample(track, sample);
    },
  });
  demuxer.push(recording);
  demuxer.end();
  packager.flush();
  return packager.position;
}

/** When the beeps in a fragmented MP4 begin, in ms on its own timeline, as ffmpeg decodes it. */
export function findBeeps(file: readonly Uint8Array[]): number[] {
  const input = Buffer.concat(file);
  const placed = [
    '-copyts',
    '-i',
    'pipe:0',
    '-vn',
    '-af',
    'aresample=48000:async=1:first_pts=0:min_hard_comp=0.001',
  ];
  const decoded = execFileSync('ffmpeg', ['-v', 'error', ...placed, '-ac', '1', '-f', 's16le', 'pipe:1'], {
    ...{ input, maxBuffer: 256 * 1024 * 1024 },
  });
  const samples = new Int16Array(decoded.buffer, decoded.byteOffset, decoded.length >> 1);
  return onsets(samples, 8000, 48_000 / 10).map((sample) => sample / 48);
}

/** When the flashes of a picture begin, in ms on its own timeline: the first bright frame after dark ones. */
export function findFlashes(file: readonly Uint8Array[]): number[] {
  const options = ['-v', 'error', '-copyts', '-i', 'pipe:0', '-an', '-fps_mode', 'passthrough'];
  const filter = ['-vf', 'signalstats,metadata=print:file=-', '-f', 'null', '-'];
  const text = execFileSync('ffmpeg', [...options, ...filter], {
    ...{ input: Buffer.concat(file), maxBuffer: 256 * 1024 * 1024, encoding: 'utf8' },
  });
  const times = [...text.matchAll(/pts_time:([\d.]+)/g)].map(([, time]) => Number(time) * 1000);
  const bright = [...text.matchAll(/signalstats\.YAVG=([\d.]+)/g)].map(([, light]) => Number(light));
  return onsets(bright, 128, 2).map((frame) => times[frame] ?? Number.NaN);
}

/** Where something is loud after it was quiet for that many values. */
function onsets(values: ArrayLike<number>, threshold: number, quiet: number): number[] {
  const found: number[] = [];
  let silent = quiet;
  for (let at = 0; at < values.length; at += 1) {
    const loud = Math.abs(values[at] ?? 0) > threshold;
    if (loud && silent >= quiet) found.push(at);
    silent = loud ? 0 : silent + 1;
  }
  return found;
}
