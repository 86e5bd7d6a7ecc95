// The floor under fan-out: frames made beforehand, written to raw sockets with the sizes and at the times of a real
// viewer's messages, and nothing else. Arguments: a file with `[[ms, bytes], …]`. Says its port.
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';

const [file = ''] = process.argv.slice(2);
const messages: [number, number][] = JSON.parse(readFileSync(file, 'utf8'));
const sockets = new Set<Socket>();
const frames = new Map<number, Buffer>();

function frameOf(size: number): Buffer {
  const frame = frames.get(size) ?? Buffer.alloc(size, 1);
  frames.set(size, frame);
  return frame;
}

for (const [, size] of messages) frameOf(size);
const length = (messages.at(-1)?.[0] ?? 0) + 33;

function play(index: number, loop: number, start: number): void {
  const now = performance.now() - start;
  let next = index;
  let round = loop;
  for (;;) {
    const message = messages[next];
    if (!message || message[0] + round * length > now) break;
    const frame = frameOf(message[1]);
    for (const socket of sockets) socket.write(frame);
    next += 1;
    if (next === messages.length) {
      next = 0;
      round += 1;
    }
  }
  const due = (messages[next]?.[0] ?? 0) + round * length;
  setTimeout(() => play(next, round, start), Math.max(0, due - (performance.now() - start)));
}

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {});
  socket.on('close', () => sockets.delete(socket));
  socket.once('data', () => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
    sockets.add(socket);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 });
  play(0, 0, performance.now());
});
