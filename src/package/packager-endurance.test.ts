import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { Chunk, ChunkSink, Epoch } from '../media/chunk.ts';
import { Mp4Demuxer } from '../media/mp4/mp4-demuxer.ts';
import { idrFrame, interFrame, OPUS, VIDEO } from '../media/mp4/synthetic-mp4.ts';
import type { Sample } from '../media/sample.ts';
import { milliseconds, ticks, timescale } from '../media/time.ts';
import { Packager } from './packager.ts';

const HOURS = 24;
const MILLISECONDS = timescale(1000);

/** Reads what is made, as a player would, and keeps nothing but where each track stands. */
class EdgeSink implements ChunkSink {
  readonly ends = { video: 0, audio: 0 };
  readonly read = [0, 0];
  readonly #demuxer = new Mp4Demuxer({
    tracks: () => {},
    sample: (track) => {
      this.read[track] = (this.read[track] ?? 0) + 1;
    },
  });
  chunks = 0;
  gaps = 0;

  epoch({ init }: Epoch): void {
    this.#demuxer.push(init);
  }

  chunk({ kind, dts, duration, timescale, bytes }: Chunk): void {
    this.#demuxer.push(bytes);
    const start = dts / timescale;
    if (Math.abs(start - this.ends[kind]) > 1e-9) this.gaps += 1;
    this.ends[kind] = start + duration / timescale;
    this.chunks += 1;
  }
}

describe('a stream of many hours', () => {
  it('stays in sync, without gaps, and is not held', () => {
    const sink = new EdgeSink();
    const captureClock = { known: false, wallClock: () => milliseconds(0) };
    const packager = new Packager({ sink, startAt: milliseconds(0), firstEpoch: 0, captureClock });
    packager.tracks([
      { ...VIDEO, timescale: MILLISECONDS },
      { ...OPUS, timescale: MILLISECONDS },
    ]);
    const key = idrFrame(40);
    const delta = interFrame(20);
    const packet = Uint8Array.of(0xf8, 1, 2);
    const sample = (time: number, keyframe: boolean, data: Uint8Array): Sample => {
      const dts = ticks(Math.round(time));
      return { dts, pts: dts, duration: ticks(0), keyframe, data };
    };
    let widest = 0;
    let retained = 0;
    for (let second = 0; second < HOURS * 3600; second++) {
      // 30 frames and 50 packets a second, as a container with milliseconds has them.
      for (let frame = 0; frame < 30; frame++) {
        packager.sample(
          0,
          sample(second * 1000 + (frame * 1000) / 30, frame === 0, frame === 0 ? key : delta),
        );
      }
      for (let index = 0; index < 50; index++)
        packager.sample(1, sample(second * 1000 + index * 20, true, packet));
      if (second === 3600) retained = memory();
      widest = Math.max(widest, Math.abs(sink.ends.video - sink.ends.audio));
    }
    expect(memory() - retained).toBeLessThan(1_000_000);
    packager.flush();
    expect(sink.read).toEqual([HOURS * 3600 * 30, HOURS * 3600 * 50]);
    expect(sink.gaps).toBe(0);
    expect(sink.ends.video).toBeCloseTo(HOURS * 3600, 2);
    expect(sink.ends.audio).toBeCloseTo(HOURS * 3600, 6);
    expect(sink.chunks).toBe(HOURS * 3600 * 40);
    expect(widest).toBeLessThan(0.1);
  }, 120_000);
});

/** Bytes that are really in use. */
function memory(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
