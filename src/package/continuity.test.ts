import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TrackEnds } from '../channel/broadcast.ts';
import type { Chunk } from '../media/chunk.ts';
import { readChunk } from '../media/mp4/read-chunk.ts';
import { idrFrame, interFrame, OPUS, VIDEO } from '../media/mp4/synthetic-mp4.ts';
import type { Sample } from '../media/sample.ts';
import { milliseconds, ticks, ticksToMilliseconds, timescale } from '../media/time.ts';
import type { AudioTrack, VideoTrack } from '../media/track.ts';
import { CollectingChunkSink } from './collecting-chunk-sink.ts';
import { Packager, type PackagerResume } from './packager.ts';

const MILLISECONDS = timescale(1000);
const CAMERA: VideoTrack = { ...VIDEO, timescale: MILLISECONDS };
const aac = (hex: string, channels: number): AudioTrack => ({
  ...OPUS,
  ...{ codec: 'aac', codecString: 'mp4a.40.2', sampleRate: 44_100, timescale: MILLISECONDS, channels },
  configuration: new Uint8Array(Buffer.from(hex, 'hex')),
});

/** A kind of sound: what a session of it sends, and how long each packet lasts in ms. */
interface Sound {
  readonly track: AudioTrack;
  readonly packet: Uint8Array;
  readonly length: number;
}

const SOUNDS: Readonly<Record<string, Sound>> = {
  'Opus of a browser': {
    track: { ...OPUS, timescale: MILLISECONDS },
    packet: Uint8Array.of(0xfb, 3, 1, 2, 3),
    length: 60,
  },
  'Opus in packets of 20 ms': {
    track: { ...OPUS, timescale: MILLISECONDS },
    packet: Uint8Array.of(0xf8, 1, 2),
    length: 20,
  },
  'Opus of six channels, which has no empty packets': {
    track: {
      ...OPUS,
      timescale: MILLISECONDS,
      channels: 6,
      configuration: Uint8Array.of(0, 6, 1, 56, 0, 0, 187, 128, 0, 0, 1, 4, 2, 0, 4, 1, 2, 3, 5),
    },
    packet: Uint8Array.of(0xf8, 1, 2),
    length: 20,
  },
  'stereo AAC': {
    track: aac('1210', 2),
    packet: Uint8Array.of(0x21, 1, 2, 3),
    length: (1024 * 1000) / 44_100,
  },
  'AAC of six channels, which has no silent packets': {
    track: aac('1230', 6),
    packet: Uint8Array.of(0x21, 1, 2, 3),
    length: (1024 * 1000) / 44_100,
  },
};

/** When the tracks of a session begin and end on its own clock, in ms. */
interface Shape {
  readonly picture: readonly [number, number];
  readonly sound: readonly [number, number];
}

/** One that was captured, not made to fill a hole: its first bytes say which it is. */
interface Captured {
  readonly kind: Chunk['kind'];
  readonly source: number;
  readonly sample: Sample;
}

function capture({ picture, sound }: Shape, { packet, length }: Sound): Captured[] {
  const all: Captured[] = [];
  for (let time = picture[0], index = 0; time < picture[1]; time += 40, index += 1) {
    const [dts, keyframe] = [ticks(time), index % 25 === 0];
    const data = keyframe ? idrFrame(40) : interFrame(20);
    all.push({ kind: 'video', source: time, sample: { dts, pts: dts, duration: ticks(0), keyframe, data } });
  }
  for (let time = sound[0]; time < sound[1]; time += length) {
    const dts = ticks(Math.round(time));
    const at = { dts, pts: dts, duration: ticks(0), keyframe: true, data: packet };
    all.push({ kind: 'audio', source: time, sample: at });
  }
  return all.sort((one, other) => one.source - other.source);
}

/** Where a broadcast stands: what a hub knows of it. */
interface Standing {
  readonly position: number;
  readonly nextEpoch: number;
  readonly ends: TrackEnds;
}

const NOTHING: Standing = { position: 0, nextEpoch: 0, ends: {} };

