import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Chunk } from '../media/chunk.ts';
import { childBoxes } from '../media/mp4/box.ts';
import {
  PRFT_ARRIVED,
  PRFT_CAPTURED,
  type ProducerReferenceTime,
  readProducerReferenceTime,
} from '../media/mp4/boxes/producer-reference-time.ts';
import { ByteReader } from '../media/mp4/byte-reader.ts';
import { Mp4Demuxer } from '../media/mp4/mp4-demuxer.ts';
import { idrFrame, interFrame, OPUS, VIDEO } from '../media/mp4/synthetic-mp4.ts';
import { milliseconds, ticks, timescale } from '../media/time.ts';
import type { AudioTrack, Track, VideoTrack } from '../media/track.ts';
import { CollectingSink } from '../media/webm/collecting-sink.ts';
import type { CaptureClock } from './capture-clock.ts';
import { CollectingChunkSink } from './collecting-chunk-sink.ts';
import { Packager } from './packager.ts';

/** As WebM has them: everything in milliseconds. */
const V: VideoTrack = { ...VIDEO, timescale: timescale(1000) };
const A: AudioTrack = { ...OPUS, timescale: timescale(1000) };
const AAC: AudioTrack = {
  ...OPUS,
  codec: 'aac',
  codecString: 'mp4a.40.2',
  configuration: Uint8Array.of(0x12, 0x10),
  sampleRate: 44_100,
  timescale: timescale(44_100),
};
const KEY = idrFrame(40);
const DELTA = interFrame(20);
/** One Opus packet of 20 ms. */
const PACKET = Uint8Array.of(0xf8, 1, 2);
/** One of 60 ms, in three frames, as browsers make them. */
const LONG_PACKET = Uint8Array.of(0xfb, 3, 1, 2, 3);

interface Setup {
  readonly tracks?: readonly Track[];
  readonly startAt?: number;
  readonly firstEpoch?: number;
  readonly captureClock?: CaptureClock;
}

/** A packager with its publisher's side in milliseconds and what came out of it. */
class Session {
  readonly out = new CollectingChunkSink();
  readonly packager: Packager;
  readonly #tracks: readonly Track[];

  constructor({ tracks = [V, A], startAt = 0, firstEpoch = 0, captureClock = ARRIVAL }: Setup = {}) {
    this.packager = new Packager({
      sink: this.out,
      startAt: milliseconds(startAt),
      firstEpoch,
      captureClock,
    });
    this.#tracks = tracks;
    this.packager.tracks(tracks);
  }

  key(time: number, duration = 0): this {
    return this.#video(time, KEY, duration);
  }

  delta(time: number, duration = 0, offset = 0): this {
    return this.#video(time, DELTA, duration, offset);
  }

