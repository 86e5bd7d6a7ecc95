import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '..', '..', '..');

/** The product itself, as `headwater start` runs it, with a data folder of its own. */
export interface RunningServer {
  /** `http://127.0.0.1:12345`. */
  readonly url: string;
  /** The address that start printed; opening it signs a browser in. */
  readonly signInUrl: string;
  readonly token: string;
  readonly data: string;
  readonly process: ChildProcess;
  /** Everything that it logged. */
  log(): string;
  /** Calls the REST API as the administrator. */
  api(method: string, path: string, body?: unknown): Promise<Response>;
  /** Stops it as Ctrl-C does, and removes its data. Answers its exit code. */
  stop(): Promise<number | null>;
}

/** Starts a server on a free port; it is ready when this resolves. `under`: another program's command that runs it. */
export async function startServer(
  environment: Record<string, string> = {},
  under: readonly string[] = [],
): Promise<RunningServer> {
  const data = environment.HEADWATER_DATA ?? (await mkdtemp(join(tmpdir(), 'headwater-e2e-')));
  const [command = '', ...parameters] = [
    ...under,
    process.execPath,
    join(root, 'bin', 'headwater.mjs'),
    'start',
  ];
  const child = spawn(command, parameters, {
    cwd: data,
    env: { ...process.env, HEADWATER_PORT: '0', HEADWATER_DATA: data, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (bytes: Buffer) => {
    log += bytes.toString();
  });
  const signInUrl = await readAddress(child, () => log);
  const address = new URL(signInUrl);
  const token = address.searchParams.get('token') ?? '';
  return {
    url: address.origin,
    signInUrl,
    token,
    data,
    process: child,
    log: () => log,
    api: (method, path, body) =>
      fetch(new URL(path, address.origin), {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGINT');
        await once(child, 'exit');
      }
      await rm(data, { recursive: true, force: true });
      return child.exitCode;
    },
  };
}

async function readAddress(child: ChildProcess, log: () => string): Promise<string> {
  if (!child.stdout) throw new Error('no standard output');
  for await (const line of createInterface(child.stdout)) {
    const address = /http:\/\/\S+/.exec(line)?.[0];
    if (address) return address;
  }
  throw new Error(`the server did not start:\n${log()}`);
}
