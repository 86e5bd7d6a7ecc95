import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rendition } from '../src/channel/rendition.ts';
import type { Chunk } from '../src/media/chunk.ts';
import { ticksToMilliseconds } from '../src/media/time.ts';
import { CollectingChunkSink } from '../src/package/collecting-chunk-sink.ts';
import { systemClock as clock } from '../src/server/system-clock.ts';
import { packageRecording } from '../src/transcode/beep-source.ts';
import { KeptLog, TestBroadcast } from '../src/transcode/test-broadcast.ts';
import { Transcoder } from '../src/transcode/transcoder.ts';
import { makeMaterial } from './support/material.ts';
import { percentile } from './support/percentile.ts';
import { measureUsage } from './support/process-usage.ts';
import type { Result } from './support/result.ts';

const SETTLE_SECONDS = 5;
const MEASURE_SECONDS = 20;
const SECONDS = SETTLE_SECONDS + MEASURE_SECONDS + 5;
/** Noise and tones, which cost an encoder about what music does, in Opus packets of 60 ms as browsers record them. */
const SOUND = [
  ...['-f', 'lavfi', '-i', 'anoisesrc=color=pink:amplitude=0.3:sample_rate=48000'],
  ...['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000', '-filter_complex', 'amerge=inputs=2'],
  ...['-t', `${SECONDS}`, '-c:a', 'libopus', '-frame_duration', '60', '-b:a', '128k', '-f', 'matroska'],
];

interface Measured {
  /** Of the child, percent of a core. */
  readonly cpu: number;
  /** Bytes that no other process shares. */
  readonly own: number;
  readonly delays: readonly number[];
}

const endOf = ({ dts, duration, timescale }: Chunk) =>
  ticksToMilliseconds(dts, timescale) + ticksToMilliseconds(duration, timescale);

/** Plays a recording as it was made, and measures the child and how much later than its source each chunk comes. */
async function measure(
  recording: Uint8Array,
  kind: Chunk['kind'],
  open: (from: Transcoder, source: TestBroadcast) => Rendition,
) {
  const made = new CollectingChunkSink();
  packageRecording(recording, made);
  const source = new TestBroadcast();
  const log = new KeptLog();
  let pid = 0;
  log.onLine = (_, fields) => {
    pid = fields.pid ?? pid;
  };
  const settings = { enabled: true, ffmpeg: 'ffmpeg', maxChildren: 1 };
  const transcoder = new Transcoder({ settings, clock, log });
  const came: { readonly end: number; readonly at: number }[] = [];
  const delays: number[] = [];
  open(transcoder, source).follow({
    epoch: () => {},
    end: () => {},
    chunk: (chunk) => {
      const whole = came.find(({ end }) => end >= endOf(chunk) - 0.01);
      if (whole && endOf(chunk) > SETTLE_SECONDS * 1000) delays.push(performance.now() - whole.at);
    },
  });
  const start = performance.now();
  const [epoch] = made.epochs;
  if (epoch) source.epoch(epoch);
  const usage = sleep(SETTLE_SECONDS * 1000).then(() => measureUsage([pid], MEASURE_SECONDS));
  for (const chunk of made.chunks) {
    const end = endOf(chunk);
    if (end > SECONDS * 1000) break;
    const wait = start + end - performance.now();
    if (wait > 1) await sleep(wait);
    if (chunk.kind === kind) came.push({ end, at: performance.now() });
    source.chunk(chunk);
  }
  const { cpuPercent, private: own } = await usage;
  source.end();
  await transcoder.close();
  return { cpu: cpuPercent, own, delays } satisfies Measured;
}

/** An ffmpeg that does the same from a file, as slowly: what the work itself costs. */
async function measureFloor(input: string, options: readonly string[]): Promise<number> {
  const child: ChildProcess = spawn('ffmpeg', [
    '-v',
    'error',
    '-re',
    '-i',
    input,
    ...options,
    '-f',
    'null',
    '-',
  ]);
  await sleep(SETTLE_SECONDS * 1000);
  const { cpuPercent } = await measureUsage([child.pid ?? 0], MEASURE_SECONDS);
  child.kill('SIGKILL');
  return cpuPercent;
}

/** What one child costs for one broadcast, and how much later its media comes. */
export async function benchTranscode(): Promise<Result[]> {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-bench-'));
  try {
    const sound = join(folder, 'sound.mka');
    execFileSync('ffmpeg', ['-v', 'error', ...SOUND, sound]);
    return await measureBoth(sound, makeMaterial());
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measureBoth(sound: string, material: string): Promise<Result[]> {
  const aac = await measure(read(sound), 'audio', (from, { broadcast }) => from.aac(broadcast));
  const video = await measure(read(material), 'video', (from, { broadcast }) =>
    from.h264(broadcast, 'always'),
  );
  const aacFloor = await measureFloor(sound, [
    '-vn',
    '-c:a',
    'aac',
    '-b:a',
    '128k',
    '-ac',
    '2',
    '-threads',
    '1',
  ]);
  const encode = ['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-b:v', '2765k'];
  const h264Floor = await measureFloor(material, ['-an', ...encode]);
  return [
    ...rows('Opus to AAC, 128 kbit/s', aac, aacFloor),
    ...rows('H.264 to H.264, 720p30', video, h264Floor),
  ];
}

const read = (file: string) => new Uint8Array(readFileSync(file));

function rows(work: string, { cpu, own, delays }: Measured, floor: number): Result[] {
  const delay = { work, besideName: '–', beside: null, unit: 'ms', budget: '–' };
  return [
    {
      ...{ work, figure: 'CPU of the child', ours: cpu, unit: '% of a core', budget: '–' },
      ...{ besideName: 'ffmpeg -re from a file', beside: floor },
    },
    { ...delay, figure: 'memory of its own', ours: own / 1e6, unit: 'MB' },
    { ...delay, figure: 'added delay, p50', ours: percentile(delays, 50) },
    { ...delay, figure: 'added delay, p95', ours: percentile(delays, 95) },
  ];
}
