import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const runFile = promisify(execFile);

/** One packet as ffprobe reads it. */
export interface ProbedPacket {
  readonly pts: number;
  readonly dts: number;
  readonly duration: number;
  readonly size: number;
  readonly keyframe: boolean;
}

/**
 * All packets of a file's first video or audio track, in seconds; fails when ffprobe complains of anything, but for the
 * end of a file that is `cutOff`.
 */
export async function probePackets(
  file: string,
  kind: 'video' | 'audio',
  { cutOff = false }: { cutOff?: boolean } = {},
): Promise<ProbedPacket[]> {
  const { stdout, stderr } = await runFile(
    'ffprobe',
    ['-v', 'error', '-select_streams', `${kind[0]}:0`, '-show_packets', '-of', 'json', file],
    { maxBuffer: 1 << 28 },
  );
  const complaints = cutOff ? stderr.replace(/^.*File ended prematurely.*$/gm, '') : stderr;
  if (complaints.trim()) throw new Error(`ffprobe: ${complaints}`);
  const { packets } = JSON.parse(stdout) as { packets: Record<string, string>[] };
  return packets.map((packet) => ({
    pts: Number(packet.pts_time),
    dts: Number(packet.dts_time),
    duration: Number(packet.duration_time),
    size: Number(packet.size),
    keyframe: packet.flags?.startsWith('K') ?? false,
  }));
}

/** How many frames of a file's first video track really decode; fails when the decoder complains of anything. */
export async function countDecodedFrames(file: string): Promise<number> {
  const { stdout, stderr } = await runFile('ffprobe', [
    ...['-v', 'error', '-select_streams', 'v:0', '-count_frames'],
    ...['-show_entries', 'stream=nb_read_frames', '-of', 'csv=p=0', file],
  ]);
  if (stderr.trim()) throw new Error(`ffprobe: ${stderr}`);
  return Number(stdout.trim());
}

/** How many frames the index of a file's first video track lists; fails when ffprobe complains of anything. */
export async function probeFrames(file: string): Promise<number> {
  const { stdout, stderr } = await runFile('ffprobe', [
    ...['-v', 'error', '-select_streams', 'v:0'],
    ...['-show_entries', 'stream=nb_frames', '-of', 'csv=p=0', file],
  ]);
  if (stderr.trim()) throw new Error(`ffprobe: ${stderr}`);
  return Number(stdout.trim());
}

/** How long a file says that it is, in seconds; fails when ffprobe complains of anything. */
export async function probeDuration(file: string): Promise<number> {
  const { stdout, stderr } = await runFile('ffprobe', [
    ...['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', file],
  ]);
  if (stderr.trim()) throw new Error(`ffprobe: ${stderr}`);
  return Number(stdout.trim());
}
