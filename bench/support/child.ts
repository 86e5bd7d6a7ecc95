import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A load generator or a floor in a process of its own, so that its work is nobody else's figure. */
export class Child {
  readonly process: ChildProcess;

  /** Starts `bench/load/{name}.ts`. */
  constructor(name: string, args: readonly string[]) {
    this.process = fork(join(import.meta.dirname, '..', 'load', `${name}.ts`), args, { stdio: 'inherit' });
  }

  /** Its process id. */
  get pid(): number {
    if (this.process.pid === undefined) throw new Error('the process did not start');
    return this.process.pid;
  }

  /** Its next message. */
  async message(): Promise<unknown> {
    const ended = new AbortController();
    const exit = once(this.process, 'exit', { signal: ended.signal }).then(() => {
      throw new Error('a load process ended before it was asked to');
    });
    const message = once(this.process, 'message', { signal: ended.signal }).then(
      ([value]) => value as unknown,
    );
    try {
      return await Promise.race([message, exit]);
    } finally {
      exit.catch(() => {});
      message.catch(() => {});
      ended.abort();
    }
  }

  /** Says something to it. */
  send(message: object): void {
    this.process.send(message);
  }

  /** Ends it. */
  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exit = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await exit;
  }
}
