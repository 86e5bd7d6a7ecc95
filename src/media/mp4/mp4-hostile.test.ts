import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MediaError } from '../media-error.ts';
import type { SampleSink } from '../sample.ts';
import type { Track } from '../track.ts';
import { Mp4Demuxer } from './mp4-demuxer.ts';
import {
  box,
  concatenate,
  FTYP,
  fullBox,
  idrFrame,
  moof,
  moov,
  OPUS,
  traf,
  VIDEO,
  words32,
} from './synthetic-mp4.ts';

const RECORDINGS = ['mp4-avc1-opus', 'mp4-vp9-opus', 'mp4-av1-opus'].map((name) => {
  const url = new URL(`../../../test/fixtures/chromium/${name}.mp4`, import.meta.url);
  return new Uint8Array(readFileSync(url)).subarray(0, 60_000);
});
const TYPES = [
  'moov',
  'trak',
  'mdia',
  'minf',
  'stbl',
  'stsd',
  'mvex',
  'trex',
  'moof',
  'traf',
  'tfhd',
  'tfdt',
  'trun',
];
const TABLES = [
  'stts',
  'ctts',
  'stss',
  'stsc',
  'stsz',
  'stco',
  'co64',
  'elst',
  'edts',
  'mdat',
  'free',
  'ftyp',
  'esds',
];

/** Checks what every sample promises, and keeps none. */
class CheckingSink implements SampleSink {
  samples = 0;
  bytes = 0;
  #tracks = 0;

  tracks(tracks: readonly Track[]): void {
    expect(tracks.length).toBeGreaterThan(0);
    this.#tracks = tracks.length;
  }

  sample(track: number, { dts, pts, duration, data }: Parameters<SampleSink['sample']>[1]): void {
    const sound =
      track < this.#tracks &&
      Number.isSafeInteger(dts) &&
      Number.isSafeInteger(pts) &&
      Number.isSafeInteger(duration) &&
      duration >= 0 &&
      data.length > 0;
    if (!sound) expect.fail(`sample ${dts} ${pts} ${duration} of track ${track}`);
    this.samples += 1;
    this.bytes += data.length;
  }
}

function survive(pieces: Iterable<Uint8Array>): CheckingSink {
  const sink = new CheckingSink();
  const demuxer = new Mp4Demuxer(sink);
  try {
    for (const piece of pieces) demuxer.push(piece);
    demuxer.end();
  } catch (error) {
    if (!(error instanceof MediaError)) throw error;
  }
  return sink;
}

const recording = fc.integer({ min: 0, max: RECORDINGS.length - 1 });
const pick = (index: number): Uint8Array => RECORDINGS[index] ?? new Uint8Array();
/** Offsets in the moov and the first moof, where the structure is, as often as anywhere. */
const offset = fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 0, max: 60_000 }));

