import { execFileSync } from 'node:child_process';
import { existsSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How long the material is; a measurement must fit into it. */
export const MATERIAL_SECONDS = 90;

/** The stream that every budget is stated for: 720p30, H.264 at 2.5 Mbit/s, Opus, as Matroska; made once. */
export function makeMaterial(): string {
  const file = join(tmpdir(), `headwater-bench-${MATERIAL_SECONDS}s.mkv`);
  if (existsSync(file)) return file;
  const unfinished = `${file}.part`;
  execFileSync('ffmpeg', [
    ...['-v', 'error', '-y'],
    ...['-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=30,noise=alls=20:allf=t'],
    ...['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000'],
    ...['-t', String(MATERIAL_SECONDS), '-pix_fmt', 'yuv420p'],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '30', '-bf', '0'],
    ...['-b:v', '2400k', '-minrate', '2400k', '-maxrate', '2400k', '-bufsize', '2400k', '-nal-hrd', 'cbr'],
    ...['-c:a', 'libopus', '-b:a', '96k', '-cluster_time_limit', '1000', '-f', 'matroska', unfinished],
  ]);
  renameSync(unfinished, file);
  return file;
}
