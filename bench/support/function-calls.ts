import { once } from 'node:events';
import { WebSocket } from 'ws';
import { freePort } from '../../test/e2e/support/free-port.ts';

/** What a server has to be started with for its function calls to be counted. */
export interface InspectedEnvironment {
  readonly port: number;
  readonly environment: Record<string, string>;
}

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly { readonly count: number }[];
    }[];
  }[];
}

/** Lets a process be asked what it calls, on a free port. */
export async function inspectable(): Promise<InspectedEnvironment> {
  const port = await freePort();
  return { port, environment: { NODE_OPTIONS: `--inspect=127.0.0.1:${port}` } };
}

/** Counts how often functions of another process are called, as its engine counts. Its owner closes it. */
export class FunctionCalls {
  readonly #socket: WebSocket;
  #next = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Begins to count in the process that listens there. */
  static async open({ port }: InspectedEnvironment): Promise<FunctionCalls> {
    const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as {
      webSocketDebuggerUrl: string;
    }[];
    const socket = new WebSocket(targets[0]?.webSocketDebuggerUrl ?? '', { perMessageDeflate: false });
    await once(socket, 'open');
    const calls = new FunctionCalls(socket);
    await calls.#ask('Profiler.enable', {});
    await calls.#ask('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    return calls;
  }

  /**
   * How often each of these was called since the last time that any was asked for: the name of a file, which no other one has, and of
   * a function in it, `cmaf-chunk.ts writeChunk`.
   */
  async take<Name extends string>(...names: readonly Name[]): Promise<Record<Name, number>> {
    const { result } = (await this.#ask('Profiler.takePreciseCoverage', {})) as Coverage;
    const count = (name: Name) => {
      const [file, wanted] = name.split(' ');
      return result
        .filter(({ url }) => url.endsWith(`/${file}`))
        .flatMap(({ functions }) => functions.filter(({ functionName }) => functionName === wanted))
        .reduce((sum, { ranges }) => sum + (ranges[0]?.count ?? 0), 0);
    };
    return Object.fromEntries(names.map((name) => [name, count(name)])) as Record<Name, number>;
  }

  /** Ends the counting. */
  close(): void {
    this.#socket.terminate();
  }

  #ask(method: string, params: object): Promise<unknown> {
    const id = this.#next++;
    const answered = new Promise((settle, fail) => {
      const listen = (data: unknown) => {
        const answer = JSON.parse(String(data)) as { id?: number; result?: unknown; error?: unknown };
        if (answer.id !== id) return;
        this.#socket.off('message', listen);
        if (answer.error) fail(new Error(`${method}: ${JSON.stringify(answer.error)}`));
        else settle(answer.result);
      };
      this.#socket.on('message', listen);
    });
    this.#socket.send(JSON.stringify({ id, method, params }));
    return answered;
  }
}