describe('a hostile stream', () => {
  it('survives changed bytes', () => {
    const value = fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.integer({ min: 0, max: 255 }));
    const changes = fc.array(fc.tuple(offset, value), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(recording, changes, (index, all) => {
        const bytes = new Uint8Array(pick(index));
        for (const [at, byte] of all) bytes[at] = byte;
        const sink = survive([bytes]);
        expect(sink.bytes).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 600, seed: 20260121 },
    );
  });

  it('survives being cut off anywhere', () => {
    fc.assert(
      fc.property(recording, offset, (index, end) => {
        survive([pick(index).subarray(0, end)]);
      }),
      { numRuns: 200, seed: 20260122 },
    );
  });

  it('survives pieces that are missing, repeated or out of order', () => {
    const cut = fc.tuple(offset, fc.integer({ min: 0, max: 3000 }));
    fc.assert(
      fc.property(recording, fc.array(cut, { minLength: 1, maxLength: 20 }), (index, all) => {
        const bytes = pick(index);
        survive([bytes.subarray(0, 1700), ...all.map(([at, length]) => bytes.subarray(at, at + length))]);
      }),
      { numRuns: 400, seed: 20260123 },
    );
  });

  it('survives whole boxes in any order', () => {
    const bytes = pick(0);
    const boxes = topLevelBoxes(bytes);
    const order = fc.array(fc.integer({ min: 0, max: boxes.length - 1 }), { maxLength: 30 });
    fc.assert(
      fc.property(order, (all) => {
        survive(all.map((index) => boxes[index] ?? new Uint8Array()));
      }),
      { numRuns: 400, seed: 20260124 },
    );
  });

  it('survives boxes of any kind in any place, of any claimed size', () => {
    const type = fc.constantFrom(...TYPES, ...TABLES);
    const word = fc.oneof(fc.constantFrom(0, 1, 0xffffffff, 0x7fffffff, 0x80000000), fc.nat(100), fc.nat());
    const { tree } = fc.letrec<{ tree: Uint8Array }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.tuple(type, fc.array(word, { maxLength: 12 })).map(([name, body]) => box(name, words32(...body))),
        fc.tuple(type, word).map(([name, size]) => concatenate(words32(size), box(name).subarray(4))),
        fc.tuple(type, fc.array(tie('tree'), { maxLength: 4 })).map(([name, body]) => box(name, ...body)),
      ),
    }));
    fc.assert(
      fc.property(fc.array(tree, { maxLength: 12 }), fc.boolean(), (all, started) => {
        const start = started ? [FTYP, moov({ id: 1, track: VIDEO }, { id: 2, track: OPUS })] : [];
        survive([...start, ...all]);
      }),
      { numRuns: 800, seed: 20260125 },
    );
  });

  it('walks no samples that take no bytes to announce', () => {
    const run = fullBox('trun', 0, 0, 0xffffffff);
    const header = { trackId: 1, defaultBaseIsMoof: true, sampleSize: 0, sampleDuration: 1 };
    expect(survive([FTYP, moov({ id: 1, track: VIDEO }), moof(traf(header, run, run, run))]).samples).toBe(0);
  });

  it('waits for the bytes of four thousand million samples before it believes in them', () => {
    const run = fullBox('trun', 0, 0, 0xffffffff);
    const header = { trackId: 1, defaultBaseIsMoof: true, sampleSize: 40, sampleDuration: 1 };
    const media = words32(0, 0x6d646174);
    const frames = Array.from({ length: 50 }, () => idrFrame(40));
    const sink = survive([FTYP, moov({ id: 1, track: VIDEO }), moof(traf(header, run)), media, ...frames]);
    expect(sink.samples).toBe(50);
  });

  it('does not search among many runs for each sample', () => {
    // Sorted by what they say they are, each run begins again where the first one does.
    const header = { trackId: 1, defaultBaseIsMoof: true, sampleSize: 5, sampleDuration: 1 };
    const runs = Array.from({ length: 50_000 }, (_, index) =>
      fullBox('trun', 0, 1, 1_000_000, 1_000_000 + index),
    );
    const sink = survive([
      FTYP,
      moov({ id: 1, track: VIDEO }),
      moof(traf(header, ...runs)),
      words32(0, 0x6d646174),
      new Uint8Array(2_000_000),
    ]);
    expect(sink.samples).toBeLessThan(2);
  });

  it('costs no memory for what it claims', () => {
    const before = process.memoryUsage().arrayBuffers;
    const claims = [words32(0x00ffffff, 0x6d6f6f76), words32(0x00ffffff, 0x6d6f6f66)];
    const demuxers = Array.from({ length: 50 }, (_, index) => {
      const demuxer = new Mp4Demuxer(new CheckingSink());
      demuxer.push(concatenate(FTYP, claims[index % 2] ?? FTYP, new Uint8Array(10)));
      return demuxer;
    });
    expect(demuxers).toHaveLength(50);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4_000_000);
  });

  it('costs work in proportion to its bytes when they come one by one', () => {
    const frame = idrFrame(400_000);
    const run = fullBox('trun', 0, 0x200, 2, frame.length, frame.length);
    const header = moof(traf({ trackId: 1, defaultBaseIsMoof: true, sampleDuration: 33 }, run));
    const bytes = concatenate(FTYP, moov({ id: 1, track: VIDEO }), header, box('mdat', frame, frame));
    const sink = new CheckingSink();
    const demuxer = new Mp4Demuxer(sink);
    for (let at = 0; at < bytes.length; at++) demuxer.push(bytes.subarray(at, at + 1));
    demuxer.end();
    expect(sink.samples).toBe(2);
  });
});

function topLevelBoxes(bytes: Uint8Array): Uint8Array[] {
  const boxes: Uint8Array[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at);
    boxes.push(bytes.subarray(at, at + size));
    at += size;
  }
  return boxes;
}
