import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';

const GUIDE = join(import.meta.dirname, '..', '..', '..', 'docs', 'cdn.md');

/** Debian's nginx with the configuration of docs/cdn.md, before a server of ours. */
export interface CachingNginx {
  /** What stands for `https://example.org/streams`. */
  readonly url: string;
  /** Of its one worker, which does all the work. */
  worker(): Promise<number>;
  /** The lines of its log so far: status, how the cache took part, address. */
  requests(): Promise<readonly LoggedRequest[]>;
  close(): Promise<void>;
}

/** What nginx says of one request. */
interface LoggedRequest {
  readonly path: string;
  readonly status: number;
  /** `HIT`, `MISS`, … */
  readonly cache: string;
}

/** Starts it with the very blocks that the guide shows; only ports and folders are its own. */
export async function startCachingNginx(origin: string): Promise<CachingNginx> {
  const folder = await mkdtemp(join(tmpdir(), 'headwater-nginx-'));
  await mkdir(join(folder, 'cache'));
  const port = await freePort();
  const log = join(folder, 'access.log');
  const guide = await readFile(GUIDE, 'utf8');
  const blocks = [...guide.matchAll(/```nginx\n([\s\S]*?)```/g)].map(([, block = '']) => block).join('\n');
  const shown = blocks
    .replaceAll('/var/cache/nginx/headwater', join(folder, 'cache'))
    .replaceAll('127.0.0.1:8080', new URL(origin).host)
    .replace(/listen 443 ssl;/, `listen 127.0.0.1:${port};`)
    .replace(/^\s*ssl_\w+ .*$/gm, '');
  await writeFile(
    join(folder, 'nginx.conf'),
    `${process.getuid?.() === 0 ? 'user root;\n' : ''}daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 8192; }
http {
log_format cached '$status $upstream_cache_status $request_uri';
access_log ${log} cached;
${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join('\n')}
${shown}
}
`,
  );
  const child = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}/streams`;
  await untilAnswers(child, url);
  return {
    url,
    worker: () => findWorker(child.pid),
    requests: async () => (await readFile(log, 'utf8')).trim().split('\n').map(readLine),
    close: async () => {
      child.kill('SIGQUIT');
      if (child.exitCode === null) await once(child, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Beside it there are processes that look after the cache. */
async function findWorker(master: number | undefined): Promise<number> {
  const children = await readFile(`/proc/${master}/task/${master}/children`, 'utf8');
  for (const pid of children.trim().split(' ')) {
    if ((await readFile(`/proc/${pid}/cmdline`, 'utf8')).includes('worker process')) return Number(pid);
  }
  throw new Error('nginx has no worker');
}

function readLine(line: string): LoggedRequest {
  const [status, cache = '', path = ''] = line.split(' ');
  return { status: Number(status), cache, path };
}

async function untilAnswers(child: ChildProcess, url: string): Promise<void> {
  while (child.exitCode === null) {
    const answers = await fetch(`${url}/healthz`).then(
      () => true,
      () => false,
    );
    if (answers) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error('nginx did not start');
}
