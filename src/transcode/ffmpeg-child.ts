import { type ChildProcess, spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import type { Clock, Timer } from '../channel/clock.ts';
import { milliseconds } from '../media/time.ts';
import type { ChildExit, ChildOptions, OpenChild, TranscodeChild } from './transcode-child.ts';

const KILL_AFTER = milliseconds(2000);
/** Of what it complains of: enough for the log, and bounded. */
const KEPT_COMPLAINTS = 4096;
/** The system cannot start any program now: no matter which, and not for ever. */
const OUT_OF_RESOURCES = ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN'];
/** The rest of the server's environment (secrets, proxies) is none of its business. */
const PASSED_ON = ['PATH', 'LD_LIBRARY_PATH', 'SystemRoot'];

/** Answers how to start the ffmpeg at that path, or of that name in PATH. */
export function ffmpegAt(path: string, clock: Clock): OpenChild {
  return (options) => new FfmpegChild(path, clock, options);
}

/** The environment of every ffmpeg that is started. */
export function childEnvironment(): Record<string, string> {
  const all = process.env;
  return Object.fromEntries(
    PASSED_ON.flatMap((name) => {
      const value = all[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/**
 * One ffmpeg between two pipes, without a shell. It ends with the server even where that is killed: its standard input is
 * then at its end.
 */
class FfmpegChild implements TranscodeChild {
  readonly closed: Promise<ChildExit>;
  readonly #clock: Clock;
  readonly #close: (exit: ChildExit) => void;
  #process: ChildProcess | undefined;
  #complaints = '';
  #ended = false;
  #kill: Timer | undefined;

  constructor(path: string, clock: Clock, options: ChildOptions) {
    this.#clock = clock;
    const { promise, resolve } = Promise.withResolvers<ChildExit>();
    this.closed = promise;
    this.#close = resolve;
    try {
      const child = spawn(path, options.arguments, {
        stdio: ['pipe', 'pipe', 'pipe'],
        env: childEnvironment(),
        windowsHide: true,
      });
      this.#process = child;
      this.#listen(child, options);
      if (child.pid !== undefined) lowerPriority(child.pid, options.niceness);
    } catch (error) {
      this.#notStarted(error);
    }
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  get queued(): number {
    return this.#process?.stdin?.writableLength ?? 0;
  }

  write(pieces: readonly Uint8Array[]): void {
    const stdin = this.#process?.stdin;
    if (this.#ended || !stdin || stdin.destroyed) return;
    stdin.cork();
    for (const piece of pieces) stdin.write(piece);
    stdin.uncork();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.pid === undefined) return;
    this.#process?.stdin?.end();
    this.#kill = this.#clock.after(KILL_AFTER, () => this.kill());
  }

  kill(): void {
    this.#ended = true;
    this.#process?.stdin?.destroy();
    if (this.pid !== undefined) this.#process?.kill('SIGKILL');
  }

  /** One that the system does not start emits an error; where there are no file descriptors it has no pipes either. */
  #listen(child: ChildProcess, options: ChildOptions): void {
    child.on('error', (error) => {
      // An error after the start, of a kill that came too late, changes nothing.
      if (child.pid === undefined) this.#notStarted(error);
    });
    child.on('close', (code, signal) => {
      this.#kill?.cancel();
      const how = signal ? `was ended by ${signal}` : `ended with code ${code}`;
      const why = this.#complaints.trim().split('\n').at(-1);
      this.#close({
        ...{ code: code ?? undefined, missing: false },
        words: `ffmpeg ${how}${why ? `: ${why}` : ''}`,
      });
    });
    // It may end at any time: what it has not read is lost, and `closed` tells.
    child.stdin?.on('error', () => {});
    child.stdout?.on('data', (bytes: Buffer) => options.onOutput(bytes));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints = (this.#complaints + text).slice(-KEPT_COMPLAINTS);
    });
  }

  #notStarted(error: unknown): void {
    const { code = '', message } = error as NodeJS.ErrnoException;
    this.#close({ code: undefined, missing: !OUT_OF_RESOURCES.includes(code), words: message });
  }
}

function lowerPriority(pid: number, niceness: number): void {
  try {
    setPriority(pid, niceness);
  } catch {
    // It has ended already, or the system does not let us: it works without.
  }
}
