import { startServer } from '../test/e2e/support/running-server.ts';
import { Child } from './support/child.ts';
import { MATERIAL_SECONDS, makeMaterial } from './support/material.ts';
import { measureUsage, readUsage } from './support/process-usage.ts';
import type { Result } from './support/result.ts';

const SETTLE_MS = 3000;
const MEASURE_SECONDS = 15;

const settle = () => new Promise((done) => setTimeout(done, SETTLE_MS));

async function measureOurs(publishers: number) {
  const server = await startServer();
  const targets: string[] = [];
  for (let index = 0; index < publishers; index += 1) {
    const created = await server.api('POST', '/api/channels', { name: `bench-${index}` });
    const { streamKey } = (await created.json()) as { streamKey: string };
    targets.push(`${server.url.replace('http', 'ws')}/live/bench-${index}/publish|${streamKey}`);
  }
  const pid = server.process.pid ?? 0;
  const idle = readUsage(pid);
  const load = new Child('publishers', [makeMaterial(), String(MATERIAL_SECONDS), 'ws', ...targets]);
  await load.message();
  await settle();
  const usage = await measureUsage([pid], MEASURE_SECONDS);
  await load.stop();
  await server.stop();
  return { cpu: usage.cpuPercent / publishers, memory: (usage.resident - idle.resident) / publishers };
}

async function measureFfmpeg(publishers: number) {
  const load = new Child('publishers', [
    makeMaterial(),
    String(MATERIAL_SECONDS),
    'ffmpeg',
    String(publishers),
  ]);
  const { pids } = (await load.message()) as { pids: number[] };
  await settle();
  const usage = await measureUsage(pids, MEASURE_SECONDS);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await load.stop();
  return {
    cpu: usage.cpuPercent / publishers,
    memory: usage.resident / publishers,
    own: usage.private / publishers,
  };
}

/** CPU and memory of one 2.5 Mbit/s publisher, demuxed, packaged, journaled and recorded, beside an ffmpeg child each. */
export async function benchIngest(counts: readonly number[]): Promise<Result[]> {
  const results: Result[] = [];
  for (const count of counts) {
    const ours = await measureOurs(count);
    const ffmpeg = await measureFfmpeg(count);
    const row = { work: `ingest, ${count} publishers`, besideName: 'ffmpeg -c copy child each' };
    results.push(
      {
        ...row,
        figure: 'CPU a publisher',
        ours: ours.cpu,
        beside: ffmpeg.cpu,
        unit: '% of a core',
        budget: '≤ 0.5 %',
      },
      {
        ...row,
        figure: 'memory a publisher',
        ours: ours.memory / 1e6,
        beside: ffmpeg.own / 1e6,
        unit: 'MB',
        budget: '≤ 4 MB (ffmpeg: private pages only)',
      },
    );
  }
  return results;
}
