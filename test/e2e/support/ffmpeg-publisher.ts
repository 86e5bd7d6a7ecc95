import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** ffmpeg as a publisher over RTMP, in real time. */
export class FfmpegPublisher {
  readonly process: ChildProcess;
  /** What it complained of, once it has ended; empty where it was well. */
  readonly done: Promise<string>;

  /** `input` and `encoding`: its arguments. */
  constructor(url: string, input: readonly string[], encoding: readonly string[]) {
    const output = ['-flvflags', 'no_duration_filesize', '-f', 'flv', url];
    this.process = spawn('ffmpeg', ['-v', 'error', '-re', ...input, ...encoding, ...output], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaint = '';
    this.process.stderr?.on('data', (bytes: Buffer) => {
      complaint += bytes.toString();
    });
    this.done = once(this.process, 'close').then(() => complaint);
  }

  /** Its machine loses power. */
  kill(): Promise<string> {
    this.process.kill('SIGKILL');
    return this.done;
  }
}
