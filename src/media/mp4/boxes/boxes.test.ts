import { describe, expect, it } from 'vitest';
import { milliseconds, ticks, timescale } from '../../time.ts';
import { childBoxes } from '../box.ts';
import { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { FragmentRun, measureRun } from '../fragment-run.ts';
import { box, concatenate, fullBox, OPUS, VIDEO, words32, written } from '../synthetic-mp4.ts';
import { TrackReader } from '../track-reader.ts';
import { readEditList, writeEditList } from './edit-list.ts';
import { readElementaryStream, writeElementaryStream } from './elementary-stream.ts';
import { readFileType, writeFileType } from './file-type.ts';
import { writeFreeSpace } from './free-space.ts';
import { readHandler, writeHandler } from './handler.ts';
import { readMediaHeader, writeMediaHeader } from './media-header.ts';
import { writeDataInformation, writeSoundMediaHeader, writeVideoMediaHeader } from './media-information.ts';
import {
  readMovieExtendsHeader,
  readTrackExtends,
  writeMovieExtendsHeader,
  writeTrackExtends,
} from './movie-extends.ts';
import { readMovieHeader, writeMovieHeader } from './movie-header.ts';
import {
  PRFT_CAPTURED,
  PRFT_SIZE,
  readProducerReferenceTime,
  writeProducerReferenceTime,
} from './producer-reference-time.ts';
import { readAudioSampleEntry, readVisualSampleEntry, writeSampleEntry } from './sample-entry.ts';
import {
  readChunkRun,
  readRunLength,
  readSampleSizes,
  readTable,
  writeLargeChunkOffsets,
  writeSampleSizes,
  writeTable,
} from './sample-tables.ts';
import { readSegmentIndex, writeSegmentIndex } from './segment-index.ts';
import {
  readDecodeTime,
  readMovieFragmentHeader,
  readTrackFragmentHeader,
  writeDecodeTime,
  writeMovieFragmentHeader,
  writeTrackFragmentHeader,
} from './track-fragment.ts';
import { readTrackHeader, writeTrackHeader } from './track-header.ts';
import {
  RUN_COMPOSITION_OFFSET,
  RUN_DATA_OFFSET,
  RUN_DURATION,
  RUN_FIRST_SAMPLE_FLAGS,
  RUN_SIZE,
  readTrackRun,
  trackRunSize,
  writeTrackRun,
} from './track-run.ts';

const LONG = ticks(2 ** 40 + 3);

describe('a box, written and read again', () => {
  it('ftyp and styp', () => {
    const box = { majorBrand: 'iso6', minorVersion: 1, compatibleBrands: ['cmfc', 'av01'] };
    expect(readFileType(body('ftyp', (writer) => writeFileType(writer, box)))).toEqual(box);
    expect(readFileType(body('styp', (writer) => writeFileType(writer, box, 'styp')))).toEqual(box);
  });

  it('free', () => {
    expect(body('free', (writer) => writeFreeSpace(writer, 5)).remaining).toBe(5);
  });

  it('mvhd', () => {
    const box = { timescale: timescale(600), duration: ticks(77), nextTrackId: 3 };
    expect(readMovieHeader(body('mvhd', (writer) => writeMovieHeader(writer, box)))).toEqual(box);
  });

  it('mvhd of version 1, with a duration that is not known', () => {
    const words = [0, 0, 0, 0, 600, -1, -1, 0x10000, 0x01000000, 0, 0, ...Array(15).fill(0), 4];
    const reader = childOf(fullBox('mvhd', 1, 0, ...words));
    expect(readMovieHeader(reader)).toEqual({ timescale: 600, duration: 0, nextTrackId: 4 });
  });

  it('tkhd', () => {
    const box = { trackId: 2, duration: ticks(5), audible: true, width: 1280, height: 720 };
    expect(readTrackHeader(body('tkhd', (writer) => writeTrackHeader(writer, box)))).toEqual(box);
  });

  it('elst', () => {
    const edits = [
      { duration: 40, mediaTime: -1 },
      { duration: 2 ** 33, mediaTime: 1024 },
    ];
    const edts = body('edts', (writer) => writeEditList(writer, edits));
    const [elst] = childBoxes(edts);
    expect(elst && readEditList(elst)).toEqual(edits);
    expect(readEditList(childOf(fullBox('elst', 0, 0, 1, 9, -1, 0x10000)))).toEqual([
      { duration: 9, mediaTime: -1 },
    ]);
  });

  it('mdhd', () => {
    const box = { timescale: timescale(90_000), duration: ticks(5) };
    expect(readMediaHeader(body('mdhd', (writer) => writeMediaHeader(writer, box)))).toEqual(box);
  });

  it('hdlr', () => {
    expect(readHandler(body('hdlr', (writer) => writeHandler(writer, 'soun', 'Audio')))).toBe('soun');
  });

  it('vmhd, smhd and dinf, which are always the same', () => {
    expect(hex(written(writeVideoMediaHeader))).toBe('00000014766d6864000000010000000000000000');
    expect(hex(written(writeSoundMediaHeader))).toBe('00000010736d68640000000000000000');
    expect(hex(written(writeDataInformation))).toBe(
      '0000002464696e660000001c6472656600000000000000010000000c75726c2000000001',
    );
  });

  it('trex and mehd', () => {
    const box = {
      trackId: 1,
      sampleDescription: 1,
      sampleDuration: 3,
      sampleSize: 4,
      sampleFlags: 0x01010000,
    };
    expect(readTrackExtends(body('trex', (writer) => writeTrackExtends(writer, box)))).toEqual(box);
    expect(readMovieExtendsHeader(body('mehd', (writer) => writeMovieExtendsHeader(writer, LONG)))).toBe(
      LONG,
    );
    expect(readMovieExtendsHeader(childOf(fullBox('mehd', 0, 0, 12)))).toBe(12);
  });

  it('mfhd and tfdt', () => {
    expect(readMovieFragmentHeader(body('mfhd', (writer) => writeMovieFragmentHeader(writer, 9)))).toBe(9);
    expect(readDecodeTime(body('tfdt', (writer) => writeDecodeTime(writer, LONG)))).toBe(LONG);
    expect(readDecodeTime(childOf(fullBox('tfdt', 0, 0, 12)))).toBe(12);
  });

  it.each([
    { trackId: 1, defaultBaseIsMoof: true },
    { trackId: 1, defaultBaseIsMoof: false, baseDataOffset: 2 ** 34 },
    {
      trackId: 2,
      defaultBaseIsMoof: true,
      sampleDescription: 2,
      sampleDuration: 3,
      sampleSize: 4,
      sampleFlags: 5,
    },
  ])('tfhd %o', (box) => {
    expect(readTrackFragmentHeader(body('tfhd', (writer) => writeTrackFragmentHeader(writer, box)))).toEqual(
      box,
    );
  });

  it.each([
    0,
    RUN_DATA_OFFSET,
    RUN_DATA_OFFSET | RUN_FIRST_SAMPLE_FLAGS | RUN_SIZE,
    RUN_DATA_OFFSET | RUN_DURATION | RUN_SIZE | RUN_COMPOSITION_OFFSET,
  ])('trun with flags %i', (flags) => {
    const samples = [
      { duration: ticks(40), compositionOffset: ticks(-40), data: new Uint8Array(7) },
      { duration: ticks(20), compositionOffset: ticks(80), data: new Uint8Array(9) },
    ];
    const bytes = written((writer) => writeTrackRun(writer, flags, 99, 0x02000000, samples));
    expect(bytes.length).toBe(trackRunSize(flags, samples.length));
    const run = readTrackRun(childOf(bytes));
    expect(run).toMatchObject({
      flags,
      sampleCount: 2,
      dataOffset: flags & RUN_DATA_OFFSET ? 99 : undefined,
    });
    const defaults = { duration: 30, size: 5, flags: 0x10000, sampleDescription: 1 };
    const reader = new FragmentRun(anyTrack(), run, defaults, 0, 0);
    for (const [index, sample] of samples.entries()) {
      expect(reader.advance()).toBe(true);
      expect(reader.duration).toBe(flags & RUN_DURATION ? sample.duration : 30);
      expect(reader.size).toBe(flags & RUN_SIZE ? sample.data.length : 5);
      expect(reader.compositionOffset).toBe(flags & RUN_COMPOSITION_OFFSET ? sample.compositionOffset : 0);
      expect(reader.keyframe).toBe(index === 0 && (flags & RUN_FIRST_SAMPLE_FLAGS) !== 0);
    }
    expect(reader.advance()).toBe(false);
    expect(measureRun(run, defaults)).toEqual({
      duration: 60,
      size: flags & RUN_SIZE ? 16 : 10,
    });
  });

  it('sidx', () => {
    const box = {
      trackId: 1,
      timescale: timescale(90_000),
      earliestPresentationTime: LONG,
      firstOffset: 12,
      references: [
        { size: 1000, duration: ticks(90_000), startsWithKeyframe: true },
        { size: 900, duration: ticks(80_000), startsWithKeyframe: false },
      ],
    };
    expect(readSegmentIndex(body('sidx', (writer) => writeSegmentIndex(writer, box)))).toEqual(box);
  });

  it('the tables of stbl', () => {
    const runs = readTable(
      body('stts', (writer) => writeTable(writer, 'stts', 2, [5, 40, 1, 20])),
      8,
    );
    expect([readRunLength(runs.lines), readRunLength(runs.lines)]).toEqual([
      { count: 5, value: 40 },
      { count: 1, value: 20 },
    ]);
    const chunks = readTable(
      body('stsc', (writer) => writeTable(writer, 'stsc', 1, [1, 6, 1])),
      12,
    );
    expect(readChunkRun(chunks.lines)).toEqual({ firstChunk: 1, samplesPerChunk: 6, sampleDescription: 1 });
    const offsets = readTable(
      body('co64', (writer) => writeLargeChunkOffsets(writer, [2 ** 33])),
      8,
    );
    expect(offsets.lines.u64()).toBe(2 ** 33);
    const sizes = readSampleSizes(body('stsz', (writer) => writeSampleSizes(writer, [7, 8])));
    expect([sizes.sampleSize, sizes.count, sizes.sizes.u32(), sizes.sizes.u32()]).toEqual([0, 2, 7, 8]);
  });

  it('sample entries with the boxes in them', () => {
    const video = {
      kind: 'video' as const,
      type: 'avc1',
      width: 640,
      height: 360,
      boxes: [{ type: 'avcC', body: VIDEO.configuration }],
    };
    expect(readVisualSampleEntry(body('avc1', (writer) => writeSampleEntry(writer, video)))).toEqual(video);
    const audio = {
      kind: 'audio' as const,
      type: 'Opus',
      channels: 2,
      sampleRate: 48_000,
      boxes: [{ type: 'dOps', body: OPUS.configuration }],
    };
    expect(readAudioSampleEntry(body('Opus', (writer) => writeSampleEntry(writer, audio)))).toEqual(audio);
  });

  it('esds', () => {
    const box = { objectType: 0x40, configuration: Uint8Array.of(0x12, 0x10) };
    expect(readElementaryStream(body('esds', (writer) => writeElementaryStream(writer, box)))).toEqual(box);
  });

  it('esds with sizes of four bytes and all of the optional fields', () => {
    const inner = [
      0x04,
      0x80,
      0x80,
      0x80,
      0x13,
      0x40,
      0x15,
      ...Array(11).fill(0),
      0x05,
      0x80,
      0x80,
      0x02,
      0x12,
      0x10,
    ];
    const fields = [0, 1, 0xe0, 0, 9, 2, 0x61, 0x62, 0, 7];
    const bytes = Uint8Array.of(
      0,
      0,
      0,
      0,
      0x03,
      0x80,
      0x80,
      0x80,
      fields.length + inner.length,
      ...fields,
      ...inner,
    );
    const { configuration } = readElementaryStream(new ByteReader(bytes, 'esds'));
    expect([...configuration]).toEqual([0x12, 0x10]);
  });

  it('prft, to a fraction of a millisecond', () => {
    const box = {
      trackId: 1,
      wallClock: milliseconds(1_767_225_600_123.25),
      mediaTime: LONG,
      flags: PRFT_CAPTURED,
    };
    const bytes = written((writer) => writeProducerReferenceTime(writer, box));
    expect(bytes.length).toBe(PRFT_SIZE);
    const read = readProducerReferenceTime(childOf(bytes));
    expect(read).toEqual({ ...box, wallClock: expect.closeTo(box.wallClock, 3) });
  });

  it("prft beyond the end of NTP's era, in 2036", () => {
    const wallClock = milliseconds(Date.UTC(2040, 1, 1));
    const box = { trackId: 1, wallClock, mediaTime: ticks(0), flags: PRFT_CAPTURED };
    const read = readProducerReferenceTime(body('prft', (writer) => writeProducerReferenceTime(writer, box)));
    expect(read.wallClock).toBe(wallClock);
  });

  it('prft of version 0', () => {
    const reader = childOf(fullBox('prft', 0, 24, 1, 2_208_988_801, 0x80000000, 90));
    expect(readProducerReferenceTime(reader)).toEqual({
      trackId: 1,
      wallClock: 1500,
      mediaTime: 90,
      flags: 24,
    });
  });
});

describe('what is inside a box', () => {
  it('may have padding behind it', () => {
    const reader = new ByteReader(concatenate(box('free'), new Uint8Array(4)), 'stsd');
    expect([...childBoxes(reader)].map(({ name }) => name)).toEqual(['free']);
  });
});

describe('a malformed box', () => {
  it('is refused when it ends in the middle of a field', () => {
    expect(() => readMediaHeader(childOf(fullBox('mdhd', 0, 0, 1, 2)))).toThrow("'mdhd' ends in the middle");
  });

  it('is refused when it is larger than the box around it', () => {
    const reader = new ByteReader(words32(100, 0x66726565), 'moov');
    expect(() => [...childBoxes(reader)]).toThrow("'free' is larger than the 'moov'");
  });

  it('is refused when its size is less than its header', () => {
    const reader = new ByteReader(words32(7, 0x66726565), 'moov');
    expect(() => [...childBoxes(reader)]).toThrow('impossible size, 7');
  });

  it('is refused when a table says more lines than it has', () => {
    expect(() => readTable(childOf(fullBox('stts', 0, 0, 0xffffffff, 1, 1)), 8)).toThrow(
      'shorter than it says',
    );
    expect(() => readTrackRun(childOf(fullBox('trun', 0, RUN_SIZE, 3, 1, 1)))).toThrow('lists fewer');
  });

  it('is refused when a number is beyond 2^53', () => {
    expect(() => readDecodeTime(childOf(fullBox('tfdt', 1, 0, 0x00400000, 0)))).toThrow('beyond 2^53');
  });
});

function body(type: string, write: (writer: ByteWriter) => void): ByteReader {
  const reader = childOf(written(write));
  expect(reader.name).toBe(type);
  return reader;
}

function childOf(bytes: Uint8Array): ByteReader {
  const [reader, ...more] = childBoxes(new ByteReader(bytes, 'test'));
  if (!reader || more.length > 0) throw new Error('not one box');
  return reader;
}

function anyTrack(): TrackReader {
  const tables = {} as never;
  const media = { timescale: timescale(1000), duration: ticks(0) };
  const header = { trackId: 1, duration: ticks(0), audible: true, width: 0, height: 0 };
  const boxes = [{ type: 'dOps', body: OPUS.configuration }];
  const entries = [{ kind: 'audio' as const, type: 'Opus', channels: 1, sampleRate: 48_000, boxes }];
  return new TrackReader(
    0,
    { header, media, handler: 'soun', edits: [], entries, tables },
    undefined,
    timescale(1000),
    1,
  );
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
