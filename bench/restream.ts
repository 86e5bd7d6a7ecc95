import { type ChildProcess, spawn } from 'node:child_process';
import { ChannelDestinations } from '../test/e2e/support/destinations.ts';
import { newStreamKey } from '../test/e2e/support/publish-file.ts';
import { OtherRtmpServer } from '../test/e2e/support/rtmp-servers.ts';
import { startServer } from '../test/e2e/support/running-server.ts';
import { Child } from './support/child.ts';
import { MATERIAL_SECONDS, makeMaterial } from './support/material.ts';
import { measureUsage } from './support/process-usage.ts';
import type { Result } from './support/result.ts';

const SETTLE_MS = 5000;
/** The heap of a server that begins to publish grows for so long, with destinations and without. */
const WARM_UP_MS = 45_000;
const MEASURE_SECONDS = 20;

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

interface Usage {
  readonly cpuPercent: number;
  readonly private: number;
}

/** A server with a broadcast, of whose sound AAC is made from the start, and with so many destinations, on or off. */
async function startBroadcast(nginx: OtherRtmpServer, count: number, enabled: boolean) {
  const server = await startServer({
    HEADWATER_RESTREAM_ALLOW: '127.0.0.0/8',
    HEADWATER_TRANSCODE_AAC: 'always',
  });
  const key = await newStreamKey(server);
  const target = `${server.url.replace('http', 'ws')}/live/main/publish|${key}`;
  const load = new Child('publishers', [makeMaterial(), String(MATERIAL_SECONDS), 'ws', target]);
  await load.message();
  const destinations = new ChannelDestinations(server);
  for (let index = 0; index < count; index += 1) {
    const { id } = await destinations.add({
      ...{ name: 'bench', url: nginx.url, streamKey: `ours-${count}-${index}`, enabled },
    });
    await destinations.until(id, ({ state }) => state === (enabled ? 'live' : 'idle'));
  }
  return {
    pid: server.process.pid ?? 0,
    child: () => Number(/"pid":(\d+),"msg":"a transcode started"/.exec(server.log())?.[1]),
    stop: async () => {
      await load.stop();
      await server.stop();
    },
  };
}

/** Two servers with the same broadcast and destinations at the same time, those of one of them switched off. */
async function measureOurs(
  nginx: OtherRtmpServer,
  count: number,
): Promise<{ without: Usage; with: Usage; aac: Usage }> {
  const without = await startBroadcast(nginx, count, false);
  const sending = await startBroadcast(nginx, count, true);
  await pause(WARM_UP_MS);
  const [usage, floor, aac] = await Promise.all(
    [sending.pid, without.pid, sending.child()].map((pid) => measureUsage([pid], MEASURE_SECONDS)),
  );
  await Promise.all([sending.stop(), without.stop()]);
  if (!usage || !floor || !aac) throw new Error('nothing was measured');
  return { with: usage, without: floor, aac };
}

/** What people do instead: a child for each destination, that copies the picture and makes AAC of the sound. */
async function measureFfmpeg(nginx: OtherRtmpServer, count: number): Promise<Usage> {
  const children: ChildProcess[] = [];
  for (let index = 0; index < count; index += 1) {
    const output = ['-c:v', 'copy', '-c:a', 'aac', '-f', 'flv', `${nginx.url}/ffmpeg-${count}-${index}`];
    children.push(
      spawn('ffmpeg', ['-v', 'error', '-re', '-i', makeMaterial(), ...output], { stdio: 'ignore' }),
    );
  }
  await pause(SETTLE_MS);
  const pids = children.map(({ pid }) => pid ?? 0);
  const usage = await measureUsage(pids, MEASURE_SECONDS);
  for (const child of children) child.kill('SIGKILL');
  return usage;
}

/** CPU and memory of sending a 2.5 Mbit/s broadcast to RTMP servers, beside a child of ffmpeg for each. */
export async function benchRestream(counts: readonly number[]): Promise<Result[]> {
  const results: Result[] = [];
  const nginx = await OtherRtmpServer.nginx();
  for (const count of counts) {
    const ours = await measureOurs(nginx, count);
    const ffmpeg = await measureFfmpeg(nginx, count);
    const row = { work: `restream, ${count} destinations`, besideName: 'ffmpeg -c:v copy child each' };
    const added = ours.with.cpuPercent - ours.without.cpuPercent;
    results.push(
      {
        ...row,
        figure: 'CPU a destination',
        ours: added / count,
        beside: ffmpeg.cpuPercent / count,
        unit: '% of a core',
        budget: '≤ 0.3 %',
      },
      {
        ...row,
        figure: 'CPU of all, with the child that makes AAC',
        ours: added + ours.aac.cpuPercent,
        beside: ffmpeg.cpuPercent,
        unit: '% of a core',
        budget: '–',
      },
      {
        ...row,
        figure: 'memory a destination',
        ours: (ours.with.private - ours.without.private) / count / 1e6,
        beside: ffmpeg.private / count / 1e6,
        unit: 'MB',
        budget: '≤ 3 MB (private pages)',
      },
    );
  }
  await nginx.stop();
  return results;
}
