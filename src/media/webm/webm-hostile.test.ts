import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { opusHead, opusPacket, vp9Delta, vp9Keyframe } from '../codec/synthetic-bitstream.ts';
import { MediaError } from '../media-error.ts';
import type { SampleSink } from '../sample.ts';
import type { Track } from '../track.ts';
import { EBML_ID } from './ebml-id.ts';
import {
  claimedSize,
  cluster,
  concatenate,
  ebmlHeader,
  element,
  liveStream,
  number,
  type SyntheticTrack,
  simpleBlock,
  unknownSize,
} from './synthetic-webm.ts';
import { WebmDemuxer } from './webm-demuxer.ts';

const RECORDINGS = ['webm-h264-opus', 'webm-vp9-opus', 'webm-av1-opus', 'webm-vp8-opus'].map((name) => {
  const url = new URL(`../../../test/fixtures/chromium/${name}.webm`, import.meta.url);
  return new Uint8Array(readFileSync(url)).subarray(0, 60_000);
});
const VP9: SyntheticTrack = { number: 1, type: 1, codecId: 'V_VP9' };
const OPUS: SyntheticTrack = { number: 2, type: 2, codecId: 'A_OPUS', codecPrivate: opusHead() };
const SIZE = { width: 640, height: 360 };

/** Checks what every sample promises, and keeps none. */
class CheckingSink implements SampleSink {
  samples = 0;
  #last: number[] = [];
  #tracks: readonly Track[] = [];

  tracks(tracks: readonly Track[]): void {
    expect(tracks.length).toBeGreaterThan(0);
    if (tracks[0]?.timescale !== this.#tracks[0]?.timescale) this.#last = [];
    this.#tracks = tracks;
  }

  sample(track: number, { dts, pts, duration, data }: Parameters<SampleSink['sample']>[1]): void {
    const sound =
      track < this.#tracks.length &&
      Number.isSafeInteger(dts) &&
      Number.isSafeInteger(pts) &&
      Number.isSafeInteger(duration) &&
      duration >= 0 &&
      pts >= dts &&
      dts >= (this.#last[track] ?? -Infinity) &&
      data.length > 0;
    if (!sound) expect.fail(`an unsound sample: ${JSON.stringify({ track, dts, pts, duration })}`);
    this.#last[track] = dts;
    this.samples += 1;
  }
}

/** Feeds pieces until the end or a refusal, which must be a MediaError. */
function survive(pieces: Iterable<Uint8Array>): void {
  const demuxer = new WebmDemuxer(new CheckingSink());
  try {
    for (const piece of pieces) demuxer.push(piece);
    demuxer.end();
  } catch (error) {
    if (!(error instanceof MediaError)) throw error;
  }
}

const recording = fc.integer({ min: 0, max: RECORDINGS.length - 1 });
const pick = (index: number): Uint8Array => RECORDINGS[index] ?? new Uint8Array();
/** Offsets near the front, where the structure is, as often as anywhere. */
const offset = fc.oneof(fc.integer({ min: 0, max: 700 }), fc.integer({ min: 0, max: 60_000 }));

describe('a hostile stream', () => {
  it('survives changed bytes', () => {
    const changes = fc.array(fc.tuple(offset, fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(recording, changes, (index, all) => {
        const bytes = new Uint8Array(pick(index));
        for (const [at, value] of all) bytes[at] = value;
        survive([bytes]);
      }),
      { numRuns: 400, seed: 20260101 },
    );
  });

  it('survives pieces that are missing, repeated or out of order', () => {
    const cuts = fc.array(fc.tuple(offset, fc.integer({ min: 0, max: 3000 })), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(recording, cuts, (index, all) => {
        const bytes = pick(index);
        survive([bytes.subarray(0, 700), ...all.map(([at, length]) => bytes.subarray(at, at + length))]);
      }),
      { numRuns: 400, seed: 20260102 },
    );
  });

  it('survives elements of any kind in any place, of any claimed size', () => {
    const ids = fc.constantFrom(...Object.values(EBML_ID));
    const { tree } = fc.letrec<{ tree: Uint8Array }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.tuple(ids, fc.uint8Array({ maxLength: 12 })).map(([id, body]) => element(id, body)),
        fc.tuple(ids, fc.bigInt(0n, 2n ** 52n)).map(([id, size]) => claimedSize(id, Number(size))),
        fc.tuple(ids, fc.array(tie('tree'), { maxLength: 4 })).map(([id, body]) => element(id, ...body)),
        fc.tuple(ids, fc.array(tie('tree'), { maxLength: 4 })).map(([id, body]) => unknownSize(id, ...body)),
      ),
    }));
    fc.assert(
      fc.property(fc.array(tree, { maxLength: 12 }), fc.boolean(), (all, inCluster) => {
        const start = inCluster ? liveStream([VP9, OPUS], cluster(0)) : ebmlHeader();
        survive([start, ...all]);
      }),
      { numRuns: 600, seed: 20260103 },
    );
  });

