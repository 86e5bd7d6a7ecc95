import { WebSocket } from 'ws';
import { startServer } from '../test/e2e/support/running-server.ts';
import { Child } from './support/child.ts';
import { MATERIAL_SECONDS, makeMaterial } from './support/material.ts';
import { percentile } from './support/percentile.ts';
import type { Result } from './support/result.ts';

const JOINS = 200;

/** Milliseconds from asking for the connection to the nth binary message. */
function join(url: string, nth: number): Promise<number> {
  const start = performance.now();
  const socket = new WebSocket(url, 'headwater.play.v1', { perMessageDeflate: false });
  let count = 0;
  return new Promise((done, fail) => {
    socket.on('error', fail);
    socket.on('message', (_, binary) => {
      if (!binary) return;
      count += 1;
      if (count !== nth) return;
      done(performance.now() - start);
      socket.terminate();
    });
  });
}

async function joins(url: string, nth: number): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < JOINS; index += 1) times.push(await join(url, nth));
  return times;
}

/** Time to the first media bytes of a late viewer, beside a WebSocket server that has one fixed answer. */
export async function benchJoin(): Promise<Result[]> {
  const server = await startServer();
  const created = await server.api('POST', '/api/channels/main/key');
  const { streamKey } = (await created.json()) as { streamKey: string };
  const base = `${server.url.replace('http', 'ws')}/live/main`;
  const publisher = new Child('publishers', [
    makeMaterial(),
    String(MATERIAL_SECONDS),
    'ws',
    `${base}/publish|${streamKey}`,
  ]);
  await publisher.message();
  await join(`${base}/ws`, 2);
  // The first binary message is the init segment, the second the keyframe.
  const ours = await joins(`${base}/ws`, 2);
  await publisher.stop();
  await server.stop();
  const floor = new Child('echo-floor', []);
  const { port } = (await floor.message()) as { port: number };
  await join(`ws://127.0.0.1:${port}/`, 1);
  const beside = await joins(`ws://127.0.0.1:${port}/`, 1);
  await floor.stop();
  return [50, 95].map((p) => ({
    work: 'join late',
    figure: `connect to first keyframe, p${p}`,
    ours: percentile(ours, p),
    besideName: 'WebSocket with a fixed answer',
    beside: percentile(beside, p),
    unit: 'ms',
    budget: '≤ 5 ms',
  }));
}
