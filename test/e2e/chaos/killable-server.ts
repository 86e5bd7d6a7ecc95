import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningServer, startServer } from '../support/running-server.ts';

/** A server that can be killed and started again: the same address, the same data. */
export class KillableServer {
  readonly data: string;
  readonly #environment: Record<string, string>;
  #now: RunningServer;

  private constructor(data: string, environment: Record<string, string>, first: RunningServer) {
    this.data = data;
    this.#environment = environment;
    this.#now = first;
  }

  /** Starts one with a new data folder; its owner closes it. */
  static async start(environment: Record<string, string> = {}): Promise<KillableServer> {
    const data = await mkdtemp(join(tmpdir(), 'headwater-chaos-'));
    const kept = { ...environment, HEADWATER_DATA: data };
    const first = await startServer(kept);
    return new KillableServer(data, { ...kept, HEADWATER_PORT: new URL(first.url).port }, first);
  }

  /** The one that runs now, or that was killed last. */
  get now(): RunningServer {
    return this.#now;
  }

  /** SIGKILL: it gets no chance to do anything. */
  async kill(): Promise<void> {
    const { process: child } = this.#now;
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`it had ended:\n${this.#now.log()}`);
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  /** Starts it again; it is ready when this resolves. */
  async restart(): Promise<void> {
    this.#now = await startServer(this.#environment);
  }

  /** Stops it as Ctrl-C does, and removes its data. Answers its exit code. */
  async close(): Promise<number | null> {
    const code = await this.#now.stop();
    await rm(this.data, { recursive: true, force: true });
    return code;
  }
}
