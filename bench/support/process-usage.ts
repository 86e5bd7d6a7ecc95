import { readdirSync, readFileSync } from 'node:fs';

/** What a process has used so far, from `/proc`. */
export interface ProcessUsage {
  /** Seconds of processor time, user and system. */
  readonly cpu: number;
  /** Resident bytes. */
  readonly resident: number;
  /** Resident bytes that no other process shares. */
  readonly private: number;
}

/** Reads a process's usage. */
export function readUsage(pid: number): ProcessUsage {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)?.[1] ?? 0);
  return {
    cpu: readCpuTime(pid),
    resident: kilobytes('Rss') * 1024,
    private: (kilobytes('Private_Clean') + kilobytes('Private_Dirty')) * 1024,
  };
}

/** Seconds on a processor, of all its threads. `schedstat` counts nanoseconds; `stat` would miss what runs between ticks. */
function readCpuTime(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  }
  return nanoseconds / 1e9;
}

/** The share of one core, in percent, that processes take together over a time, and their memory at its end. */
export async function measureUsage(pids: readonly number[], seconds: number) {
  const before = pids.map(readUsage);
  const start = performance.now();
  await new Promise((done) => setTimeout(done, seconds * 1000));
  const elapsed = (performance.now() - start) / 1000;
  const after = pids.map(readUsage);
  const sum = (usages: readonly ProcessUsage[], key: keyof ProcessUsage) =>
    usages.reduce((total, usage) => total + usage[key], 0);
  return {
    cpuPercent: ((sum(after, 'cpu') - sum(before, 'cpu')) / elapsed) * 100,
    resident: sum(after, 'resident'),
    private: sum(after, 'private'),
  };
}