function standing(sink: CollectingChunkSink): Standing {
  const ends: { video?: number; audio?: number } = {};
  for (const { kind, dts, duration, timescale: scale } of sink.chunks)
    ends[kind] = ticksToMilliseconds(ticks(dts + duration), scale);
  return {
    position: Math.max(0, ...Object.values(ends)),
    nextEpoch: sink.epochs.length,
    ends: ends as TrackEnds,
  };
}

const open = (sink: CollectingChunkSink, { track }: Sound, { position, nextEpoch, ends }: Standing) => {
  const packager = openWith(sink, { position, nextEpoch, ends });
  packager.tracks([CAMERA, track]);
  return packager;
};

const openWith = (
  sink: CollectingChunkSink,
  { position, nextEpoch, ends }: Standing,
  resume?: PackagerResume,
) =>
  new Packager({
    ...{ sink, startAt: milliseconds(position), firstEpoch: nextEpoch, ends, resume },
    captureClock: { known: true, wallClock: (time) => milliseconds(1_000_000 + time) },
  });

const feed = (packager: Packager, all: readonly Captured[]) => {
  for (const { kind, sample } of all) packager.sample(kind === 'video' ? 0 : 1, sample);
};

/** The sessions one after another, of one broadcast. */
function broadcast(sound: Sound, shapes: readonly Shape[]): CollectingChunkSink {
  const sink = new CollectingChunkSink();
  for (const shape of shapes) {
    const packager = open(sink, sound, shape === shapes[0] ? NOTHING : standing(sink));
    feed(packager, capture(shape, sound));
    packager.flush();
  }
  return sink;
}

/** Each of the samples of a track: when, for how long, and what. */
const samplesOf = (sink: CollectingChunkSink, kind: Chunk['kind']) =>
  sink.of(kind).flatMap((chunk) =>
    readChunk(chunk).map(({ dts, duration, compositionOffset, data }) => ({
      at: ticksToMilliseconds(ticks(dts + compositionOffset), chunk.timescale),
      end: ticksToMilliseconds(ticks(dts + compositionOffset + duration), chunk.timescale),
      bytes: data.byteLength,
    })),
  );

const shapes = fc.array(
  fc.record({
    picture: fc.tuple(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 3000, max: 3900 })),
    sound: fc.tuple(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 3000, max: 3900 })),
  }),
  { minLength: 2, maxLength: 4 },
);