  sound(time: number, data = PACKET): this {
    const track = this.#tracks.findIndex(({ kind }) => kind === 'audio');
    const dts = ticks(Math.round((time * (this.#tracks[track]?.timescale ?? 0)) / 1000));
    this.packager.sample(track, { dts, pts: dts, duration: ticks(0), keyframe: true, data });
    return this;
  }

  /** Sound that is not interrupted, a packet every 20 ms. */
  sounds(from: number, to: number): this {
    for (let time = from; time < to; time += 20) this.sound(time);
    return this;
  }

  /** Video at 25 frames a second with a keyframe every second. */
  frames(from: number, to: number): this {
    for (let time = from; time < to; time += 40) {
      if ((time - from) % 1000 === 0) this.key(time);
      else this.delta(time);
    }
    return this;
  }

  flush(): this {
    this.packager.flush();
    return this;
  }

  /** Decode times of the chunks of a track, in milliseconds. */
  times(kind: Chunk['kind']): number[] {
    return this.out.of(kind).map(({ dts, timescale }) => (dts * 1000) / timescale);
  }

  #video(time: number, data: Uint8Array, duration: number, offset = 0): this {
    const sample = {
      dts: ticks(time),
      pts: ticks(time + offset),
      duration: ticks(duration),
      keyframe: data === KEY,
      data,
    };
    this.packager.sample(
      this.#tracks.findIndex(({ kind }) => kind === 'video'),
      sample,
    );
    return this;
  }
}

/** A clock that stands still. */
const ARRIVAL: CaptureClock = { known: false, wallClock: () => milliseconds(Date.UTC(2026, 0, 1)) };

describe('epochs', () => {
  it('begin with what is published, on the timescales of the broadcast', () => {
    const { out } = new Session({ tracks: [A, V], firstEpoch: 3 });
    expect(out.epochs).toMatchObject([
      {
        index: 3,
        tracks: [
          { codec: 'avc', timescale: 90_000 },
          { codec: 'opus', timescale: 48_000 },
        ],
        mime: 'video/mp4; codecs="avc1.42c01f,opus"',
      },
    ]);
  });

  it('have the first video and the first audio track; others are ignored', () => {
    const second = { ...V, width: 320, height: 180 };
    const session = new Session({ tracks: [V, second, A] });
    session.packager.sample(1, {
      dts: ticks(0),
      pts: ticks(0),
      duration: ticks(40),
      keyframe: true,
      data: KEY,
    });
    session.flush();
    expect(session.out.epochs[0]?.tracks).toHaveLength(2);
    expect(session.out.chunks).toEqual([]);
  });

  it('go on when the same tracks are announced again', () => {
    const session = new Session().key(0).sound(0).delta(40);
    session.packager.tracks([V, A]);
    session.delta(80).flush();
    expect(session.out.epochs).toHaveLength(1);
    expect(session.out.of('video')).toHaveLength(3);
  });

  it('end when the configuration changes: what is held is written, and video waits for a keyframe', () => {
    const session = new Session().frames(0, 200).sounds(0, 200);
    session.packager.tracks([{ ...V, width: 320, height: 180 }, A]);
    const before = session.out.of('video').length;
    session.delta(200).sounds(200, 240).delta(240).key(280).delta(320).flush();
    expect(session.out.epochs.map(({ index }) => index)).toEqual([0, 1]);
    expect(before).toBe(5);
    expect(session.out.of('video').slice(before)).toMatchObject([{ keyframe: true }, { keyframe: false }]);
    // Shown from where the picture ended: no hole.
    expect(session.times('video').slice(before)).toEqual([200, 320]);
    expect(session.out.gaps('audio')).toEqual(session.out.gaps('audio').map(() => 0));
  });

  it('are refused when there is nothing to publish', () => {
    expect(() => new Session({ tracks: [] })).toThrow(expect.objectContaining({ code: 'no-tracks' }));
  });
});

describe('video', () => {
  it('is written at once when its duration is known', () => {
    const { out } = new Session({ tracks: [V] }).key(0, 40);
    expect(out.chunks).toMatchObject([
      { kind: 'video', trackId: 1, timescale: 90_000, dts: 0, duration: 3600, samples: 1, keyframe: true },
    ]);
  });

  it('waits for the next frame when its duration is not known', () => {
    const session = new Session({ tracks: [V] }).key(0).delta(41);
    expect(session.out.chunks).toMatchObject([{ dts: 0, duration: 3690 }]);
    session.flush();
    expect(session.out.chunks[1]).toMatchObject({ dts: 3690, duration: 3690 });
  });

  it('does not begin before a keyframe', () => {
    expect(new Session({ tracks: [V] }).delta(0).delta(40).key(80).flush().times('video')).toEqual([0]);
  });

  it('starts a group at each keyframe', () => {
    const { out } = new Session({ tracks: [V] }).frames(0, 2000).flush();
    expect(out.chunks.filter(({ startsGroup }) => startsGroup).map(({ dts }) => dts)).toEqual([0, 90_000]);
  });

  it('is contiguous where the container guessed a duration', () => {
    const { out } = new Session({ tracks: [V] })
      .key(0, 40)
      .delta(40, 33)
      .key(80, 40)
      .delta(120, 45)
      .key(160, 40);
    expect(out.gaps('video')).toEqual([0, 0, 0, 0]);
  });

  it('goes on as before after a freeze of more than a second', () => {
    const session = new Session({ tracks: [V] }).key(0).delta(33).delta(66).delta(1366);
    for (const time of [1400, 1433, 1466]) session.delta(time);
    expect(session.out.of('video').map(({ dts }) => dts / 90)).toEqual([0, 33, 66, 1366, 1400, 1433]);
    expect(session.out.gaps('video')).toEqual([0, 0, 0, 0, 0]);
  });

  it('keeps a real gap', () => {
    const session = new Session({ tracks: [V] }).key(0, 40).delta(3000, 40);
    expect(session.times('video')).toEqual([0, 3000]);
  });

  it('never goes back: a late frame follows by one tick, and is shown no sooner than decoded', () => {
    const session = new Session({ tracks: [V] }).key(1000, 40).delta(1040, 40).delta(900, 40).delta(1080, 40);
    const [, second, third, fourth] = session.out.chunks;
    expect(third?.dts).toBe((second?.dts ?? 0) + 1);
    expect(fourth?.dts).toBe(7200);
    const sink = demux(session.out);
    for (const { dts, pts } of sink.samples(0)) expect(pts).toBeGreaterThanOrEqual(dts);
  });

  it('keeps the order of B-frames', () => {
    const session = new Session({ tracks: [V] })
      .key(0, 40)
      .delta(40, 40, 120)
      .delta(80, 40, 0)
      .delta(120, 40, 0);
    expect(
      demux(session.out)
        .samples(0)
        .map(({ pts }) => pts / 90),
    ).toEqual([0, 160, 80, 120]);
  });

  it('is decoded earlier rather than shown later where a source shows frames before it decodes them', () => {
    const session = new Session({ tracks: [V] })
      .key(0, 40)
      .delta(40, 40, 80)
      .delta(80, 40, -40)
      .delta(120, 40, -40);
    session.delta(160, 40, 80);
    const samples = demux(session.out).samples(0);
    expect(samples.map(({ pts }) => Math.floor(pts / 90))).toEqual([0, 120, 40, 80, 240]);
    for (const { dts, pts } of samples) expect(pts).toBeGreaterThanOrEqual(dts);
  });

  it('does not believe in absurd durations and offsets', () => {
    const session = new Session({ tracks: [V] })
      .key(0, 2 ** 31)
      .delta(40, 40, 2 ** 30)
      .delta(80, 40);
    expect(session.out.chunks.map(({ duration }) => duration)).toEqual([3600, 3600, 3600]);
    expect(
      demux(session.out)
        .samples(0)
        .map(({ pts }) => pts),
    ).toEqual([0, 3600, 7200]);
  });
});

describe('audio', () => {
  it('comes in chunks of about 100 ms whose time is that of their packets', () => {
    const { out } = new Session({ tracks: [A] }).sounds(0, 1000).flush();
    expect(out.chunks).toHaveLength(10);
    expect(out.chunks[1]).toMatchObject({
      kind: 'audio',
      trackId: 2,
      timescale: 48_000,
      dts: 4800,
      duration: 4800,
    });
    expect(out.chunks[1]).toMatchObject({ samples: 5, keyframe: true });
  });

  it('makes neither gaps nor overlaps of rounded or jittering times', () => {
    const jitter = fc.array(fc.integer({ min: -19, max: 19 }), { minLength: 20, maxLength: 300 });
    fc.assert(
      fc.property(jitter, (all) => {
        const session = new Session({ tracks: [A] });
        for (const [index, off] of all.entries()) session.sound(index * 20 + 20 + (index === 0 ? 0 : off));
        const { out } = session.flush();
        return out.gaps('audio').every((gap) => gap === 0);
      }),
      { seed: 20260131 },
    );
  });

  it('counts AAC in its own samples', () => {
    const session = new Session({ tracks: [AAC] });
    for (let index = 0; index < 100; index++) session.sound((index * 1024 * 1000) / 44_100);
    const { out } = session.flush();
    expect(out.chunks[0]).toMatchObject({ timescale: 44_100, samples: 4, duration: 4096 });
    expect(out.gaps('audio').every((gap) => gap === 0)).toBe(true);
  });

  it('fills a gap of Opus with empty packets, so that no player stops', () => {
    const session = new Session({ tracks: [A] }).sounds(0, 100).sounds(300, 400).flush();
    expect(session.times('audio')).toEqual([0, 100, 200, 300]);
    expect(session.out.of('audio').map(({ samples }) => samples)).toEqual([5, 5, 5, 5]);
    const sizes = session.out.of('audio').map(({ bytes }) => bytes.length);
    expect(sizes[1]).toBe((sizes[3] ?? 0) - 5 * (PACKET.length - 1));
  });

  it('does not hold sound back for a piece that is yet to come, unless it is very little', () => {
    const session = new Session({ tracks: [A] }).sounds(0, 100).sounds(100, 140);
    session.packager.release();
    expect(session.times('audio')).toEqual([0]);
    session.sound(140);
    session.packager.release();
    expect(session.times('audio')).toEqual([0, 100]);
    expect(session.out.of('audio').map(({ samples }) => samples)).toEqual([5, 3]);
  });

  it('keeps lips in sync over a gap of Opus that is shorter than a packet', () => {
    const session = new Session({ tracks: [A] });
    for (const time of [0, 60, 120, 229, 289, 349]) session.sound(time, LONG_PACKET);
    session.flush();
    expect(session.out.gaps('audio').every((gap) => gap === 0)).toBe(true);
    // Two empty packets of 20 ms fill the 49 ms that are missing: what is left is less than one.
    expect(session.out.of('audio').reduce((sum, { samples }) => sum + samples, 0)).toBe(6 + 2);
  });

  it('does not take the jitter of a browser for a gap', () => {
    const session = new Session({ tracks: [A] });
    for (const time of [0, 80, 120, 200, 240, 300]) session.sound(time, LONG_PACKET);
    session.flush();
    expect(session.out.of('audio').reduce((sum, { samples }) => sum + samples, 0)).toBe(6);
  });

  it('moves forward over a gap that is longer than any hiccup, or in a codec without packets of no sound', () => {
    const long = new Session({ tracks: [A] }).sounds(0, 100).sounds(3000, 3100).flush();
    expect(long.times('audio')).toEqual([0, 3000]);
    const six = { ...AAC, channels: 6, configuration: Uint8Array.of(0x12, 0x30) };
    const aac = new Session({ tracks: [six] }).sound(0).sound(500).flush();
    expect(aac.out.gaps('audio').filter((gap) => gap !== 0).length).toBe(1);
  });

  it('fills a gap of AAC with silent packets', () => {
    const session = new Session({ tracks: [AAC] }).sound(0).sound(500).flush();
    expect(session.out.gaps('audio').every((gap) => gap === 0)).toBe(true);
    expect(session.out.of('audio').reduce((sum, { samples }) => sum + samples, 0)).toBe(2 + 20);
  });

  it('follows a drift once it is more than a packet', () => {
    const session = new Session({ tracks: [A] });
    // The microphone's clock is slower than the container's: a packet lasts 20.1 ms.
    for (let index = 0; index < 1000; index++) session.sound(Math.round(index * 20.1));
    session.flush();
    expect(session.out.gaps('audio').every((gap) => gap === 0)).toBe(true);
    const filled = session.out.of('audio').reduce((sum, { samples }) => sum + samples, -1000);
    expect(filled).toBeGreaterThanOrEqual(4);
    expect(filled).toBeLessThanOrEqual(5);
  });

  it('drops what lies wholly in the past', () => {
    const session = new Session({ tracks: [A] }).sounds(0, 200).sound(20).sounds(200, 300).flush();
    expect(session.out.of('audio').reduce((sum, { samples }) => sum + samples, 0)).toBe(15);
    expect(session.out.gaps('audio')).toEqual([0, 0]);
  });

  it('drops packets that say no duration', () => {
    const session = new Session({ tracks: [A] });
    const data = new Uint8Array();
    for (let index = 0; index < 1000; index++) {
      session.packager.sample(0, { dts: ticks(0), pts: ticks(0), duration: ticks(0), keyframe: true, data });
    }
    expect(session.flush().out.chunks).toEqual([]);
  });

  it('starts groups about once a second where there is no video', () => {
    const { out } = new Session({ tracks: [A] }).sounds(0, 3000).flush();
    const starts = out.chunks.filter(({ startsGroup }) => startsGroup);
    expect(starts.map(({ dts }) => dts / 48)).toEqual([0, 1000, 2000]);
    expect(starts.every(({ bytes }) => referenceOf(bytes) !== undefined)).toBe(true);
  });
});

describe('the timeline', () => {
  it('starts where it is told, at the earliest first sample, on one distance for all tracks', () => {
    const session = new Session({ startAt: 5000 })
      .key(1030)
      .sound(1000)
      .delta(1070)
      .sounds(1020, 1200)
      .flush();
    expect(session.times('audio')[0]).toBe(5000);
    expect(session.times('video')[0]).toBe(5030);
  });

  it('lets audio before the first keyframe go out first', () => {
    const session = new Session()
      .sounds(0, 300)
      .delta(200)
      .delta(240)
      .key(300)
      .sounds(300, 400)
      .delta(340)
      .flush();
    expect(session.out.chunks[0]).toMatchObject({ kind: 'audio', dts: 0 });
    expect(session.times('video')).toEqual([300, 340]);
  });

  it('does not wait for ever for a track that does not begin', () => {
    const session = new Session().frames(0, 2100);
    expect(session.out.chunks.length).toBeGreaterThan(40);
    session.sounds(2100, 2300).frames(3000, 3100).flush();
    expect(session.times('audio')[0]).toBe(2100);
  });

  it('goes on in the next session behind the last one, with both tracks moved alike', () => {
    const first = new Session().frames(0, 1000).sounds(0, 960).flush();
    const { position, nextEpoch } = first.packager;
    expect([position, nextEpoch]).toEqual([1000, 1]);
    const second = new Session({ startAt: position, firstEpoch: nextEpoch });
    second.sounds(70, 1070).key(83).frames(123, 1083).flush();
    expect(second.out.epochs[0]?.index).toBe(1);
    expect(second.times('audio')[0]).toBe(1000);
    expect(second.times('video')[0]).toBeCloseTo(1013, 3);
  });

  it.each([
    ['set back to zero by a new container', -30_000],
    ['set back by less than it lasted', -1500],
    ['far ahead after a pause', 3_600_000],
  ])('goes on without a gap when the clock is %s', (_, jump) => {
    const start = 40_000;
    const session = new Session();
    session.frames(start, start + 2000).sounds(start, start + 2000);
    session.frames(start + 2000 + jump, start + 4000 + jump).sounds(start + 2000 + jump, start + 4000 + jump);
    session.flush();
    for (const kind of ['video', 'audio'] as const) {
      expect(session.out.gaps(kind).every((gap) => gap === 0)).toBe(true);
    }
    expect(session.packager.position).toBe(4000);
  });

  it('keeps lips in sync over a jump that one track makes before the other', () => {
    const session = new Session().frames(0, 2000).sounds(0, 1900);
    session.frames(100_000, 101_000).sounds(1900, 2000).sounds(100_030, 101_000).flush();
    const video = session.times('video').find((time) => time >= 2000) ?? 0;
    const audio = session.times('audio').find((time) => time >= 2000) ?? 0;
    expect(audio - video).toBeCloseTo(30, 3);
  });

  it('takes a track back that was silent for long, where the others are by then', () => {
    const session = new Session().frames(0, 1000).sounds(0, 1000).frames(1000, 31_000).sounds(31_000, 31_200);
    session.frames(31_000, 31_200).flush();
    expect(session.times('audio').find((time) => time > 1000)).toBe(31_000);
    expect(session.out.gaps('video').every((gap) => gap === 0)).toBe(true);
  });

  it('notices a clock that was set back by little when the tracks are announced again', () => {
    const session = new Session().frames(0, 600).sounds(0, 600);
    session.packager.tracks([V, A]);
    session.frames(0, 600).sounds(0, 600).flush();
    expect(session.out.gaps('video').every((gap) => gap === 0)).toBe(true);
    expect(session.packager.position).toBe(1200);
  });

  it('only ever moves forward, whatever the times', () => {
    const event = fc.record({
      sound: fc.boolean(),
      key: fc.boolean(),
      step: fc.oneof(fc.integer({ min: -50, max: 200 }), fc.integer({ min: -100_000, max: 100_000 })),
      duration: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 100 })),
      offset: fc.integer({ min: -200, max: 200 }),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), fc.nat(1_000_000), (all, startAt) => {
        const session = new Session({ startAt });
        let time = 0;
        for (const { sound, key, step, duration, offset } of all) {
          time += step;
          if (sound) session.sound(time);
          else if (key) session.key(time, duration);
          else session.delta(time, duration, offset);
        }
        session.flush();
        let end = startAt;
        for (const kind of ['video', 'audio'] as const) {
          let last = -1;
          for (const { dts, duration, timescale } of session.out.of(kind)) {
            if (dts <= last || dts < Math.floor((startAt / 1000) * timescale) || duration < 1) return false;
            last = dts;
            end = Math.max(end, ((dts + duration) / timescale) * 1000);
          }
          if (kind === 'audio' && session.out.gaps('audio').some((gap) => gap < 0)) return false;
        }
        for (const { dts, pts } of demux(session.out).samples(0)) if (pts < dts) return false;
        return session.packager.position >= end - 1;
      }),
      { numRuns: 300, seed: 20260132 },
    );
  });
});

