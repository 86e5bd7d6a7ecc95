import type { ChunkSink } from '../../media/chunk.ts';
import { idrFrame, interFrame, OPUS, VIDEO } from '../../media/mp4/synthetic-mp4.ts';
import type { Sample } from '../../media/sample.ts';
import { type Milliseconds, milliseconds, ticks, timescale } from '../../media/time.ts';
import { Packager } from '../../package/packager.ts';

/** How a publisher behaves for a while. */
export interface Behaviour {
  readonly name: string;
  readonly seconds: number;
  /** Milliseconds to the next frame. */
  readonly frame: (random: () => number) => number;
  /** Seconds between keyframes. */
  readonly keyframes?: number;
  /** Milliseconds of a packet of sound: 20, or 60 as browsers have it. */
  readonly packet?: 20 | 60;
  /** Sound is missing for that long, in the middle, milliseconds. */
  readonly silence?: number;
  /** A session of its own, and so an epoch. */
  readonly newSession?: boolean;
}

const KEY = idrFrame(40);
const DELTA = interFrame(20);
const PACKETS = { 20: Uint8Array.of(0xf8, 1, 2), 60: Uint8Array.of(0xfb, 3, 1, 2, 3) } as const;
const MILLISECONDS = timescale(1000);
const TRACKS = [
  { ...VIDEO, timescale: MILLISECONDS },
  { ...OPUS, timescale: MILLISECONDS },
];

/** Packages a stream that behaves in one way after another, as fast as it can. For tests; the same seed, the same stream. */
export function simulateStream(sink: ChunkSink, behaviours: readonly Behaviour[], seed = 1): void {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const wall = Date.UTC(2026, 0, 1);
  let packager: Packager | undefined;
  let clock = 0;
  let base = 0;
  for (const behaviour of behaviours) {
    if (!packager || behaviour.newSession) {
      packager?.flush();
      base = clock;
      packager = openPackager(sink, packager, () => milliseconds(wall + clock + random() * 80));
    }
    clock = run(packager, behaviour, clock, base, random, (now) => {
      clock = now;
    });
  }
  packager?.flush();
}

function openPackager(
  sink: ChunkSink,
  before: Packager | undefined,
  wallClock: () => Milliseconds,
): Packager {
  const packager = new Packager({
    sink,
    startAt: before?.position ?? milliseconds(0),
    firstEpoch: before?.nextEpoch ?? 0,
    captureClock: { known: false, wallClock },
  });
  packager.tracks(TRACKS);
  return packager;
}

/** Frames and packets in the order of their time. Answers where it ends. */
function run(
  packager: Packager,
  { seconds, frame, keyframes = 1, packet = 60, silence = 0 }: Behaviour,
  start: number,
  base: number,
  random: () => number,
  advance: (now: number) => void,
): number {
  const end = start + seconds * 1000;
  const middle = (start + end) / 2;
  let picture = start;
  let sound = start;
  let nextKey = start;
  while (picture < end || sound < end) {
    const now = Math.min(picture, sound);
    advance(now);
    if (picture <= sound) {
      const keyframe = picture >= nextKey;
      if (keyframe) nextKey = picture + keyframes * 1000;
      packager.sample(0, sampleAt(picture - base, keyframe, keyframe ? KEY : DELTA));
      picture += frame(random);
    } else {
      if (sound < middle || sound >= middle + silence)
        packager.sample(1, sampleAt(sound - base, true, PACKETS[packet]));
      sound += packet;
      if (random() < 0.6) packager.release();
    }
  }
  return Math.max(picture, sound);
}

function sampleAt(time: number, keyframe: boolean, data: Uint8Array): Sample {
  const dts = ticks(Math.round(time));
  return { dts, pts: dts, duration: ticks(0), keyframe, data };
}
