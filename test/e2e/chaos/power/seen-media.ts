import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RecordingResource } from '../../../../src/wire/api.ts';
import type { RunningServer } from '../../support/running-server.ts';
import { listRecordings } from '../../support/same-media.ts';

interface Packet {
  /** Milliseconds. */
  readonly time: number;
  /** Stream, flags and hash of its bytes. */
  readonly content: string;
}

/** What is in a recording, for one to be held against another. */
export interface SeenMedia {
  /** Of the picture, then of the sound, whatever their order beside each other. */
  readonly packets: readonly Packet[];
  /** Pictures that the decoder made of them. */
  readonly decoded: number;
  /** What the decoder complained of. */
  readonly complaints: string;
}

const runFile = promisify(execFile);
/** The last frame before a publisher was lost lasts as long as the one before it, in ms. */
const ROUNDING = 2;
const PATIENCE = 120_000;
const LOOK_EVERY = 100;

/** Reads and decodes a recording that is on this machine. */
export async function readMedia({ data }: RunningServer, { id }: RecordingResource): Promise<SeenMedia> {
  const file = join(data, 'recordings', id, 'media.mp4');
  const entries = [
    '-show_data_hash',
    'crc32',
    '-show_entries',
    'packet=stream_index,pts_time,flags,data_hash',
  ];
  const [packets, decoding] = await Promise.all([
    runFile('ffprobe', ['-v', 'error', ...entries, '-of', 'csv=p=0', file], { maxBuffer: 1 << 28 }),
    runFile('ffmpeg', ['-v', 'error', '-nostdin', '-i', file, '-f', 'framecrc', '-'], { maxBuffer: 1 << 28 }),
  ]);
  const frames = decoding.stdout.split('\n').filter((line) => line.startsWith('0,'));
  const seen = packets.stdout.trim().split('\n').map(readPacket);
  const [picture, sound] = ['0', '1'].map((stream) =>
    seen.filter(({ content }) => content.startsWith(stream)),
  );
  return {
    packets: [...(picture ?? []), ...(sound ?? [])],
    decoded: frames.length,
    complaints: packets.stderr + decoding.stderr,
  };
}

function readPacket(line: string): Packet {
  const [stream, time, flags, hash] = line.split(',');
  return { time: Number(time) * 1000, content: `${stream} ${flags} ${hash}` };
}

/** What of a recording differs from another one, in words. */
export function compareMedia(seen: SeenMedia, other: SeenMedia): string[] {
  const { packets, decoded, complaints } = seen;
  const differing = packets.filter(({ time, content }, index) => {
    const same = other.packets[index];
    return same?.content !== content || Math.abs(same.time - time) > ROUNDING;
  });
  const wrong: [boolean, string][] = [
    [
      packets.length !== other.packets.length,
      `${packets.length} packets of ${other.packets.length} are there`,
    ],
    [differing.length > 0, `${differing.length} packets are not those that were sent`],
    [decoded !== other.decoded, `${decoded} pictures of ${other.decoded} decode`],
    [complaints !== '', `the decoder complains: ${complaints.slice(0, 300)}`],
  ];
  return wrong.filter(([is]) => is).map(([, words]) => words);
}

/** Waits until a recording is what it stays, or for long enough; answers it. */
export async function untilFinalised(server: RunningServer, id: string | null): Promise<RecordingResource> {
  for (const until = Date.now() + PATIENCE; ; ) {
    const found = (await listRecordings(server)).find((recording) => recording.id === id);
    if (!found) throw new Error(`the recording ${id} is not listed`);
    const isSettled = found.state !== 'recording' && found.finalisation !== 'waiting';
    if (isSettled || Date.now() > until) return found;
    await new Promise((pass) => setTimeout(pass, LOOK_EVERY));
  }
}
