import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { type HeardTone, TONE_RATE, ToneReader } from './tone-reader.ts';

/** The stamp's grid is 8 × 6 cells; the picture is scaled down to so many pixels a cell. */
const CELL = 8;
const WIDTH = 8 * CELL;
const HEIGHT = 6 * CELL;

/** One picture as the decoder gives it. */
export interface DecodedFrame {
  /** What the test camera wrote on it; null where it is none of its pictures. */
  readonly stamp: { readonly frame: number; readonly time: number } | null;
  /** Of all its pixels. */
  readonly hash: string;
  /** When it is to be shown, in ms. */
  readonly time: number;
}

/** Everything in a file that can be seen and heard. */
export interface DecodedMedia {
  readonly frames: readonly DecodedFrame[];
  readonly tones: readonly HeardTone[];
  /** How long the sound is, in ms, from the first to the last of it. */
  readonly soundLength: number;
  /** What the decoder complained of. */
  readonly complaints: string;
}

interface Unit {
  readonly time: number;
  readonly size: number;
  readonly hash: string;
}

/** Decodes a file once, whole: every picture, hashed and read, and every counted tone. */
export async function decodeMedia(file: string): Promise<DecodedMedia> {
  const folder = await mkdtemp(join(tmpdir(), 'headwater-decoded-'));
  const [hashes, pictures, sounds, samples] = ['hashes', 'pictures', 'sounds', 'samples'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string];
  const video = ['-map', '0:v:0', '-fps_mode', 'passthrough', '-enc_time_base', '-1'];
  const audio = ['-map', '0:a:0', '-ac', '1', '-ar', String(TONE_RATE), '-c:a', 'pcm_s16le'];
  try {
    const { stderr } = await promisify(execFile)('ffmpeg', [
      ...['-v', 'error', '-nostdin', '-copyts', '-i', file],
      ...[...video, '-f', 'framehash', '-hash', 'murmur3', hashes],
      ...[...video, '-vf', `scale=${WIDTH}:${HEIGHT}:flags=area,format=gray`, '-f', 'rawvideo', pictures],
      ...[...audio, '-f', 'framehash', '-hash', 'crc32', sounds],
      ...[...audio, '-f', 's16le', samples],
    ]);
    const units = await readUnits(hashes);
    const heard = await readTones(await readUnits(sounds), samples);
    return { frames: stampFrames(units, await readFile(pictures)), ...heard, complaints: stderr.trim() };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Reads ffmpeg's `framehash` text: stream, dts, pts, duration, size and hash of each frame. */
async function readUnits(file: string): Promise<Unit[]> {
  const units: Unit[] = [];
  let tick = Number.NaN;
  for await (const line of createInterface(createReadStream(file))) {
    const base = /^#tb 0: (\d+)\/(\d+)/.exec(line);
    if (base) tick = (1000 * Number(base[1])) / Number(base[2]);
    if (line.startsWith('#')) continue;
    const [, , pts, , size, hash = ''] = line.split(',').map((field) => field.trim());
    units.push({ time: Number(pts) * tick, size: Number(size), hash });
  }
  return units;
}

function stampFrames(units: readonly Unit[], pictures: Uint8Array): DecodedFrame[] {
  return units.map(({ time, hash }, index) => ({
    stamp: readStamp(pictures.subarray(index * WIDTH * HEIGHT, (index + 1) * WIDTH * HEIGHT)),
    hash,
    time,
  }));
}

/** Reads a stamp as the test camera writes it (test-camera.ts). */
function readStamp(picture: Uint8Array): DecodedFrame['stamp'] {
  const bits = Array.from({ length: 48 }, (_, index) => {
    const [column, row] = [index % 8, Math.floor(index / 8)];
    return (picture[(row * CELL + CELL / 2) * WIDTH + column * CELL + CELL / 2] ?? 0) > 127 ? 1 : 0;
  });
  const toNumber = (part: readonly number[]) => part.reduce<number>((sum, bit) => sum * 2 + bit, 0);
  let check = 0;
  for (let index = 0; index < 44; index += 4) check ^= toNumber(bits.slice(index, index + 4));
  if (check !== toNumber(bits.slice(44))) return null;
  return { frame: toNumber(bits.slice(0, 16)), time: toNumber(bits.slice(16, 44)) };
}

async function readTones(units: readonly Unit[], file: string) {
  const bytes = await readFile(file);
  const samples = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1);
  const reader = new ToneReader();
  let offset = 0;
  for (const { time, size } of units) {
    reader.read(samples.subarray(offset, offset + size / 2), time);
    offset += size / 2;
  }
  return { tones: reader.tones, soundLength: reader.end - (units[0]?.time ?? 0) };
}
