import { closeSync, openSync, writeSync } from 'node:fs';
import { writeRecordingHeader } from '../../src/egress/recording/recording-header.ts';
import type { Chunk, Epoch } from '../../src/media/chunk.ts';
import { moveChunk } from '../../src/media/mp4/move-chunk.ts';
import { openDemuxer } from '../../src/media/open-demuxer.ts';
import { milliseconds, ticks } from '../../src/media/time.ts';
import { Packager } from '../../src/package/packager.ts';
import { readFixture } from './fixtures.ts';

/** What was written. */
export interface LoopedRecording {
  /** Chunks of video and of audio; a chunk of video is a frame. */
  readonly frames: number;
  readonly audioChunks: number;
  /** Of the media, in seconds. */
  readonly duration: number;
}

/** Between two rounds, so that both tracks begin each one at a whole tick. */
const STEP = 20;
const BATCH = 4 * 1024 * 1024;

/** Writes a fragmented recording of at least that many seconds: a fixture over and over, as fast as it can be written. */
export function writeLoopedRecording(path: string, fixture: string, seconds: number): LoopedRecording {
  const { epoch, chunks, position } = packageFixture(fixture);
  const round = Math.ceil(position / STEP) * STEP;
  const rounds = Math.ceil((seconds * 1000) / round);
  const file = openSync(path, 'w');
  let batch: Uint8Array[] = [
    writeRecordingHeader(epoch.tracks, { duration: milliseconds(0), inBandParameterSets: false }),
  ];
  let size = 0;
  const flush = () => {
    writeSync(file, Buffer.concat(batch));
    batch = [];
    size = 0;
  };
  for (let index = 0; index < rounds; index += 1) {
    for (const chunk of chunks) {
      batch.push(...moveChunk(chunk.bytes, ticks((-index * round * chunk.timescale) / 1000)));
      size += chunk.bytes.length;
      if (size > BATCH) flush();
    }
  }
  flush();
  closeSync(file);
  const frames = chunks.filter(({ kind }) => kind === 'video').length * rounds;
  const audioChunks = chunks.filter(({ kind }) => kind === 'audio').length * rounds;
  return { frames, audioChunks, duration: (round * (rounds - 1) + position) / 1000 };
}

function packageFixture(fixture: string): { epoch: Epoch; chunks: Chunk[]; position: number } {
  const epochs: Epoch[] = [];
  const chunks: Chunk[] = [];
  const packager = new Packager({
    sink: { epoch: (epoch) => void epochs.push(epoch), chunk: (chunk) => void chunks.push(chunk) },
    startAt: milliseconds(0),
    firstEpoch: 0,
    captureClock: { known: false, wallClock: () => milliseconds(0) },
  });
  const demuxer = openDemuxer(packager);
  demuxer.push(new Uint8Array(readFixture(fixture)));
  demuxer.end();
  packager.flush();
  const [epoch] = epochs;
  if (!epoch) throw new Error(`${fixture} has no tracks`);
  return { epoch, chunks, position: packager.position };
}
