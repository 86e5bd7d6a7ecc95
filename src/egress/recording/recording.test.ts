import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../test/contract/test-socket.ts';
import { Broadcast } from '../../channel/broadcast.ts';
import { DEFAULT_GROUP_BUFFER } from '../../channel/hub.ts';
import { ManualClock } from '../../channel/manual-clock.ts';
import type { Chunk, Epoch } from '../../media/chunk.ts';
import { childBoxes } from '../../media/mp4/box.ts';
import { readMovieExtendsHeader } from '../../media/mp4/boxes/movie-extends.ts';
import { readSegmentIndex, type SegmentIndex } from '../../media/mp4/boxes/segment-index.ts';
import { ByteReader } from '../../media/mp4/byte-reader.ts';
import { writeChunk } from '../../media/mp4/cmaf-chunk.ts';
import { mimeOf, writeInit } from '../../media/mp4/cmaf-header.ts';
import { readMovieFragment } from '../../media/mp4/movie-fragment.ts';
import { bytes, milliseconds, ticks, timescale } from '../../media/time.ts';
import type { VideoTrack } from '../../media/track.ts';
import { type BroadcastRecording, recordBroadcast } from './from-channel.ts';
import type { RecordingExtent } from './recording-catalog.ts';

const SPS = Buffer.from('6742c01fd9014016e9b808080a000003000200000300641e306540', 'hex');
const PPS = Buffer.from('68cb83cb20', 'hex');
const IDR = Buffer.from('6588840a', 'hex');

/** `avcC` with one SPS and one PPS, four bytes before each unit. */
function avcRecord(level: number): Uint8Array {
  const size = (unit: Uint8Array) => [unit.length >> 8, unit.length & 255];
  return Uint8Array.of(1, 0x42, 0xc0, level, 0xff, 0xe1, ...size(SPS), ...SPS, 1, ...size(PPS), ...PPS);
}

const video = (level = 31): VideoTrack => ({
  kind: 'video',
  codec: 'avc',
  codecString: `avc1.42c0${level.toString(16)}`,
  timescale: timescale(90_000),
  configuration: avcRecord(level),
  width: 640,
  height: 360,
});

const vp9: VideoTrack = {
  ...video(),
  codec: 'vp9',
  codecString: 'vp09.00.30.08',
  configuration: Uint8Array.of(1, 0, 0, 0, 0, 30, 0x82, 2, 2, 2, 0, 0),
};

function epochOf(index: number, track: VideoTrack): Epoch {
  return { index, tracks: [track], init: writeInit([track]), mime: mimeOf([track]) };
}

const lengthPrefixed = (units: readonly Buffer[]) =>
  Buffer.concat(units.flatMap((unit) => [Buffer.of(0, 0, unit.length >> 8, unit.length & 255), unit]));

/** One frame at 30 fps; a keyframe at the start of each second. */
function frame(at: number, units: readonly Buffer[] = [IDR]): Chunk {
  const keyframe = at % 30 === 0;
  const sample = { duration: ticks(3000), compositionOffset: ticks(0), data: lengthPrefixed(units) };
  const decodeTime = ticks(at * 3000);
  return {
    kind: 'video',
    trackId: 1,
    timescale: timescale(90_000),
    dts: decodeTime,
    duration: ticks(3000),
    samples: 1,
    keyframe,
    startsGroup: keyframe,
    wallClock: milliseconds(0),
    bytes: writeChunk({ trackId: 1, sequence: at + 1, decodeTime, keyframe, referenceTime: undefined }, [
      sample,
    ]),
  };
}

/** The top-level boxes of a file: type, and position of the body. */
function boxesOf(file: Buffer) {
  return [...childBoxes(new ByteReader(file, 'file'))];
}

const typesOf = (file: Buffer) => boxesOf(file).map(({ name }) => name);

function indexOf(file: Buffer): SegmentIndex | undefined {
  const box = boxesOf(file).find(({ name }) => name === 'sidx');
  return box && readSegmentIndex(box);
}

