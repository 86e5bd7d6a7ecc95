import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningServer, startServer } from '../../support/running-server.ts';
import { DISK_CALLS } from './power-disk.ts';
import { readTrace, STRACE_OPTIONS, type SystemCall } from './system-calls.ts';

/** What a server says over its sockets is in the trace as well: what it promised until when. */
const TRACED = [...DISK_CALLS, 'sendto', 'sendmsg', 'clone', 'clone3', 'fork', 'vfork'];
const LOOK_EVERY = 50;
const PATIENCE = 120_000;

/** The server itself, with every system call written down that changes its disk or says something to somebody. */
export class TracedServer {
  readonly now: RunningServer;
  readonly #folder: string;

  private constructor(now: RunningServer, folder: string) {
    this.now = now;
    this.#folder = folder;
  }

  /** Starts one with a new data folder. Its owner kills it, and closes it. */
  static async start(environment: Record<string, string>): Promise<TracedServer> {
    const folder = await mkdtemp(join(tmpdir(), 'headwater-power-'));
    const data = await mkdtemp(join(folder, 'data-'));
    // As a grandchild strace is not in the way of signals: the child is the server.
    const strace = ['strace', '-D', ...STRACE_OPTIONS, '-o', join(folder, 'trace'), '-e', `trace=${TRACED}`];
    const now = await startServer({ ...environment, HEADWATER_DATA: data, UV_USE_IO_URING: '0' }, strace);
    return new TracedServer(now, folder);
  }

  /** Ends it, and answers all that it did. */
  async kill(): Promise<SystemCall[]> {
    const exit = once(this.now.process, 'exit');
    this.now.process.kill('SIGKILL');
    await exit;
    return readTrace(await this.#wholeTrace());
  }

  /** Removes what it left. */
  async close(): Promise<void> {
    await this.now.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #wholeTrace(): Promise<string> {
    const end = new RegExp(`^${this.now.process.pid} +\\+\\+\\+ killed by`, 'm');
    for (const until = Date.now() + PATIENCE; Date.now() < until; ) {
      const text = await readFile(join(this.#folder, 'trace'), 'latin1');
      if (end.test(text.slice(-10_000))) return text;
      await new Promise((pass) => setTimeout(pass, LOOK_EVERY));
    }
    throw new Error('strace did not come to the end');
  }
}
