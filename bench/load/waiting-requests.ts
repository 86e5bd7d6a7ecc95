// Many requests for one playlist that wait, each on a socket of its own. Arguments: port, path, count. Says when all have
// asked once and are connected; then does what it is told: `ask` at once, `leave` with so many of them, `report` what came.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const [port = '0', path = '/', count = '1'] = process.argv.slice(2);

interface Answer {
  readonly status: string;
  readonly digest: string;
}

const open = new Set<Socket>();
const answers: Answer[] = [];
const times: number[] = [];

const requestFor = (method: string, query: string) =>
  `${method} ${path}${query} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n`;

async function openOne(): Promise<void> {
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => {});
  socket.on('close', () => open.delete(socket));
  // A connection that has asked nothing for ten seconds is closed.
  socket.write(requestFor('HEAD', ''));
  await once(socket, 'data');
  open.add(socket);
  let pieces: Buffer[] = [];
  let missing = Number.POSITIVE_INFINITY;
  socket.on('data', (piece: Buffer) => {
    pieces.push(piece);
    const all = Buffer.concat(pieces);
    const head = all.indexOf('\r\n\r\n');
    if (head < 0) return;
    const text = all.subarray(0, head).toString();
    missing = Number(/content-length: (\d+)/i.exec(text)?.[1]) - (all.byteLength - head - 4);
    if (missing > 0) return;
    pieces = [];
    times.push(Date.now());
    answers.push({
      status: text.slice(9, 12),
      digest: createHash('sha256').update(all.subarray(head)).digest('hex'),
    });
  });
}

for (let index = 0; index < Number(count); index += 100) {
  const batch = Math.min(100, Number(count) - index);
  await Promise.all(Array.from({ length: batch }, openOne));
}

process.on('message', (told: { ask?: string; leave?: number }) => {
  if (told.ask !== undefined) {
    for (const socket of open) socket.write(requestFor('GET', `?${told.ask}`));
  }
  if (told.leave !== undefined) for (const socket of [...open].slice(0, told.leave)) socket.destroy();
  process.send?.({
    open: open.size,
    answers: answers.length,
    statuses: [...new Set(answers.map(({ status }) => status))],
    digests: [...new Set(answers.map(({ digest }) => digest))],
    first: Math.min(...times),
    last: Math.max(...times),
  });
});
process.send?.({ ready: true });