describe('the wall clock', () => {
  const captured: CaptureClock = { known: true, wallClock: (time) => milliseconds(1_000_000 + time) };

  it('is that of capture where the publisher told it', () => {
    const { out } = new Session({ tracks: [V], captureClock: captured }).key(500, 40).delta(540, 40);
    expect(out.chunks.map(({ wallClock }) => wallClock)).toEqual([1_000_500, 1_000_540]);
    expect(referenceOf(out.chunks[0]?.bytes)).toEqual({
      trackId: 1,
      flags: PRFT_CAPTURED,
      mediaTime: 0,
      wallClock: expect.closeTo(1_000_500, 3),
    });
    expect(referenceOf(out.chunks[1]?.bytes)).toBeUndefined();
  });

  it('is that of arrival until the publisher tells, of a frame that waits too', () => {
    let now = 7000;
    let known = false;
    const clock: CaptureClock = {
      get known() {
        return known;
      },
      wallClock: () => milliseconds(now),
    };
    const session = new Session({ tracks: [V], captureClock: clock }).key(0);
    now = 8000;
    known = true;
    session.key(40).flush();
    expect(session.out.chunks.map(({ wallClock }) => wallClock)).toEqual([7000, 8000]);
    const flags = session.out.chunks.map(({ bytes }) => referenceOf(bytes)?.flags);
    expect(flags).toEqual([PRFT_ARRIVED, PRFT_CAPTURED]);
  });
});

function demux(out: CollectingChunkSink): CollectingSink {
  const sink = new CollectingSink();
  const demuxer = new Mp4Demuxer(sink);
  for (const bytes of out.bytes) demuxer.push(bytes);
  demuxer.end();
  return sink;
}

function referenceOf(chunk: Uint8Array | undefined): ProducerReferenceTime | undefined {
  for (const box of childBoxes(new ByteReader(chunk ?? new Uint8Array(), 'chunk'))) {
    if (box.name === 'prft') return readProducerReferenceTime(box);
  }
  return undefined;
}
