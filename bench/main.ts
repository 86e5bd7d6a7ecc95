// `npm run bench`: every figure beside its peer or floor, as a table and as JSON. `npm run bench -- ingest join` runs some of
// them, `--short` with the smallest counts.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { benchAside } from './aside.ts';
import { benchDelay } from './delay.ts';
import { benchFanOut } from './fan-out.ts';
import { benchHls } from './hls.ts';
import { benchIdle } from './idle.ts';
import { benchIngest } from './ingest.ts';
import { benchJoin } from './join.ts';
import { benchRestream } from './restream.ts';
import { benchRpo } from './rpo.ts';
import { benchRtmpIngest } from './rtmp-ingest.ts';
import { benchShared } from './shared.ts';
import { formatTable, type Result } from './support/result.ts';
import { benchTranscode } from './transcode.ts';
import { benchWaiting } from './waiting.ts';

const words = process.argv.slice(2);
const short = words.includes('--short');
const names = words.filter((word) => !word.startsWith('--'));

const benches: Record<string, () => Promise<Result[]>> = {
  idle: benchIdle,
  ingest: () => benchIngest(short ? [1] : [1, 10, 50]),
  'rtmp-ingest': () => benchRtmpIngest(short ? 1 : 5),
  'fan-out': () => benchFanOut(short ? [100] : [100, 400, 1000]),
  hls: () => benchHls(short ? { segments: 100, parts: 50 } : { segments: 400, parts: 200 }),
  shared: () => benchShared(short ? 10 : 50),
  waiting: () => benchWaiting(short ? 1000 : 10_000),
  join: benchJoin,
  delay: benchDelay,
  aside: benchAside,
  rpo: () => benchRpo(short ? 20 : 200),
  transcode: benchTranscode,
  restream: () => benchRestream(short ? [1] : [1, 5]),
};

const results: Result[] = [];
for (const [name, bench] of Object.entries(benches)) {
  if (names.length > 0 && !names.includes(name)) continue;
  console.error(`${name} …`);
  results.push(...(await bench()));
}

const machine = { processors: cpus().map((cpu) => cpu.model), node: process.version };
const folder = join(import.meta.dirname, 'results');
mkdirSync(folder, { recursive: true });
const table = formatTable(results);
writeFileSync(join(folder, 'latest.json'), `${JSON.stringify({ machine, results }, null, 2)}\n`);
console.log(table);
