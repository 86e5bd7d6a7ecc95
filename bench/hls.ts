import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type RunningServer, startServer } from '../test/e2e/support/running-server.ts';
import { Child } from './support/child.ts';
import { type FileNginx, startFileNginx } from './support/file-nginx.ts';
import { MATERIAL_SECONDS, makeMaterial } from './support/material.ts';
import { measureUsage, readUsage } from './support/process-usage.ts';
import type { Result } from './support/result.ts';

const MEASURE_SECONDS = 12;

type Kind = 'parts' | 'segments';

const later = (ms: number) => new Promise((done) => setTimeout(done, ms));

async function startLive(): Promise<{ server: RunningServer; publisher: Child; playlist: string }> {
  const server = await startServer({ HEADWATER_RECORDING_ENABLED: 'false' });
  const created = await server.api('POST', '/api/channels/main/key');
  const { streamKey } = (await created.json()) as { streamKey: string };
  const target = `${server.url.replace('http', 'ws')}/live/main/publish|${streamKey}`;
  const publisher = new Child('publishers', [makeMaterial(), String(MATERIAL_SECONDS), 'ws', target]);
  await publisher.message();
  const index = `${server.url}/live/main/index.m3u8`;
  for (;;) {
    const answer = await fetch(index);
    const name = answer.ok ? /^(.+video\.m3u8)$/m.exec(await answer.text())?.[1] : undefined;
    if (name) return { server, publisher, playlist: `/live/main/${name}` };
    await later(200);
  }
}

/** What viewers cost a process that serves them, each. */
async function measure(pid: number, port: number, path: string, count: number, kind: Kind | `file-${Kind}`) {
  const before = readUsage(pid);
  const alone = await measureUsage([pid], 4);
  const viewers = new Child('hls-viewers', [String(port), path, String(count), kind]);
  await viewers.message();
  await later(4000);
  const usage = await measureUsage([pid], MEASURE_SECONDS);
  viewers.send({});
  const { failed } = (await viewers.message()) as { failed: number };
  await viewers.stop();
  if (failed > 0) throw new Error(`${failed} requests failed`);
  return {
    cpu: (usage.cpuPercent - alone.cpuPercent) / count,
    memory: (usage.resident - before.resident) / count,
  };
}

/** What is served now, as files of the same names. */
async function copyToFiles(server: RunningServer, playlist: string, { folder }: FileNginx): Promise<void> {
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

/** Processor time and memory of an HLS viewer of a 2.5 Mbit/s broadcast, beside nginx that serves the same as files. */
export async function benchHls(counts: Readonly<Record<Kind, number>>): Promise<Result[]> {
  const results: Result[] = [];
  for (const kind of ['segments', 'parts'] as const) {
    const count = counts[kind];
    const { server, publisher, playlist } = await startLive();
    const nginx = await startFileNginx();
    try {
      await later(4000);
      const ours = await measure(
        server.process.pid ?? 0,
        Number(new URL(server.url).port),
        playlist,
        count,
        kind,
      );
      await copyToFiles(server, playlist, nginx);
      const floor = await measure(nginx.pid, nginx.port, playlist, count, `file-${kind}`);
      const work = `HLS, ${count} viewers, ${kind === 'parts' ? '200 ms parts' : '2 s segments'}`;
      const besideName = kind === 'parts' ? 'nginx, as many files, no waiting' : 'nginx, the same files';
      results.push(
        {
          work,
          figure: 'CPU a viewer',
          ours: ours.cpu,
          besideName,
          beside: floor.cpu,
          unit: '% of a core',
          budget: kind === 'parts' ? '≤ 0.15 %' : '≤ 0.03 %',
        },
        {
          work,
          figure: 'memory a viewer',
          ours: ours.memory / 1e3,
          besideName,
          beside: floor.memory / 1e3,
          unit: 'kB',
          budget: '–',
        },
      );
    } finally {
      await publisher.stop();
      await server.stop();
      await nginx.stop();
    }
  }
  return results;
}
