import { readFile } from 'node:fs/promises';
import type { ChunkSink } from '../../../src/media/chunk.ts';
import type { Sample } from '../../../src/media/sample.ts';
import { type Milliseconds, milliseconds, ticks, ticksToMilliseconds } from '../../../src/media/time.ts';
import type { Track } from '../../../src/media/track.ts';
import { WebmDemuxer } from '../../../src/media/webm/webm-demuxer.ts';
import { Packager } from '../../../src/package/packager.ts';

/** A sample of the track at that position. */
interface Entry {
  readonly track: number;
  readonly sample: Sample;
}

/** What came out of a recording in one piece, and when. */
interface Piece {
  /** Milliseconds after the first piece. */
  readonly at: number;
  readonly entries: readonly Entry[];
}

/** A recording by a real browser, in the rhythm in which it came. */
export interface TestRecording {
  readonly tracks: readonly Track[];
  readonly pieces: readonly Piece[];
  /** Of one round, in milliseconds. */
  readonly length: number;
}

const PIECE = 120;
/** Chromium's, in milliseconds: rounds of whole packets leave no hole in the sound. */
const OPUS_PACKET = 60;

/** Reads a WebM file; without arrival times it comes in pieces of 120 ms, as MediaRecorder's do. */
export async function readRecording(file: string, arrivals?: string): Promise<TestRecording> {
  const bytes = new Uint8Array(await readFile(file));
  const slices: [number, number][] = arrivals
    ? JSON.parse(await readFile(arrivals, 'utf8'))
    : [[0, bytes.length]];
  let tracks: readonly Track[] = [];
  const pieces: { at: number; entries: Entry[] }[] = [];
  let entries: Entry[] = [];
  const demuxer = new WebmDemuxer({
    tracks: (list) => {
      tracks = list;
    },
    sample: (track, sample) => entries.push({ track, sample }),
  });
  let offset = 0;
  for (const [at, size] of slices) {
    entries = [];
    pieces.push({ at, entries });
    demuxer.push(bytes.slice(offset, offset + size));
    offset += size;
  }
  demuxer.end();
  const timeOf = ({ track, sample }: Entry) => timeIn(tracks, track, sample);
  const all = pieces.flatMap((piece) => piece.entries);
  const packets = all.filter(({ track }) => tracks[track]?.kind === 'audio').length;
  return { tracks, pieces: arrivals ? pieces : inPieces(all, timeOf), length: packets * OPUS_PACKET };
}

function timeIn(tracks: readonly Track[], position: number, sample: Sample): number {
  const track = tracks[position];
  if (!track) throw new Error('The recording has a sample of no track.');
  return ticksToMilliseconds(sample.dts, track.timescale);
}

function inPieces(entries: readonly Entry[], timeOf: (entry: Entry) => number): Piece[] {
  const byTime = Map.groupBy(entries, (entry) => Math.floor(timeOf(entry) / PIECE));
  return [...byTime].map(([index, list]) => ({ at: (index + 1) * PIECE, entries: list }));
}

/** Publishes a recording round after round, as a publisher of this project would: through the packager. */
export class TestPublisher {
  readonly #recording: TestRecording;
  readonly #packager: Packager;
  #index = 0;

  /** `wall`: when the recording's first moment was captured, in ms since 1970. */
  constructor(
    recording: TestRecording,
    sink: ChunkSink,
    startAt: Milliseconds,
    firstEpoch: number,
    wall: number,
  ) {
    this.#recording = recording;
    const captureClock = { known: true, wallClock: (source: Milliseconds) => milliseconds(wall + source) };
    this.#packager = new Packager({ sink, startAt, firstEpoch, captureClock });
    this.#packager.tracks(recording.tracks);
  }

  /** Where the next publisher goes on. */
  get position(): Milliseconds {
    return this.#packager.position;
  }

  /** The index of the next publisher's first epoch. */
  get nextEpoch(): number {
    return this.#packager.nextEpoch;
  }

  /** When the next piece is due, in milliseconds after the start. */
  get due(): number {
    const { pieces, length } = this.#recording;
    const round = Math.floor(this.#index / pieces.length);
    return round * length + (pieces[this.#index % pieces.length]?.at ?? 0);
  }

  /** Sends the next piece. */
  deliver(): void {
    const { pieces, tracks, length } = this.#recording;
    const round = Math.floor(this.#index / pieces.length);
    for (const { track, sample } of pieces[this.#index % pieces.length]?.entries ?? []) {
      const scale = tracks[track]?.timescale ?? 0;
      const offset = Math.round((round * length * scale) / 1000);
      const [dts, pts] = [ticks(sample.dts + offset), ticks(sample.pts + offset)];
      this.#packager.sample(track, { ...sample, dts, pts });
    }
    this.#index += 1;
  }
}
