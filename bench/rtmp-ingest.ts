import { execFileSync } from 'node:child_process';
import { existsSync, renameSync } from 'node:fs';
import { FfmpegPublisher } from '../test/e2e/support/ffmpeg-publisher.ts';
import { freePort } from '../test/e2e/support/free-port.ts';
import { OtherRtmpServer } from '../test/e2e/support/rtmp-servers.ts';
import { startServer } from '../test/e2e/support/running-server.ts';
import { Child } from './support/child.ts';
import { MATERIAL_SECONDS, makeMaterial } from './support/material.ts';
import { measureUsage } from './support/process-usage.ts';
import type { Result } from './support/result.ts';

const SETTLE_MS = 5000;
const MEASURE_SECONDS = 20;

/** The material as RTMP carries it, with AAC: what every server is sent. */
function makeFlv(): string {
  const file = makeMaterial().replace('.mkv', '.flv');
  if (existsSync(file)) return file;
  const unfinished = `${file}.part`;
  const copy = ['-c:v', 'copy', '-c:a', 'aac', '-b:a', '96k', '-f', 'flv', unfinished];
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', makeMaterial(), ...copy]);
  renameSync(unfinished, file);
  return file;
}

/** One server that is measured, and how to send to it. */
interface Measured {
  readonly pid: number;
  stop(): Promise<unknown>;
}

const publishers: FfmpegPublisher[] = [];
const publish = (url: string) => {
  publishers.push(new FfmpegPublisher(url, ['-i', makeFlv()], ['-c', 'copy']));
};

async function oursOverRtmp(count: number): Promise<Measured> {
  const port = await freePort();
  const enabled = { HEADWATER_INGEST_RTMP_ENABLED: 'true', HEADWATER_INGEST_RTMP_PORT: `${port}` };
  const server = await startServer(enabled);
  for (const key of await newChannels(server, count)) publish(`rtmp://127.0.0.1:${port}/live/${key}`);
  return { pid: server.process.pid ?? 0, stop: () => server.stop() };
}

async function oursOverWebSocket(count: number): Promise<Measured> {
  const server = await startServer();
  const address = (index: number) => `${server.url.replace('http', 'ws')}/live/bench-${index}/publish`;
  const targets = (await newChannels(server, count)).map((key, index) => `${address(index)}|${key}`);
  const load = new Child('publishers', [makeMaterial(), String(MATERIAL_SECONDS), 'ws', ...targets]);
  await load.message();
  const stop = async () => {
    await load.stop();
    await server.stop();
  };
  return { pid: server.process.pid ?? 0, stop };
}

async function newChannels(
  server: Awaited<ReturnType<typeof startServer>>,
  count: number,
): Promise<string[]> {
  const keys: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const created = await server.api('POST', '/api/channels', { name: `bench-${index}` });
    keys.push(((await created.json()) as { streamKey: string }).streamKey);
  }
  return keys;
}

async function other(starting: Promise<OtherRtmpServer>, count: number): Promise<Measured> {
  const server = await starting;
  for (let index = 0; index < count; index += 1) publish(`${server.url}/bench-${index}`);
  return { pid: server.pid, stop: () => server.stop() };
}

/**
 * CPU and memory of publishers over RTMP, journaled, packaged and recorded, beside the same over WebSocket, nginx-rtmp and
 * node-media-server, which write FLV files: all four at the same time, so that they have the same machine.
 */
export async function benchRtmpIngest(count: number): Promise<Result[]> {
  const opening = [
    () => oursOverRtmp(count),
    () => oursOverWebSocket(count),
    () => other(OtherRtmpServer.nginx(), count),
    () => other(OtherRtmpServer.nodeMediaServer(), count),
  ];
  const servers: Measured[] = [];
  for (const open of opening) servers.push(await open());
  await new Promise((done) => setTimeout(done, SETTLE_MS));
  const usages = await Promise.all(servers.map(({ pid }) => measureUsage([pid], MEASURE_SECONDS)));
  for (const publisher of publishers.splice(0)) await publisher.kill();
  for (const server of servers) await server.stop();
  const [ours, ...others] = usages.map(({ cpuPercent }, index) => ({
    cpu: cpuPercent / count,
    memory: (usages[index]?.private ?? 0) / 1e6,
  }));
  const names = ['the same over WebSocket', 'nginx-rtmp, recording FLV', 'node-media-server, recording FLV'];
  return names.flatMap((besideName, index) => {
    const row = { work: `ingest over RTMP, ${count} publishers`, besideName };
    const [mine, beside] = [ours ?? NOTHING, others[index] ?? NOTHING];
    return [
      {
        ...row,
        figure: 'CPU a publisher',
        ours: mine.cpu,
        beside: beside.cpu,
        unit: '% of a core',
        budget: '≤ 0.5 %',
      },
      {
        ...row,
        figure: 'memory of the server',
        ours: mine.memory,
        beside: beside.memory,
        unit: 'MB',
        budget: '–',
      },
    ];
  });
}

const NOTHING = { cpu: Number.NaN, memory: Number.NaN };
