import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import type { Push } from './push.ts';
import type { TestRtmpServer } from './test-rtmp-server.ts';

/** Records what a server answers until it is published to, by standing between it and a push. */
export async function recordAnswers(
  server: TestRtmpServer,
  push: (url: string) => Push,
): Promise<Uint8Array> {
  const target = new URL(server.url);
  const pieces: Buffer[] = [];
  const tap = createServer((socket) => {
    const upstream = connect(Number(target.port), target.hostname);
    upstream.on('data', (data) => pieces.push(data));
    socket.pipe(upstream).pipe(socket);
  });
  tap.listen(0, '127.0.0.1');
  await once(tap, 'listening');
  const one = push(`rtmp://127.0.0.1:${(tap.address() as AddressInfo).port}/live`);
  await server.until(() => server.connections.at(-1)?.commands.at(-1)?.name === 'publish');
  one.close();
  await one.closed;
  tap.close();
  return new Uint8Array(Buffer.concat(pieces));
}
