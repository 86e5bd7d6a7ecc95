import { execFileSync } from 'node:child_process';
import { startServer } from '../test/e2e/support/running-server.ts';
import { readUsage } from './support/process-usage.ts';
import type { Result } from './support/result.ts';

/** Time from starting the process to its address, and its memory at rest, beside an empty Node process. */
export async function benchIdle(): Promise<Result[]> {
  const first = await startServer();
  await first.stop();
  const start = performance.now();
  const server = await startServer();
  const ready = performance.now() - start;
  const usage = readUsage(server.process.pid ?? 0);
  await server.stop();
  const nodeStart = performance.now();
  const nodeResident = Number(execFileSync(process.execPath, ['-p', 'process.memoryUsage.rss()']));
  const nodeReady = performance.now() - nodeStart;
  const row = { work: 'idle server', besideName: 'node -p' };
  return [
    { ...row, figure: 'start to address', ours: ready, beside: nodeReady, unit: 'ms', budget: '≤ 1000 ms' },
    {
      ...row,
      figure: 'resident memory',
      ours: usage.resident / 1e6,
      beside: nodeResident / 1e6,
      unit: 'MB',
      budget: '≤ 100 MB',
    },
  ];
}
