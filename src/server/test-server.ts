import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { loadConfig } from './config/load-config.ts';
import { createLogger } from './log/create-logger.ts';
import { type RunningServer, startServer } from './start-server.ts';

/** A whole server on a free port, with data and pages of its own, for tests. */
export interface TestServer extends RunningServer {
  readonly token: string;
  readonly data: string;
  /** Everything that it logged. */
  log(): string;
  /** Asks the server; as the admin unless `authorization` says otherwise. */
  request(method: string, path: string, options?: TestRequest): Promise<Response>;
  /** The stream key of a channel. */
  streamKey(channel: string): Promise<string>;
}

/** What differs from a plain request of the admin. */
interface TestRequest {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Without the admin token. */
  readonly anonymous?: boolean;
}

/** Starts a server with `environment` as its settings, and `texts` of pages where they matter. Whoever starts it closes it, which removes its data. */
export async function startTestServer(
  environment: Readonly<Record<string, string>> = {},
  texts: { readonly watch?: string } = {},
): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'headwater-server-'));
  const data = join(folder, 'data');
  const pages = join(folder, 'pages');
  await mkdir(join(pages, 'player'), { recursive: true });
  await mkdir(join(pages, 'assets'));
  await writeFile(join(pages, 'player', 'headwater-player.js'), 'export {};');
  await writeFile(join(pages, 'assets', 'app-1a2b.js'), 'export {};');
  for (const page of ['index', 'watch', 'embed'])
    await writeFile(join(pages, `${page}.html`), `<p>${page}</p>`);
  if (texts.watch) await writeFile(join(pages, 'watch.html'), texts.watch);
  const lines: string[] = [];
  const stream = new Writable({
    write(line: Buffer, _encoding, done) {
      lines.push(line.toString());
      done();
    },
  });
  const loaded = await loadConfig({
    environment: { HEADWATER_PORT: '0', HEADWATER_DATA: data, HEADWATER_LOG_LEVEL: 'debug', ...environment },
    folder,
  });
  const logger = createLogger(loaded.config.log.level, stream);
  const server = await startServer({ ...loaded, logger, version: '0.0.0', pagesFolder: pages });
  const token = new URL(server.signInUrl).searchParams.get('token') ?? '';
  const request: TestServer['request'] = (method, path, { body, headers, anonymous } = {}) =>
    fetch(new URL(path, server.url), {
      method,
      redirect: 'manual',
      headers: {
        ...(anonymous ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  return {
    ...server,
    token,
    data: loaded.config.data,
    log: () => lines.join(''),
    request,
    streamKey: async (channel) => {
      const answer = await request('GET', `/api/channels/${channel}/key`);
      return ((await answer.json()) as { streamKey: string }).streamKey;
    },
    close: async () => {
      await server.close();
      for (const used of [folder, loaded.config.data]) await rm(used, { recursive: true, force: true });
    },
  };
}
