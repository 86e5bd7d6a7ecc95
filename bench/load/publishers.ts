// Publishes a file in real time, many times over: to a server's channels over WebSocket, or to ffmpeg children, one a
// publisher. Arguments: file, seconds of media in it, `ws` or `ffmpeg`, then a URL and key for each, or a count.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';

const SLICE_MS = 100;

const [file = '', seconds = '1', kind, ...targets] = process.argv.slice(2);
const bytes = readFileSync(file);
const bytesPerMs = bytes.length / (Number(seconds) * 1000);

/** Takes what a publisher sends. */
type Send = (slice: Buffer) => void;

function openSocket(target: string): Promise<Send> {
  const [url = '', key = ''] = target.split('|');
  const socket = new WebSocket(url, {
    headers: { authorization: `Bearer ${key}` },
    perMessageDeflate: false,
  });
  socket.on('error', (error) => console.error(`publisher: ${error.message}`));
  return new Promise((open) => socket.once('open', () => open((slice) => socket.send(slice))));
}

const children: ChildProcess[] = [];

function openFfmpeg(folder: string, index: number): Send {
  const output = join(folder, `${index}.mp4`);
  const args = [
    '-v',
    'error',
    '-i',
    '-',
    '-c',
    'copy',
    '-f',
    'mp4',
    '-movflags',
    'frag_keyframe+empty_moov',
    output,
  ];
  const child = spawn('ffmpeg', args, { stdio: ['pipe', 'inherit', 'inherit'] });
  children.push(child);
  return (slice) => child.stdin?.write(slice);
}

async function openAll(): Promise<Send[]> {
  if (kind === 'ws') return Promise.all(targets.map(openSocket));
  const folder = mkdtempSync(join(tmpdir(), 'headwater-bench-'));
  return Array.from({ length: Number(targets[0]) }, (_, index) => openFfmpeg(folder, index));
}

const sends = await openAll();
// Spread over the slice, as publishers that know nothing of each other are.
for (const [index, send] of sends.entries()) {
  const begin = performance.now() + (index / sends.length) * SLICE_MS;
  let sent = 0;
  setTimeout(
    () => {
      setInterval(() => {
        const due = Math.min(bytes.length, Math.floor((performance.now() - begin) * bytesPerMs));
        if (due > sent) send(bytes.subarray(sent, due));
        sent = due;
      }, SLICE_MS);
    },
    Math.max(0, begin - performance.now()),
  );
}
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
process.once('SIGTERM', () => process.exit(0));
process.send?.({ pids: children.map((child) => child.pid) });