function find(reader: ByteReader, ...path: string[]): ByteReader | undefined {
  const [type, ...rest] = path;
  const box = [...childBoxes(reader)].find(({ name }) => name === type);
  return box && rest.length > 0 ? find(box, ...rest) : box;
}

describe('a recorded broadcast', () => {
  let folder = '';
  const clock = new ManualClock();
  const told: string[] = [];
  const extents: RecordingExtent[] = [];
  let broadcast: Broadcast;
  let recording: BroadcastRecording;

  const catalog = {
    created: async ({ id, mime }: { id: string; mime: string }) => void told.push(`created ${id} ${mime}`),
    progressed: async (id: string, extent: RecordingExtent) => {
      told.push(`progressed ${id}`);
      extents.push(extent);
    },
    completed: async (id: string, extent: RecordingExtent) => {
      told.push(`completed ${id}`);
      extents.push(extent);
    },
    damaged: async (id: string, extent: RecordingExtent, reason: string) => {
      told.push(`damaged ${id}: ${reason}`);
      extents.push(extent);
    },
  };

  function start(options: { maxQueue?: number } = {}) {
    const info = { id: 'b1', channel: 'main', title: null, startedAt: milliseconds(0) };
    broadcast = new Broadcast(info, DEFAULT_GROUP_BUFFER);
    let made = 0;
    recording = recordBroadcast(broadcast, {
      folder,
      catalog,
      clock,
      log: { info: () => {}, warn: () => {}, error: () => {} },
      newRecordingId: () => `r${++made}`,
      ...(options.maxQueue !== undefined && { maxQueue: bytes(options.maxQueue) }),
    });
  }

  function play(epoch: Epoch, from: number, to: number, units?: readonly Buffer[]) {
    broadcast.startEpoch(epoch);
    for (let at = from; at < to; at += 1) broadcast.push(epoch, frame(at, at % 30 === 0 ? units : [IDR]));
  }

  async function end() {
    broadcast.setState('ended');
    await recording.closed;
  }

  const fileOf = (id: string) => readFileSync(join(folder, id, 'media.mp4'));

  /** A file may be read in the middle of a write, when its last box is not all there. */
  function groupsSoFar(id: string): number | undefined {
    try {
      return indexOf(fileOf(id))?.references.length;
    } catch {
      return undefined;
    }
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'headwater-recording-'));
    told.length = 0;
    extents.length = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is its chunks as they are, behind a header with an index of its groups', async () => {
    start();
    play(epochOf(0, video()), 0, 75);
    await end();
    const file = fileOf('r1');
    expect(typesOf(file).slice(0, 6)).toEqual(['ftyp', 'moov', 'sidx', 'free', 'moof', 'mdat']);
    const media = Buffer.concat(Array.from({ length: 75 }, (_, at) => frame(at).bytes));
    expect(file.subarray(file.length - media.length).equals(media)).toBe(true);
    const index = indexOf(file);
    expect(index?.references.map(({ duration }) => duration)).toEqual([90_000, 90_000, 45_000]);
    expect(index?.references.reduce((sum, { size }) => sum + size, 0)).toBe(media.length);
    const moov = boxesOf(file)[1];
    const mehd = moov && find(moov, 'mvex', 'mehd');
    expect(mehd && readMovieExtendsHeader(mehd)).toBe(2500);
    expect(told).toEqual(['created r1 video/mp4; codecs="avc1.42c01f"', 'completed r1']);
    expect(extents).toEqual([{ size: file.length, duration: 2500, gaps: [] }]);
  });

  it('leads from its index to each group', async () => {
    start();
    play(epochOf(0, video()), 0, 90);
    await end();
    const file = fileOf('r1');
    const index = indexOf(file);
    let at = file.indexOf('sidx') - 4;
    at += file.readUInt32BE(at) + (index?.firstOffset ?? 0);
    for (const [group, { size }] of (index?.references ?? []).entries()) {
      const first = Buffer.from(frame(group * 30).bytes);
      expect(file.subarray(at, at + first.length).equals(first)).toBe(true);
      at += size;
    }
    expect(at).toBe(file.length);
  });

  it('has an index and tells its progress while it grows, every ten seconds', async () => {
    start();
    const epoch = epochOf(0, video());
    play(epoch, 0, 60);
    clock.advance(10_000);
    for (let at = 60; at < 90; at += 1) broadcast.push(epoch, frame(at));
    await eventually(() => groupsSoFar('r1') === 3);
    expect(told.at(-1)).toBe('progressed r1');
    await end();
  });

  it('goes on in the same file where the next epoch has the same configuration', async () => {
    start();
    play(epochOf(0, video()), 0, 30);
    play(epochOf(1, video()), 30, 60);
    await end();
    expect(told.at(-1)).toBe('completed r1');
    expect(indexOf(fileOf('r1'))?.references).toHaveLength(2);
    expect(fileOf('r1').includes('avc1')).toBe(true);
  });

  it('goes on in the same file where keyframes bring the parameter sets that changed, as avc3', async () => {
    start();
    play(epochOf(0, video()), 0, 30, [SPS, PPS, IDR]);
    play(epochOf(1, video(40)), 30, 60, [SPS, PPS, IDR]);
    await end();
    expect(told.at(-1)).toBe('completed r1');
    expect(fileOf('r1').includes('avc3')).toBe(true);
  });

  it('begins another recording where they do not, with a timeline of its own', async () => {
    start();
    play(epochOf(0, video()), 0, 30);
    play(epochOf(1, video(40)), 30, 60);
    await end();
    expect(told.filter((call) => call.startsWith('completed')).sort()).toEqual([
      'completed r1',
      'completed r2',
    ]);
    expect(extents.map(({ duration }) => duration)).toEqual([1000, 1000]);
    const index = indexOf(fileOf('r2'));
    expect(index?.earliestPresentationTime).toBe(0);
    const times = boxesOf(fileOf('r2')).filter(({ name }) => name === 'moof');
    expect(times.map((moof) => readMovieFragment(moof).tracks[0]?.decodeTime).slice(0, 3)).toEqual([
      0, 3000, 6000,
    ]);
    expect(recording.id).toBe('r2');
  });

  it('begins another recording with another codec', async () => {
    start();
    play(epochOf(0, video()), 0, 30);
    play(epochOf(1, vp9), 30, 60);
    await end();
    expect(told.filter((call) => call.startsWith('created'))).toEqual([
      'created r1 video/mp4; codecs="avc1.42c01f"',
      'created r2 video/mp4; codecs="vp09.00.30.08"',
    ]);
  });

  it('goes on over another size of VP9, whose keyframes say all', async () => {
    start();
    play(epochOf(0, vp9), 0, 30);
    play(
      epochOf(1, { ...vp9, codecString: 'vp09.00.40.08', configuration: Uint8Array.of(1, 0, 0, 0, 0, 40) }),
      30,
      60,
    );
    await end();
    expect(told.filter((call) => call.startsWith('created'))).toHaveLength(1);
  });

  it('is damaged, and nothing else is, when the disk falls too far behind', async () => {
    start({ maxQueue: 200_000 });
    play(epochOf(0, video()), 0, 30, [Buffer.alloc(60_000, 1), Buffer.alloc(60_000, 1)]);
    expect(broadcast.state).toBe('live');
    expect(recording.state).toBe('damaged');
    await end();
    expect(told.at(-1)).toMatch(/^damaged r1: the disk is too slow/);
    expect(typesOf(fileOf('r1')).slice(0, 3)).toEqual(['ftyp', 'moov', 'sidx']);
  });

  it('does not disturb the broadcast when its folder cannot be made', async () => {
    writeFileSync(join(folder, 'r1'), 'in the way');
    start();
    play(epochOf(0, video()), 0, 60);
    expect(broadcast.state).toBe('live');
    expect(recording.state).toBe('damaged');
    await end();
    expect(told).toEqual([
      expect.stringMatching(/^created r1/),
      expect.stringMatching(/^damaged r1: .*EEXIST/),
    ]);
  });

  it('that never had a chunk leaves nothing behind', async () => {
    start();
    broadcast.startEpoch(epochOf(0, video()));
    await end();
    expect(recording.id).toBeUndefined();
    expect(told).toEqual([]);
  });
});
