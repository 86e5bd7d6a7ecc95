import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startCachingNginx } from '../test/e2e/support/caching-nginx.ts';
import { Child } from './support/child.ts';
import { type FileNginx, startFileNginx } from './support/file-nginx.ts';
import { type LiveServer, startLiveServer } from './support/live-server.ts';
import { measureUsage } from './support/process-usage.ts';
import type { Result } from './support/result.ts';

const MEASURE_SECONDS = 12;
const SETTLE = 4000;

type Kind = 'parts' | 'segments';

/** What viewers ask, and who answers them. */
interface Audience {
  readonly pid: number;
  readonly port: number;
  readonly path: string;
  readonly count: number;
  readonly kind: Kind | `file-${Kind}`;
}

/** What a viewer costs, and what all of them ask a second. */
interface Measured {
  /** Percent of a core. */
  readonly cpu: number;
  readonly requests: number;
  /** Of these, what came to the server. */
  readonly reached: number;
}

const later = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** What viewers cost a process that serves them, each. */
async function measure({ pid, port, path, count, kind }: Audience, live: LiveServer): Promise<Measured> {
  const alone = await measureUsage([pid], 4);
  const viewers = new Child('hls-viewers', [String(port), path, String(count), kind]);
  await viewers.message();
  await later(SETTLE);
  const ask = async () => {
    viewers.send({});
    return (await viewers.message()) as { requests: number; failed: number };
  };
  const reached = () => live.metric('headwater_segment_requests_total');
  const [asked, came] = [await ask(), await reached()];
  const usage = await measureUsage([pid], MEASURE_SECONDS);
  const [{ requests, failed }, total] = [await ask(), await reached()];
  await viewers.stop();
  if (failed > 0) throw new Error(`${failed} requests failed`);
  return {
    cpu: (usage.cpuPercent - alone.cpuPercent) / count,
    requests: (requests - asked.requests) / MEASURE_SECONDS,
    reached: (total - came) / MEASURE_SECONDS,
  };
}

/** What is served now, as files of the same names. */
async function copyToFiles({ server, playlist }: LiveServer, { folder }: FileNginx): Promise<void> {
  const save = async (path: string, url: string) => {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, Buffer.from(await (await fetch(url)).arrayBuffer()));
  };
  const url = server.url + playlist;
  const text = await (await fetch(url)).text();
  const names = [...text.matchAll(/^[^#\n]+\.m4s$|PART:[^\n]*URI="([^"]+)"/gm)];
  for (const [line, part] of names) {
    const name = part ?? line;
    await save(join(dirname(playlist), name), new URL(name, url).href);
  }
  writeFileSync(join(folder, playlist), text);
}

/** The same viewers of nginx that has the server behind its cache, as the guide shows it. */
async function measureCached(live: LiveServer, count: number, kind: Kind): Promise<Measured> {
  const nginx = await startCachingNginx(live.server.url);
  try {
    const { port, pathname } = new URL(nginx.url);
    const pid = await nginx.worker();
    return await measure({ pid, port: Number(port), path: pathname + live.playlist, count, kind }, live);
  } finally {
    await nginx.close();
  }
}

async function measureFiles(live: LiveServer, count: number, kind: Kind): Promise<Measured> {
  const nginx = await startFileNginx();
  try {
    await copyToFiles(live, nginx);
    const { pid, port } = nginx;
    return await measure({ pid, port, path: live.playlist, count, kind: `file-${kind}` }, live);
  } finally {
    await nginx.stop();
  }
}

/**
 * Processor time of an HLS viewer of a 2.5 Mbit/s broadcast, beside nginx that serves the same as files, and beside nginx
 * that caches what the server serves. What a viewer costs in memory is what its waiting requests do: `benchWaiting`.
 */
export async function benchHls(counts: Readonly<Record<Kind, number>>): Promise<Result[]> {
  const found: Result[] = [];
  for (const kind of ['segments', 'parts'] as const) {
    const count = counts[kind];
    const live = await startLiveServer({ HEADWATER_RECORDING_ENABLED: 'false' });
    try {
      await later(SETTLE);
      const pid = live.server.process.pid ?? 0;
      const ours = await measure({ pid, port: live.port, path: live.playlist, count, kind }, live);
      const cached = await measureCached(live, count, kind);
      const files = await measureFiles(live, count, kind);
      found.push(...results(kind, count, { ours, cached, files }));
    } finally {
      await live.close();
    }
  }
  return found;
}

function results(
  kind: Kind,
  count: number,
  { ours, cached, files }: Readonly<Record<'ours' | 'cached' | 'files', Measured>>,
): Result[] {
  const work = `HLS, ${count} viewers, ${kind === 'parts' ? '200 ms parts' : '2 s segments'}`;
  const besideName = kind === 'parts' ? 'nginx, as many files, no waiting' : 'nginx, the same files';
  return [
    {
      work,
      figure: 'CPU a viewer',
      ours: ours.cpu,
      besideName,
      beside: files.cpu,
      unit: '% of a core',
      budget: kind === 'parts' ? '≤ 0.15 %' : '≤ 0.03 %',
    },
    {
      work,
      figure: 'viewers a core',
      ours: 100 / ours.cpu,
      besideName: 'nginx’s cache before it',
      beside: 100 / cached.cpu,
      unit: '',
      budget: '–',
    },
    {
      work: `${work}, behind nginx’s cache`,
      figure: 'requests a second that reach the server',
      ours: cached.reached,
      besideName: 'that reach the cache',
      beside: cached.requests,
      unit: '',
      budget: '–',
    },
  ];
}
