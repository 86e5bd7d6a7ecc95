import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { type RunningServer, startServer } from '../test/e2e/support/running-server.ts';
import { Child } from './support/child.ts';
import { MATERIAL_SECONDS, makeMaterial } from './support/material.ts';
import { measureUsage, readUsage } from './support/process-usage.ts';
import type { Result } from './support/result.ts';

const MEASURE_SECONDS = 12;
const CAPTURE_MS = 6000;

const later = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** A server with one publisher on `main` that is already live. */
async function startLive(
  environment: Record<string, string>,
): Promise<{ server: RunningServer; publisher: Child }> {
  const server = await startServer({ HEADWATER_RECORDING_ENABLED: 'false', ...environment });
  const created = await server.api('POST', '/api/channels/main/key');
  const { streamKey } = (await created.json()) as { streamKey: string };
  const target = `${server.url.replace('http', 'ws')}/live/main/publish|${streamKey}`;
  const publisher = new Child('publishers', [makeMaterial(), String(MATERIAL_SECONDS), 'ws', target]);
  await publisher.message();
  await later(2000);
  return { server, publisher };
}

/** What one viewer is sent once it has caught up: `[ms, bytes of the frame on the wire]`. */
async function captureMessages(server: RunningServer): Promise<[number, number][]> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/live/main/ws`, 'headwater.play.v1');
  const messages: [number, number][] = [];
  const start = performance.now();
  socket.on('message', (data, binary) => {
    const size = (data as Buffer).length;
    if (binary) messages.push([performance.now() - start, size + (size < 126 ? 2 : size < 65_536 ? 4 : 10)]);
  });
  await later(CAPTURE_MS);
  socket.close();
  const live = messages.filter(([at]) => at > 1000);
  const first = live[0]?.[0] ?? 0;
  return live.map(([at, size]) => [at - first, size]);
}

async function measureViewers(pid: number, port: string, path: string, count: number) {
  const before = readUsage(pid);
  const alone = await measureUsage([pid], 4);
  const viewers = new Child('viewers', [port, path, String(count)]);
  await viewers.message();
  await later(3000);
  const usage = await measureUsage([pid], MEASURE_SECONDS);
  viewers.send({});
  const { closed } = (await viewers.message()) as { closed: number };
  if (closed > 0) throw new Error(`${closed} of ${count} viewers were closed`);
  await viewers.stop();
  return {
    cpu: (usage.cpuPercent - alone.cpuPercent) / count,
    memory: (usage.resident - before.resident) / count,
  };
}

async function measureOurs(
  count: number,
  environment: Record<string, string>,
  keep?: (messages: [number, number][]) => void,
) {
  const { server, publisher } = await startLive(environment);
  if (keep) keep(await captureMessages(server));
  const result = await measureViewers(
    server.process.pid ?? 0,
    new URL(server.url).port,
    '/live/main/ws',
    count,
  );
  await publisher.stop();
  await server.stop();
  return result;
}

async function measureFloor(count: number, messages: readonly [number, number][]) {
  const file = join(mkdtempSync(join(tmpdir(), 'headwater-bench-')), 'messages.json');
  writeFileSync(file, JSON.stringify(messages));
  const floor = new Child('raw-floor', [file]);
  const { port } = (await floor.message()) as { port: number };
  const result = await measureViewers(floor.pid, String(port), '/', count);
  await floor.stop();
  return result;
}

/** CPU and memory of one viewer of a 2.5 Mbit/s broadcast, beside pre-framed writes of the same messages. */
export async function benchFanOut(counts: readonly number[]): Promise<Result[]> {
  const results: Result[] = [];
  for (const count of counts) {
    let messages: [number, number][] = [];
    const ours = await measureOurs(count, {}, (captured) => {
      messages = captured;
    });
    const floor = await measureFloor(count, messages);
    const merged = await measureOurs(count, { HEADWATER_PLAY_MERGE_WINDOW: '200' });
    const row = { work: `fan-out, ${count} viewers`, besideName: 'raw pre-framed writes' };
    results.push(
      {
        ...row,
        figure: 'CPU a viewer, every frame at once',
        ours: ours.cpu,
        beside: floor.cpu,
        unit: '% of a core',
        budget: '≤ 0.04 %, ≤ 1.25 × raw',
      },
      {
        ...row,
        figure: 'memory a viewer',
        ours: ours.memory / 1e3,
        beside: floor.memory / 1e3,
        unit: 'kB',
        budget: '≤ 60 kB',
      },
      {
        ...row,
        figure: 'CPU a viewer, merged to 200 ms',
        ours: merged.cpu,
        beside: floor.cpu,
        unit: '% of a core',
        budget: '≤ 0.02 %',
      },
    );
  }
  return results;
}
