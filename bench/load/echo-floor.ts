// The floor under joining: answers a WebSocket handshake with a fixed group of 8 kB at once. Says its port.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const group = Buffer.alloc(8192);
const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on('connection', (socket) => socket.send(group));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 });
});
