import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import Schema from 'typebox/schema';
import { describe, expect, it } from 'vitest';
import { openDemuxer } from '../media/open-demuxer.ts';
import type { RestartPoint, Sample, SampleSink } from '../media/sample.ts';
import { milliseconds } from '../media/time.ts';
import type { Track } from '../media/track.ts';
import { CollectingChunkSink } from './collecting-chunk-sink.ts';
import { Packager, type PackagerResume } from './packager.ts';
import { isMade, PackagerState } from './packager-state.ts';

const FOLDER = new URL('../../test/fixtures/chromium/', import.meta.url).pathname;
const RECORDINGS = ['webm-h264-opus.webm', 'webm-av1-opus.webm', 'mp4-avc1-opus.mp4'];
const validState = Schema.Compile(PackagerState);

interface Point {
  readonly point: RestartPoint;
  readonly state: PackagerState;
}

/** One process's part in a session: demuxes and packages, and keeps the newest place to go on from. */
class Part implements SampleSink {
  readonly out = new CollectingChunkSink();
  readonly points: Point[] = [];
  readonly packager: Packager;
  readonly #tracks: Track[] = [];
  #candidate: Point | undefined;

  constructor(resume?: PackagerResume) {
    this.packager = new Packager({
      sink: this.out,
      startAt: milliseconds(0),
      firstEpoch: 0,
      captureClock: { known: false, wallClock: () => milliseconds(1) },
      resume,
    });
  }

  tracks(tracks: readonly Track[]): void {
    this.#tracks.splice(0, Infinity, ...tracks);
    this.packager.tracks(tracks);
  }

  sample(track: number, sample: Sample): void {
    if (this.#candidate && this.#tracks[track]?.kind === 'video') {
      if (sample.keyframe) this.points.push(this.#candidate);
      this.#candidate = undefined;
    }
    this.packager.sample(track, sample);
  }

  restartPoint(point: RestartPoint): void {
    const state = this.packager.save();
    this.#candidate = state && { point, state };
  }
}

const digest = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest('hex');

/** Every sample with its decode time: what a recording has of it, whatever the chunks. */
function samplesOf(...parts: readonly CollectingChunkSink[]) {
  const frames: unknown[] = [];
  const sound: Buffer[] = [];
  let packets = 0;
  for (const chunk of parts.flatMap(({ chunks }) => chunks)) {
    const media = chunk.bytes.subarray(chunk.bytes.byteLength - mediaSize(chunk.bytes));
    if (chunk.kind === 'video') frames.push([chunk.dts, chunk.keyframe, digest(media)]);
    else {
      sound.push(Buffer.from(media));
      packets += chunk.samples;
    }
  }
  return { frames, packets, sound: digest(Buffer.concat(sound)) };
}

/** Of the last box, the `mdat`. */
function mediaSize(chunk: Uint8Array): number {
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  let at = 0;
  let size = 0;
  while (at < chunk.byteLength) {
    size = view.getUint32(at);
    at += size;
  }
  return size - 8;
}

describe('a packager that goes on for another one', () => {
  it.each(RECORDINGS)('makes of %s what the other one would have made, wherever that was stopped', (name) => {
    const bytes = new Uint8Array(readFileSync(FOLDER + name));
    const slice = 1500;
    const whole = new Part();
    const demuxer = openDemuxer(whole);
    for (let at = 0; at < bytes.length; at += slice) demuxer.push(bytes.subarray(at, at + slice));
    demuxer.end();
    whole.packager.flush();
    const expected = samplesOf(whole.out);
    expect(expected.frames.length).toBeGreaterThan(200);

    fc.assert(
      fc.property(
        fc.array(fc.nat(bytes.length), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        (stops, flushes) => {
          const parts: Part[] = [];
          let resume: PackagerResume | undefined;
          let point: RestartPoint | undefined;
          for (const stop of [...stops.sort((a, b) => a - b), bytes.length]) {
            const part = new Part(resume);
            const reader = openDemuxer(part);
            if (point) {
              reader.push(bytes.subarray(0, point.header));
              reader.skipTo(point.offset);
            }
            for (let at = point?.offset ?? 0; at < stop; at += slice) {
              reader.push(bytes.subarray(at, Math.min(at + slice, stop)));
              part.packager.release();
            }
            if (flushes || stop === bytes.length) part.packager.flush();
            parts.push(part);
            const made = part.packager.made;
            const usable = part.points.filter(({ state }) => isMade(state, made)).at(-1);
            if (usable) {
              // Through JSON, as from one process to another.
              const state = JSON.parse(JSON.stringify(usable.state));
              expect(validState.Check(state)).toBe(true);
              point = usable.point;
              resume = { state, made };
            } else if (resume) resume = { ...resume, made };
            // Nowhere to go on from yet: all is made anew.
            else parts.length = 0;
          }
          expect(samplesOf(...parts.map(({ out }) => out))).toEqual(expected);
        },
      ),
      { numRuns: 30 },
    );
  });
});