describe.each(Object.entries(SOUNDS))('sessions with %s that follow one another', (_, sound) => {
  it('leave no hole in any track, whenever their tracks begin and end', () => {
    fc.assert(
      fc.property(shapes, (all) => {
        const sink = broadcast(sound, all);
        expect(sink.epochs).toHaveLength(all.length);
        for (const kind of ['video', 'audio'] as const) {
          expect(new Set(sink.gaps(kind))).toEqual(new Set([0]));
          const samples = samplesOf(sink, kind);
          // What is shown, too: no composition offset opens the hole again.
          const holes = samples.slice(1).map(({ at }, index) => Math.abs(at - (samples[index]?.end ?? 0)));
          expect(Math.max(...holes)).toBeLessThan(0.05);
        }
      }),
      { numRuns: 15 },
    );
  });

  it('have lips in sync from the sample after the first on', () => {
    fc.assert(
      fc.property(shapes, (all) => {
        const sink = new CollectingChunkSink();
        for (const shape of all) {
          const { position, ...rest } = standing(sink);
          const before = sink.chunks.length;
          const captured = capture(shape, sound);
          const packager = open(sink, sound, { position, ...rest });
          feed(packager, captured);
          packager.flush();
          const made = new CollectingChunkSink();
          for (const chunk of sink.chunks.slice(before)) made.chunk(chunk);
          const earliest = Math.min(...captured.map(({ source }) => source));
          for (const kind of ['video', 'audio'] as const) {
            const sent = captured.filter((one) => one.kind === kind);
            const kept = samplesOf(made, kind).slice(-sent.length);
            const off = sent.map(({ source }, index) =>
              Math.abs((kept[index]?.at ?? 0) - (position + source - earliest)),
            );
            expect(Math.max(...off.slice(1))).toBeLessThan(40);
          }
        }
      }),
      { numRuns: 15 },
    );
  });

  it('are made the same by a process that goes on for another one, wherever that stopped', () => {
    const at = fc.nat(1000);
    fc.assert(
      fc.property(shapes, at, at, (all, one, other) => {
        const [first, second] = all;
        if (!first || !second) return;
        const before = broadcast(sound, [first]);
        const captured = capture(second, sound);
        const whole = new CollectingChunkSink();
        const uncut = open(whole, sound, standing(before));
        feed(uncut, captured);
        uncut.flush();
        const [saved, stopped] = [one, other].sort((a, b) => a - b).map((n) => n % captured.length);
        const parts = new CollectingChunkSink();
        const killed = open(parts, sound, standing(before));
        feed(killed, captured.slice(0, Math.min(saved ?? 0, stopped ?? 0)));
        const state = killed.save();
        if (!state) return;
        feed(killed, captured.slice(Math.min(saved ?? 0, stopped ?? 0), Math.max(saved ?? 0, stopped ?? 0)));
        const { made } = killed;
        const back = openWith(parts, NOTHING, { state: JSON.parse(JSON.stringify(state)), made });
        back.tracks([CAMERA, sound.track]);
        const held = { frames: state.video?.written ?? 0, packets: state.audio?.taken ?? 0 };
        // Only where all that it held was made is a place to go on from.
        if (made.frames < held.frames + (state.video?.held ? 1 : 0) || made.packets < held.packets) return;
        feed(back, captured.slice(Math.min(saved ?? 0, stopped ?? 0)));
        back.flush();
        for (const kind of ['video', 'audio'] as const)
          expect(samplesOf(parts, kind)).toEqual(samplesOf(whole, kind));
      }),
      { numRuns: 40 },
    );
  });
});

describe('an epoch', () => {
  const opus = SOUNDS['Opus of a browser'] as Sound;
  const whole: Shape = { picture: [0, 4000], sound: [0, 4000] };

  it('is shown from where the picture ended, and has empty packets before its sound', () => {
    const sink = broadcast(opus, [
      { picture: [0, 3600], sound: [0, 3840] },
      { picture: [200, 4000], sound: [0, 4000] },
    ]);
    const first = sink.of('video').find(({ dts }) => dts === 3600 * 90);
    expect(first?.duration).toBe((240 + 200 + 40) * 90);
    // So is its time of capture: what follows was captured when it was.
    expect(first?.wallClock).toBe(1_000_000 + 200 - 440);
    const late = broadcast(opus, [whole, { picture: [0, 4000], sound: [310, 4000] }]);
    const fill = samplesOf(late, 'audio').filter(({ bytes }) => bytes === 1);
    expect(fill.length).toBeGreaterThan(10);
    expect(fill.length).toBeLessThanOrEqual(15);
  });

  it('has its hole where a track was off for longer than any change takes', () => {
    const sink = broadcast(opus, [{ picture: [0, 4000], sound: [0, 1000] }, whole]);
    expect(sink.gaps('audio').filter((gap) => gap > 0)).toHaveLength(1);
  });

  it('of the same session follows without a hole, though its picture waits for a keyframe', () => {
    const sink = new CollectingChunkSink();
    const packager = open(sink, opus, NOTHING);
    feed(packager, capture({ picture: [0, 2000], sound: [0, 2000] }, opus));
    packager.tracks([{ ...CAMERA, width: 320 }, opus.track]);
    feed(packager, capture({ picture: [2480, 4000], sound: [2090, 4000] }, opus));
    packager.flush();
    expect(sink.epochs).toHaveLength(2);
    for (const kind of ['video', 'audio'] as const) expect(new Set(sink.gaps(kind))).toEqual(new Set([0]));
  });
});
