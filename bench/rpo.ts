import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KillableServer } from '../test/e2e/chaos/killable-server.ts';
import { Random } from '../test/e2e/chaos/random.ts';
import { newStreamKey } from '../test/e2e/support/publish-file.ts';
import { MATERIAL_SECONDS, makeMaterial } from './support/material.ts';
import { PacedPublisher } from './support/paced-publisher.ts';
import { percentile } from './support/percentile.ts';
import type { Result } from './support/result.ts';

/** Servers that are killed at the same time, each with a publisher of its own. */
const LANES = 2;
/** A kill comes so long after the publisher is back, in ms. */
const SOONEST = 100;
const LATEST = 2500;
const FFMPEG_KILLS = 40;

/** What one kill cost. */
interface Kill {
  /** Bytes that were acknowledged and are not on disk, or not as they were sent. */
  readonly lost: number;
  /** What was sent and is not on disk, in ms of media: what a publisher that keeps nothing would lose. */
  readonly notStored: number;
  /** What was sent and not acknowledged, in ms of media: what a power loss would cost it at most. */
  readonly notAcknowledged: number;
}

const media = () => {
  const bytes = readFileSync(makeMaterial());
  return { bytes, perMs: bytes.length / (MATERIAL_SECONDS * 1000) };
};

/** A publisher and a server that is killed again and again; the publisher goes on where the server says. */
async function killOften(kills: number, seed: number): Promise<Kill[]> {
  const random = new Random(seed);
  const { bytes, perMs } = media();
  const server = await KillableServer.start();
  try {
    const key = await newStreamKey(server.now);
    const url = `${server.now.url.replace('http', 'ws')}/live/main/publish`;
    const done: Kill[] = [];
    let session = randomUUID();
    let acknowledged = 0;
    while (done.length < kills) {
      const publisher = await PacedPublisher.open({ url, key, session, media: bytes, bytesPerMs: perMs });
      const forgotten = Math.max(0, acknowledged - publisher.offset);
      await new Promise((pass) => setTimeout(pass, random.between(SOONEST, LATEST)));
      if (publisher.atEnd) {
        await publisher.end();
        session = randomUUID();
        acknowledged = 0;
        continue;
      }
      const { sent } = publisher;
      await server.kill();
      await publisher.closed;
      acknowledged = publisher.acknowledged;
      const stored = storedBytes(join(server.data, 'journal', session), bytes);
      done.push({
        lost: forgotten + Math.max(0, acknowledged - stored),
        notStored: (sent - stored) / perMs,
        notAcknowledged: (sent - acknowledged) / perMs,
      });
      await server.restart();
    }
    return done;
  } finally {
    await server.close();
  }
}

/** How many bytes of a journal there are that are those which were sent. */
function storedBytes(journal: string, sent: Buffer): number {
  const stored = readFileSync(journal);
  if (stored.equals(sent.subarray(0, stored.length))) return stored.length;
  return stored.findIndex((byte, index) => byte !== sent[index]);
}

/** The peer: a child of ffmpeg that copies the same stream to a file, killed too. What it was sent and did not write, in ms. */
async function killFfmpeg(random: Random, folder: string, index: number): Promise<number> {
  const { bytes, perMs } = media();
  const file = join(folder, `${index}.mp4`);
  const args = ['-v', 'quiet', '-y', '-i', '-', '-c', 'copy', '-movflags', 'frag_keyframe+empty_moov', file];
  const child = spawn('ffmpeg', args, { stdio: ['pipe', 'ignore', 'ignore'] });
  child.stdin.on('error', () => {});
  const begin = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.floor((performance.now() - begin) * perMs);
    child.stdin.write(bytes.subarray(sent, due));
    sent = due;
  }, 100);
  await new Promise((pass) => setTimeout(pass, random.between(6000, 9000)));
  clearInterval(timer);
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
  return sent / perMs - (await readableLength(file));
}

/** How much of a file that ends anywhere can be read, in ms. */
async function readableLength(file: string): Promise<number> {
  const { stdout } = await promisify(execFile)('ffprobe', [
    ...['-v', 'quiet', '-select_streams', 'v:0', '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', file],
  ]);
  return Number(stdout.trim().split('\n').at(-1)) * 1000;
}

/** What a SIGKILL of the server costs, at so many random moments: nothing that was acknowledged, and how much that was not. */
export async function benchRpo(kills: number): Promise<Result[]> {
  const lanes = Array.from({ length: LANES }, (_, lane) => killOften(Math.ceil(kills / LANES), lane + 1));
  const done = (await Promise.all(lanes)).flat();
  const folder = mkdtempSync(join(tmpdir(), 'headwater-rpo-'));
  const random = new Random(99);
  const ffmpeg: number[] = [];
  while (ffmpeg.length < FFMPEG_KILLS) {
    const round = Array.from({ length: 8 }, (_, index) => killFfmpeg(random, folder, index));
    ffmpeg.push(...(await Promise.all(round)));
  }
  rmSync(folder, { recursive: true });
  const lost = done.reduce((sum, kill) => sum + kill.lost, 0);
  if (lost > 0) process.exitCode = 1;
  const work = `RPO, ${done.length} kills`;
  const row = (figure: string, ours: number, beside: number | null, budget: string): Result => {
    return { work, figure, ours, besideName: 'killed `ffmpeg -c copy`', beside, unit: 'ms', budget };
  };
  const stored = done.map(({ notStored }) => notStored);
  const acknowledged = done.map(({ notAcknowledged }) => notAcknowledged);
  return [
    { ...row('acknowledged and lost', lost, null, '0'), unit: 'bytes' },
    ...([50, 99, 100] as const).map((p) => {
      const name = `sent, not stored, ${p === 100 ? 'max' : `p${p}`}`;
      return row(name, percentile(stored, p), percentile(ffmpeg, p), p === 100 ? '–' : '≤ 1000 ms');
    }),
    ...([50, 99, 100] as const).map((p) => {
      const name = `sent, not acknowledged, ${p === 100 ? 'max' : `p${p}`}`;
      return row(name, percentile(acknowledged, p), percentile(ffmpeg, p), p === 100 ? '–' : '≤ 1000 ms');
    }),
  ];
}
