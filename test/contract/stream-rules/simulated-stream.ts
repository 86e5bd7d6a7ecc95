import type { ChunkSink } from '../../../src/media/chunk.ts';
import { idrFrame, interFrame, OPUS, VIDEO } from '../../../src/media/mp4/synthetic-mp4.ts';
import type { Sample } from '../../../src/media/sample.ts';
import { type Milliseconds, milliseconds, ticks, timescale } from '../../../src/media/time.ts';
import type { Track } from '../../../src/media/track.ts';
import { Packager } from '../../../src/package/packager.ts';

/** How a publisher behaves for a while. */
export interface Behaviour {
  readonly name: string;
  readonly seconds: number;
  /** Milliseconds to the next frame. */
  readonly frame: (random: () => number) => number;
  /** Seconds between keyframes; by default one. */
  readonly keyframes?: number | ((random: () => number) => number);
  /** Milliseconds of a packet of sound: 20, or 60 as browsers have it. */
  readonly packet?: 20 | 60;
  /** Sound is missing for that long, in the middle, milliseconds. */
  readonly silence?: number;
  /** A session of its own, and so an epoch. */
  readonly newSession?: boolean;
  /** What that session has, until another one has something else; both by default. */
  readonly only?: Track['kind'] | 'both';
  /** Before it begins nothing comes for so many seconds, of either. */
  readonly away?: number;
}

/** Where and when a simulated stream begins. */
export interface SimulationStart {
  readonly seed?: number;
  /** On the broadcast's timeline. */
  readonly position?: Milliseconds;
}

/** The wall clock at the beginning of every simulation. */
export const SIMULATION_START = Date.UTC(2026, 0, 1);

const KEY = idrFrame(40);
const DELTA = interFrame(20);
const PACKETS = { 20: Uint8Array.of(0xf8, 1, 2), 60: Uint8Array.of(0xfb, 3, 1, 2, 3) } as const;
const MILLISECONDS = timescale(1000);
const PICTURE: Track = { ...VIDEO, timescale: MILLISECONDS };
const SOUND: Track = { ...OPUS, timescale: MILLISECONDS };
const TRACKS = { both: [PICTURE, SOUND], video: [PICTURE], audio: [SOUND] } as const;
/** Who waits is told of the time so often while nothing comes. */
const AWAY_STEP = 250;

/** Packages a stream that behaves in one way after another, as fast as it can; the same seed, the same stream. */
export function simulateStream(sink: ChunkSink, behaviours: readonly Behaviour[]): void {
  for (const _ of simulatedSteps(sink, behaviours));
}

/** The same step by step, a frame or a packet each: yields how many milliseconds have gone by since its start. */
export function* simulatedSteps(
  sink: ChunkSink,
  behaviours: Iterable<Behaviour>,
  start: SimulationStart = {},
): Generator<number, void> {
  const publisher = new SimulatedPublisher(sink, start);
  for (const behaviour of behaviours) yield* publisher.behave(behaviour);
  publisher.end();
}

class SimulatedPublisher {
  readonly #sink: ChunkSink;
  readonly #start: Milliseconds;
  #state: number;
  #packager: Packager | undefined;
  #only: 'both' | Track['kind'] = 'both';
  #clock = 0;
  /** Where the session's own time is 0. */
  #base = 0;

  constructor(sink: ChunkSink, { seed = 1, position = milliseconds(0) }: SimulationStart) {
    this.#sink = sink;
    this.#state = seed;
    this.#start = position;
  }

  *behave(behaviour: Behaviour): Generator<number, void> {
    for (let left = (behaviour.away ?? 0) * 1000; left > 0; left -= AWAY_STEP) {
      this.#clock += AWAY_STEP;
      yield this.#clock;
    }
    if (!this.#packager || behaviour.newSession) this.#open(behaviour.only ?? 'both');
    yield* this.#run(behaviour);
  }

  end(): void {
    this.#packager?.flush();
  }

  readonly #random = (): number => {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#state / 2 ** 32;
  };

  #open(only: 'both' | Track['kind']): void {
    const before = this.#packager;
    before?.flush();
    this.#base = this.#clock;
    this.#only = only;
    this.#packager = new Packager({
      sink: this.#sink,
      startAt: before?.position ?? this.#start,
      firstEpoch: before?.nextEpoch ?? 0,
      captureClock: {
        known: false,
        wallClock: () => milliseconds(SIMULATION_START + this.#clock + this.#random() * 80),
      },
    });
    this.#packager.tracks(TRACKS[only]);
  }

  /** Frames and packets in the order of their time. */
  *#run(behaviour: Behaviour): Generator<number, void> {
    const { seconds, frame, keyframes = 1, packet = 60, silence = 0 } = behaviour;
    const start = this.#clock;
    const end = start + seconds * 1000;
    const middle = (start + end) / 2;
    let picture = this.#only === 'audio' ? end : start;
    let sound = this.#only === 'video' ? end : start;
    let nextKey = start;
    while (picture < end || sound < end) {
      const isPicture = this.#only === 'video' || (this.#only === 'both' && picture <= sound);
      this.#clock = isPicture ? picture : sound;
      if (isPicture) {
        const keyframe = picture >= nextKey;
        const apart = typeof keyframes === 'number' ? keyframes : keyframes(this.#random);
        if (keyframe) nextKey = picture + apart * 1000;
        this.#sample(0, keyframe, keyframe ? KEY : DELTA);
        picture += frame(this.#random);
      } else {
        const track = this.#only === 'both' ? 1 : 0;
        if (sound < middle || sound >= middle + silence) this.#sample(track, true, PACKETS[packet]);
        sound += packet;
        if (this.#random() < 0.6) this.#packager?.release();
      }
      yield this.#clock;
    }
    this.#clock = Math.max(picture, sound);
  }

  #sample(track: number, keyframe: boolean, data: Uint8Array): void {
    const dts = ticks(Math.round(this.#clock - this.#base));
    const sample: Sample = { dts, pts: dts, duration: ticks(0), keyframe, data };
    this.#packager?.sample(track, sample);
  }
}
