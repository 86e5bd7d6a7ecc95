// Many viewers that read everything and look at nothing: raw sockets after a WebSocket handshake, so that the load
// generator costs little. Arguments: port, path, count. Says when all are in, and on each message how many bytes came.
import { connect } from 'node:net';

const [port = '0', path = '/', count = '1'] = process.argv.slice(2);
let received = 0;
let closed = 0;

function openViewer(): Promise<void> {
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => {});
  socket.on('close', () => {
    closed += 1;
  });
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: aGVhZHdhdGVyLWJlbmNoIQ==\r\n' +
      'Sec-WebSocket-Protocol: headwater.play.v1\r\n\r\n',
  );
  return new Promise((open) => {
    socket.once('data', () => open());
    socket.on('data', (bytes) => {
      received += bytes.length;
    });
  });
}

for (let index = 0; index < Number(count); index += 50) {
  const batch = Math.min(50, Number(count) - index);
  await Promise.all(Array.from({ length: batch }, openViewer));
}
process.on('message', () => process.send?.({ received, closed }));
process.send?.({ ready: true });