  it('costs no memory for what it claims', () => {
    const demuxer = new WebmDemuxer(new CheckingSink());
    demuxer.push(liveStream([VP9], cluster(0), claimedSize(EBML_ID.tags, 2 ** 50)));
    for (let index = 0; index < 100; index++) {
      demuxer.push(new Uint8Array(1_000_000));
      expect(demuxer.retained).toBe(0);
    }
    expect(() => demuxer.end()).toThrow('the WebM stream ended');
  });

  it('is refused at the header of an element that is too large', () => {
    const demuxer = new WebmDemuxer(new CheckingSink());
    const claim = claimedSize(EBML_ID.simpleBlock, 16 * 1024 * 1024 + 1);
    expect(() => demuxer.push(liveStream([VP9], cluster(0, claim)))).toThrow('at most 16777216 are allowed');
  });

  it('costs work in proportion to its bytes when they come one by one', () => {
    const frame = concatenate(vp9Keyframe(SIZE), new Uint8Array(300_000));
    const bytes = liveStream([VP9], cluster(0, simpleBlock(1, 0, frame), simpleBlock(1, 33, frame)));
    const sink = new CheckingSink();
    const demuxer = new WebmDemuxer(sink);
    for (let at = 0; at < bytes.length; at++) demuxer.push(bytes.subarray(at, at + 1));
    demuxer.end();
    expect(sink.samples).toBe(2);
  });

  it('does not pile up tiny samples while a track is awaited', () => {
    const demuxer = new WebmDemuxer(new CheckingSink());
    demuxer.push(liveStream([VP9, OPUS], cluster(0)));
    const block = simpleBlock(2, 0, Uint8Array.of(0xf8));
    for (let index = 0; index < 70_000; index++) demuxer.push(block);
    expect(demuxer.retained).toBe(0);
  });
});

describe('a stream of many hours', () => {
  it('is held no longer than an element is', () => {
    const sink = new CheckingSink();
    const demuxer = new WebmDemuxer(sink);
    demuxer.push(liveStream([VP9, OPUS]));
    const blocks = [simpleBlock(1, 0, concatenate(vp9Keyframe(SIZE), new Uint8Array(700)))];
    for (let time = 100; time < 1000; time += 100) {
      blocks.push(simpleBlock(1, time, vp9Delta()), simpleBlock(2, time, opusPacket()));
    }
    const body = concatenate(...blocks);
    const hours = 24;
    for (let second = 0; second < hours * 3600; second++) {
      demuxer.push(unknownSize(EBML_ID.cluster, number(EBML_ID.timestamp, second * 1000)));
      demuxer.push(body.subarray(0, 700));
      if (demuxer.retained > 700) expect.fail(`${demuxer.retained} bytes are held`);
      demuxer.push(body.subarray(700));
      if (demuxer.retained !== 0) expect.fail(`${demuxer.retained} bytes are held`);
    }
    expect(sink.samples).toBe(hours * 3600 * 19);
  });
});
